"""The operation `tunnel`: a TCP connection to something that listens on the loopback of the sandbox."""

from __future__ import annotations

import os

from _socket import AF_INET, AF_INET6, IPPROTO_TCP, SHUT_WR, SO_ERROR, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY, socket

from ..wire.errors import Failure, from_os_error
from ..io.pipe_writer import PipeWriter
from ..io.loop import READ, WRITE
from ..wire.operation import Operation
from ..wire.parameters import take, take_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from ..io.loop import Timer

CHUNK = 65536
CONNECT_SECONDS = 10
EINPROGRESS = 115
ECONNREFUSED = 111
ADDRESSES = {
    "127.0.0.1": [(AF_INET, "127.0.0.1")],
    "::1": [(AF_INET6, "::1")],
    "localhost": [(AF_INET, "127.0.0.1"), (AF_INET6, "::1")],
}


def addresses_of(host: str) -> list[tuple[int, str]]:
    """(family, address) to try; other places than the loopback are none of a tunnel's."""
    if host not in ADDRESSES:
        raise Failure("invalid", "The host must be 127.0.0.1, ::1 or localhost.")
    return list(ADDRESSES[host])


def has_met_itself(sock: socket) -> bool:
    """Whether nobody listens, and the kernel has given this end the very port that it asks for: TCP then connects the socket to itself."""
    try:
        return sock.getsockname() == sock.getpeername()
    except OSError:
        return False  # The other side is gone already.


class Tunnel(Operation):
    """Bytes both ways, each direction with an end of its own."""

    _socket: socket | None = None
    _writer: PipeWriter | None = None
    _timer: Timer | None = None

    def start(self) -> None:
        """Connects without waiting."""
        self._left = addresses_of(take(self.parameters, "host", str, "127.0.0.1"))
        self._port = take_count(self.parameters, "port", most=65535)
        if self._port in self.agent.own_ports:
            raise Failure("denied", "Port %d is the agent's own." % self._port)
        self._early = []
        self._has_early_end = self._has_ended = self._is_waiting = False
        self._timer = self.agent.loop.later(CONNECT_SECONDS, self._too_late)
        self._try_next()

    def _try_next(self) -> None:
        family, address = self._left.pop(0)
        self._socket = socket(family, SOCK_STREAM)
        self._socket.setblocking(False)
        error = self._socket.connect_ex((address, self._port))
        if error not in (0, EINPROGRESS):
            return self._refused(error)
        self.agent.loop.add(self._socket.fileno(), WRITE, self._decided)
        return None

    def _decided(self, events: int) -> None:
        assert self._socket and self._timer
        self.agent.loop.remove(self._socket.fileno())
        error = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
        if not error and has_met_itself(self._socket):
            error = ECONNREFUSED
        if error:
            return self._refused(error)
        self._timer.cancel()
        try:
            self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            writer = os.dup(self._socket.fileno())
        except OSError as refusal:
            return self.fail(refusal)
        self._writer = PipeWriter(self.agent.loop, self.channel, writer, self._shut)
        self.channel.event({"connected": True})
        self._wait(True)
        early, self._early = self._early, []
        for payload in early:
            self._writer.put(payload)
        if self._has_early_end:
            self._writer.end()
        return None

    def _refused(self, error: int) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None
        if self._left:
            try:
                return self._try_next()
            except OSError:
                pass
        text = os.strerror(error)
        return self.fail(Failure("not_found", "Nothing answers on port %d of the sandbox: %s." % (self._port, text)))

    def _too_late(self) -> None:
        self.fail(Failure("not_found", "Nothing answers on port %d of the sandbox in time." % self._port))

    def _wait(self, is_waiting: bool) -> None:
        if is_waiting != self._is_waiting and self._socket:
            self._is_waiting = is_waiting
            if is_waiting:
                self.agent.loop.add(self._socket.fileno(), READ, self._readable)
            else:
                self.agent.loop.remove(self._socket.fileno())

    def _readable(self, events: int) -> None:
        assert self._socket
        room = min(self.channel.room(), CHUNK)
        if not room:
            return self._wait(False)
        try:
            data = self._socket.recv(room)
        except BlockingIOError:
            return None
        except OSError as error:
            return self.fail(from_os_error(error))
        if data:
            return self.channel.data(1, data)
        self._wait(False)
        self._has_ended = True
        self.channel.end(1)
        return self._finish()

    def on_room(self) -> None:
        """Reads on after a stall."""
        if self._writer and not self._has_ended:
            self._wait(True)

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Bytes for the program; what comes before the connection does waits, within the credit."""
        if self._writer:
            self._writer.put(payload)
        else:
            self._early.append(bytes(payload))

    def on_end(self, stream: int) -> None:
        """The server sends no more."""
        self._has_early_end = True
        if self._writer:
            self._writer.end()

    def _shut(self) -> None:
        if self._socket is None:
            return
        try:
            self._socket.shutdown(SHUT_WR)
        except OSError:
            pass  # The other side is gone.
        self._finish()

    def _finish(self) -> None:
        if self._has_ended and self._writer and self._writer.is_closed:
            self.stop()
            self.channel.result({})

    def stop(self) -> None:
        """Closes the connection."""
        if self._timer:
            self._timer.cancel()
        self._wait(False)
        sock, self._socket = self._socket, None
        if self._writer:
            self._writer.close()
        if sock:
            self.agent.loop.remove(sock.fileno())
            sock.close()
