"""SOCKS version 5 as the sandbox's proxy speaks it (RFC 1928, with the passwords of RFC 1929): pure, and names are the server's to look up."""

from __future__ import annotations

from _socket import AF_INET6, inet_ntop

from .http_head import BadRequest, Request

SOCKS4 = 4
SOCKS5 = 5
NO_PASSWORD = 0
PASSWORD = 2
CONNECT = 1
IPV4 = 1
NAME = 3
IPV6 = 4
REFUSED = {403: 2, 405: 7, 406: 8, 502: 4, 504: 6}
FAILED = 1
NOWHERE = b"\0\1\0\0\0\0\0\0"


class Socks:
    """One conversation, up to its request: CONNECT with a name or an address. Any password is good, as the policy asks for none."""

    established = b"\5\0" + NOWHERE

    def __init__(self) -> None:
        self._stage = "greeting"
        self._is_old = False

    def take(self, head: bytearray) -> tuple[bytes, Request | None]:
        """Takes one message out of `head` once it is whole: what to answer, or the request. Raises BadRequest."""
        if not head:
            return b"", None
        if self._stage == "request":
            return b"", self._request(head)
        return self._greeting(head) if self._stage == "greeting" else self._password(head), None

    def _greeting(self, head: bytearray) -> bytes:
        if head[0] == SOCKS4:
            self._is_old = True
            raise BadRequest(400, "The sandbox's proxy speaks SOCKS version 5, not 4.")
        if len(head) < 2 or len(head) < 2 + head[1]:
            return b""
        methods = bytes(head[2 : 2 + head[1]])
        if NO_PASSWORD not in methods and PASSWORD not in methods:
            raise BadRequest(400, "The sandbox's proxy wants no password, or a plain one.")
        del head[: 2 + head[1]]
        method = NO_PASSWORD if NO_PASSWORD in methods else PASSWORD
        self._stage = "password" if method else "request"
        return bytes((SOCKS5, method))

    def _password(self, head: bytearray) -> bytes:
        if head[0] != 1:
            raise BadRequest(400, "The password is malformed.")
        length = 2 + head[1] if len(head) > 1 else 0
        if not length or len(head) <= length or len(head) < length + 1 + head[length]:
            return b""
        del head[: length + 1 + head[length]]
        self._stage = "request"
        return b"\1\0"

    def _request(self, head: bytearray) -> Request | None:
        if head[0] != SOCKS5:
            raise BadRequest(400, "The request is malformed.")
        if len(head) < 5:
            return None
        if head[1] != CONNECT:
            raise BadRequest(405, "The sandbox's proxy makes connections; it neither listens nor carries UDP.")
        kind = head[3]
        lengths = {IPV4: 4, NAME: 1 + head[4], IPV6: 16}
        if kind not in lengths:
            raise BadRequest(406, "The request has an unknown kind of address.")
        end = 4 + lengths[kind]
        if len(head) < end + 2:
            return None
        host, port = _host(kind, bytes(head[4:end])), int.from_bytes(head[end : end + 2], "big")
        if not host or not port:
            raise BadRequest(400, "The request names no host and port.")
        del head[: end + 2]
        return Request(True, host, port)

    def refused(self, status: int, message: str) -> bytes:
        """What ends the conversation; SOCKS has a number where HTTP has a sentence."""
        if self._is_old:
            return b"\0\x5b\0\0\0\0\0\0"
        if self._stage == "greeting":
            return b"\5\xff"
        if self._stage == "password":
            return b"\1\1"
        return bytes((SOCKS5, REFUSED.get(status, FAILED))) + NOWHERE


def _host(kind: int, data: bytes) -> str:
    if kind == IPV4:
        return ".".join(str(byte) for byte in data)
    if kind == IPV6:
        return inet_ntop(AF_INET6, data)
    name = data[1:]
    return name.decode("ascii") if name.isascii() else ""
