"""One connection of a program to the proxy: its request, the channel to the server, then bytes both ways."""

from __future__ import annotations

from ..wire import codec
from ..wire.errors import Failure
from .http_head import BadRequest, Http, Request, ResponseHead
from .program_socket import ProgramSocket
from .socks import SOCKS4, SOCKS5, Socks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from ..wire.channel import Channel
    from ..wire.contracts import Host

CHUNK = 65536
HEAD_SECONDS = 30
# The server gives up before.
DIAL_SECONDS = 60
# How long a program may take to read what is left for it, once the server is done.
LINGER_SECONDS = 30
STATUS = {"denied": 403, "invalid": 400, "limit": 503, "timeout": 504, "unreachable": 502, "not_found": 502}


class ProxyClient:
    """Is the operation of its own channel; `on_over(self)` is called once, when the program's socket is closed."""

    def __init__(self, agent: Host, sock: socket, on_over: Callable[[ProxyClient], object]) -> None:
        self._agent = agent
        self._on_over = on_over
        self._head = bytearray()
        self._protocol: Http | Socks | None = None
        self._request: Request | None = None
        self._channel: Channel | None = None
        self._response: ResponseHead | None = None
        self._is_connected = self._has_answered = self._has_ended = self._is_ending = False
        self._owed = 0
        self._socket = ProgramSocket(agent.loop, sock, HEAD_SECONDS, self._read, self._written, self._close)

    def _read(self) -> None:
        room = min(CHUNK, self._channel.room()) if self._is_connected and self._channel else CHUNK
        if not room:
            return self._socket.want(read=False)
        data = self._socket.receive(room)
        if data is None:
            return None
        if not data:
            return self._ended()
        if self._is_connected:
            return self._send(data)
        if self._request or self._is_ending:
            return None
        self._head += data
        return self._look()

    def _ended(self) -> None:
        if not self._is_connected:
            return self._close()
        self._has_ended = True
        self._socket.want(read=False)
        assert self._channel
        self._channel.end(0)
        return self._close() if self._is_ending and self._socket.is_written else None

    def _look(self) -> None:
        if not self._protocol:
            # No method of HTTP begins with the number of a version.
            self._protocol = Socks() if self._head[0] in (SOCKS4, SOCKS5) else Http()
        try:
            reply, self._request = self._protocol.take(self._head)
            while reply:
                self._socket.put(reply)
                reply, self._request = self._protocol.take(self._head)
            self._socket.write()
            if self._request and self._socket.is_open:
                self._socket.want(read=False)
                self._socket.limit(DIAL_SECONDS)
                self._channel = self._agent.dial({"op": "dial", "host": self._request.host, "port": self._request.port}, self)
        except BadRequest as bad:
            self._refuse(bad.status, bad.message)
        except Failure as failure:
            self._refuse(503, failure.message)

    def on_reply(self, kind: int, value: dict[str, Any]) -> None:
        """The server has connected, has refused, or is done."""
        if not self._socket.is_open:
            return
        if kind == codec.EVENT:
            if not self._is_connected and value.get("connected") is True:
                self._connected()
        elif kind == codec.ERROR and not self._has_answered:
            self._is_connected = False
            code, message = value.get("code"), value.get("message")
            self._refuse(STATUS.get(code, 502) if isinstance(code, str) else 502, message if isinstance(message, str) else "")
        elif kind == codec.ERROR:
            self._close()
        else:
            self._socket.limit(LINGER_SECONDS)
            self._finish()

    def _connected(self) -> None:
        assert self._protocol and self._request and self._channel
        self._socket.unlimit()
        self._is_connected = True
        early, self._head = bytes(self._head), bytearray()
        if self._request.is_tunnel:
            self._put(self._protocol.established)
        else:
            self._response = ResponseHead()
            # A head is at most 64 KiB, well within the credit of a channel that is new.
            self._channel.data(0, self._request.head[:CHUNK])
            if self._request.head[CHUNK:]:
                self._channel.data(0, self._request.head[CHUNK:])
        for at in range(0, len(early), CHUNK):
            self._send(early[at : at + CHUNK])
        self._socket.want(read=True)

    def _send(self, data: bytes) -> None:
        assert self._request and self._channel
        left = self._request.body_left
        if left is not None:
            # What follows the body is a request that asks again once this connection is closed.
            data = data[:left]
            self._request.body_left = left - len(data)
        if data:
            self._channel.data(0, data)

    def on_room(self) -> None:
        """The program is read again."""
        if self._is_connected and not self._has_ended:
            self._socket.want(read=True)

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Bytes for the program; the server gets its credit back when they are written."""
        assert self._channel
        if not self._socket.is_open or self._is_ending:
            return self._channel.consumed(len(payload))
        self._owed += len(payload)
        return self._put(self._response.feed(bytes(payload)) if self._response else bytes(payload))

    def on_end(self, stream: int) -> None:
        """The other side sends no more."""
        self._finish()

    def _finish(self) -> None:
        if not self._socket.is_open or self._is_ending:
            return
        if self._response:
            self._put(self._response.rest())
        self._is_ending = True
        self._socket.write()

    def _refuse(self, status: int, message: str) -> None:
        self._socket.limit(LINGER_SECONDS)
        assert self._protocol
        self._put(self._protocol.refused(status, message or "The connection failed."))
        self._is_ending = True
        # The rest of the request is read and thrown away: a reset would take the answer with it.
        self._socket.want(read=True)
        self._socket.write()

    def _put(self, data: bytes) -> None:
        if data:
            self._has_answered = True
            self._socket.put(data)
        self._socket.write()

    def _written(self) -> None:
        owed, self._owed = self._owed, 0
        if owed and self._channel:
            self._channel.consumed(owed)
        if self._is_ending:
            self._shut()

    def _shut(self) -> None:
        if not self._socket.shut() or self._has_ended:
            return self._close()
        if not self._is_connected or not self._request or not self._request.is_tunnel:
            self._socket.limit(LINGER_SECONDS)
        return None

    def _close(self) -> None:
        if not self._socket.is_open:
            return
        self._socket.close()
        if self._channel and not self._channel.is_over:
            owed, self._owed = self._owed, 0
            self._channel.consumed(owed)
            if not (self._has_ended and self._is_ending):
                self._channel.cancel()
        self._on_over(self)

    def on_gone(self) -> None:
        """The stream to the server is over."""
        self._close()

    def on_cancel(self) -> None:
        """Nobody cancels a channel of the agent's but the agent."""

    def fail(self, error: BaseException) -> None:
        """A frame for this channel could not be dealt with."""
        self._close()
