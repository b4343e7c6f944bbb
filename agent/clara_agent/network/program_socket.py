"""The socket of a program that has connected to the proxy: read when its owner wants, written as it takes bytes, closed in time."""

from __future__ import annotations

from _socket import IPPROTO_TCP, SHUT_WR, TCP_NODELAY

from ..io.loop import GONE, READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

    from ..io.loop import Loop


class ProgramSocket:
    """Calls back when there is something to read, when all is written, and when it is lost or its `seconds` are over.

    Its owner closes it in the last case too.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket,
        seconds: float,
        on_readable: Callable[[], object],
        on_written: Callable[[], object],
        on_lost: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._sock: socket | None = sock
        self._on_readable = on_readable
        self._on_written = on_written
        self._on_lost = on_lost
        self._out: list[bytes] = []
        self._events = READ
        sock.setblocking(False)
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._timer = loop.later(seconds, on_lost)
        loop.add(sock.fileno(), READ, self._ready)

    @property
    def is_open(self) -> bool:
        return self._sock is not None

    @property
    def is_written(self) -> bool:
        """True where nothing waits to be written."""
        return not self._out

    def _ready(self, events: int) -> None:
        if events & WRITE:
            self.write()
        if self._sock and events & READ:
            self._on_readable()
        elif self._sock and events & GONE:
            self._on_lost()

    def want(self, read: bool | None = None, write: bool | None = None) -> None:
        """Says what is waited for from now on."""
        events = self._events
        if read is not None:
            events = events | READ if read else events & ~READ
        if write is not None:
            events = events | WRITE if write else events & ~WRITE
        if self._sock and events != self._events:
            self._events = events
            self._loop.modify(self._sock.fileno(), events)

    def receive(self, size: int) -> bytes | None:
        """What came, at most `size` bytes; none at the end, None where nothing came or the socket is lost."""
        assert self._sock
        try:
            return self._sock.recv(size)
        except BlockingIOError:
            return None
        except OSError:
            self._on_lost()
            return None

    def put(self, data: bytes) -> None:
        """Takes bytes that `write` writes."""
        self._out.append(data)

    def write(self) -> None:
        """Writes what the program takes, the rest when it takes more."""
        if not self._sock:
            return
        while self._out:
            part = self._out[0]
            try:
                size = self._sock.send(part)
            except BlockingIOError:
                return self.want(write=True)
            except OSError:
                self._on_lost()
                return
            if size < len(part):
                self._out[0] = part[size:]
            else:
                del self._out[0]
        self.want(write=False)
        self._on_written()

    def shut(self) -> bool:
        """Says that no more comes; False where the program is gone."""
        assert self._sock
        try:
            self._sock.shutdown(SHUT_WR)
        except OSError:
            return False
        return True

    def limit(self, seconds: float) -> None:
        """Loses it after that time, in place of the limit before."""
        self._timer.cancel()
        self._timer = self._loop.later(seconds, self._on_lost)

    def unlimit(self) -> None:
        self._timer.cancel()

    def close(self) -> None:
        if not self._sock:
            return
        self._timer.cancel()
        sock, self._sock = self._sock, None
        self._loop.remove(sock.fileno())
        sock.close()
        self._out = []
