"""Heads of HTTP/1 messages as a proxy sees them: pure, and strict about what could mean two things."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

    # Name in small letters, value, the line as it came.
    Field = Tuple[bytes, bytes, bytes]
MAX_HEAD = 65536
HEAD_END = b"\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

# They belong to one connection, not to the message (RFC 9110, 7.6.1); Host is written anew.
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade", b"host"}


class BadRequest(Exception):
    """A request that cannot be carried: the status and the sentence to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Request:
    """Where a request leads, the head to send there, and how many bytes of body follow (None: whatever comes)."""

    __slots__ = ("is_tunnel", "host", "port", "head", "body_left")

    def __init__(self, is_tunnel: bool, host: str, port: int, head: bytes = b"", body_left: int | None = None) -> None:
        self.is_tunnel = is_tunnel
        self.host = host
        self.port = port
        self.head = head
        self.body_left = body_left


class Http:
    """What begins as an HTTP request does, up to the end of its head."""

    established = ESTABLISHED

    def take(self, head: bytearray) -> tuple[bytes, Request | None]:
        """Takes the head out of `head` once it is whole: nothing to answer, and the request. Raises BadRequest."""
        end = head.find(HEAD_END)
        if max(end, len(head) if end < 0 else 0) > MAX_HEAD:
            raise BadRequest(431, "The head of the request is too long.")
        if end < 0:
            return b"", None
        end += len(HEAD_END)
        request = parse_request(bytes(head[:end]))
        del head[:end]
        return b"", request

    def refused(self, status: int, message: str) -> bytes:
        """The answer in place of a connection."""
        return refusal(status, message)


def parse_request(head: bytes) -> Request:
    """Reads a head up to its empty line; raises BadRequest."""
    lines = head[: -len(HEAD_END)].split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3 or parts[2] not in (b"HTTP/1.0", b"HTTP/1.1") or not parts[0].isalpha():
        raise BadRequest(400, "This is the sandbox's HTTP proxy; the request line is not HTTP/1.")
    method, target, version = parts
    if method == b"CONNECT":
        host, port = split_authority(target, None)
        return Request(True, host, port)
    scheme, separator, rest = target.partition(b"://")
    if not separator:
        raise BadRequest(400, "This is the sandbox's HTTP proxy: it takes CONNECT and requests with a whole URL.")
    if scheme.lower() != b"http":
        raise BadRequest(501, "The sandbox's proxy carries http; for https it takes CONNECT.")
    cut = min(at for at in (rest.find(b"/"), rest.find(b"?"), len(rest)) if at >= 0)
    authority, path = rest[:cut].rpartition(b"@")[2], rest[cut:]
    host, port = split_authority(authority, 80)
    if not path.startswith(b"/"):
        path = b"/" + path
    fields = _fields(lines[1:])
    kept, body_left = _rewrite(fields)
    start = b"%s %s %s\r\nHost: %s" % (method, path, version, authority)
    return Request(False, host, port, b"\r\n".join([start] + kept + [b"Connection: close"]) + HEAD_END, body_left)


def split_authority(text: bytes, default_port: int | None) -> tuple[str, int]:
    """(host, port) of `name`, `name:1`, `1.2.3.4:1` or `[::1]:1`; what the host may be, the server decides."""
    if text.startswith(b"["):
        host, bracket, rest = text[1:].partition(b"]")
        if not bracket or (rest and not rest.startswith(b":")):
            raise BadRequest(400, "The address in brackets is malformed.")
        digits = rest[1:] if rest else None
    else:
        host, colon, digits = text.partition(b":")
        if not colon:
            digits = None
    port = default_port if not digits else int(digits) if digits.isdigit() and len(digits) <= 5 else 0
    if not host or len(host) > 512 or not host.isascii() or not port or port > 65535:
        raise BadRequest(400, "The request names no host and port.")
    return host.decode("ascii"), port


def _fields(lines: list[bytes]) -> list[Field]:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\0" in line:
            raise BadRequest(400, "A header of the request is malformed.")
        fields.append((name.lower(), value.strip(), line))
    return fields


def _rewrite(fields: list[Field]) -> tuple[list[bytes], int | None]:
    dropped = set(HOP_BY_HOP)
    lengths = set()
    is_chunked = False
    for name, value, _ in fields:
        if name == b"connection":
            dropped.update(token.strip().lower() for token in value.split(b","))
        elif name == b"content-length":
            lengths.add(value)
        elif name == b"transfer-encoding":
            is_chunked = True
    dropped -= {b"content-length", b"transfer-encoding", b"close"}
    if len(lengths) > 1 or any(not value.isdigit() or len(value) > 18 for value in lengths) or (lengths and is_chunked):
        raise BadRequest(400, "The length of the request's body is not clear.")
    body_left = None if is_chunked else int(lengths.pop()) if lengths else 0
    return [line for name, _, line in fields if name not in dropped], body_left


class ResponseHead:
    """Tells the program that its connection ends with this response, as the origin's own is not kept either."""

    def __init__(self) -> None:
        self._buffer = b""
        self._is_done = False

    def feed(self, data: bytes) -> bytes:
        """What may go to the program now."""
        if self._is_done:
            return data
        self._buffer += data
        ready = b""
        while not self._is_done:
            end = self._buffer.find(HEAD_END)
            if end < 0:
                if len(self._buffer) > MAX_HEAD or not _may_be_http(self._buffer):
                    self._is_done = True
                break
            head, self._buffer = self._buffer[: end + len(HEAD_END)], self._buffer[end + len(HEAD_END) :]
            is_interim = head[9:10] == b"1" and head[9:12] != b"101"
            ready += head if is_interim else _close_after(head)
            self._is_done = not is_interim
        return ready + self.rest() if self._is_done else ready

    def rest(self) -> bytes:
        """What is left where the response ended within its head."""
        rest, self._buffer = self._buffer, b""
        return rest


def _may_be_http(data: bytes) -> bool:
    return data.startswith(b"HTTP/"[: len(data)])


def _close_after(head: bytes) -> bytes:
    lines = head[: -len(HEAD_END)].split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in (b"connection", b"keep-alive", b"proxy-connection")]
    return b"\r\n".join(kept + [b"Connection: close"]) + HEAD_END


def refusal(status: int, message: str) -> bytes:
    """A whole response that says why there is no connection; programs that hide the body show the reason."""
    text = "".join(char if " " <= char <= "~" else "?" for char in message)[:400]
    body = text.encode("ascii") + b"\n"
    head = "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, text, len(body))
    return head.encode("ascii") + body
