"""Takes streams from later bootstraps over an abstract Unix socket."""

from __future__ import annotations

import os
import sys
from select import POLLIN, poll

from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_CREDENTIALS, SCM_RIGHTS, SO_PASSCRED, SOL_SOCKET, socket

from ..io.loop import GONE, READ
from .wire_json import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.loop import Loop, Timer

# Of a message with a secret, in bytes.
MAX_MESSAGE = 1024
BACKLOG = 64
# Who has called and said nothing yet: of more, who has waited longest is sent away. Any code of the sandbox can call.
MAX_WAITING = 64
RETRY_SECONDS = 0.5


class Handover:
    """Listens; `on_stream(read_fd, write_fd, keeper)` gets each stream that is open and whose secret is right."""

    def __init__(self, loop: Loop, listener: socket, secret: str, on_stream: Callable[[int, int, Keeper], object]) -> None:
        self._loop = loop
        self._listener = listener
        self._secret = secret.encode("utf-8", "surrogatepass")
        self._on_stream = on_stream
        self._waiting: dict[socket, Timer] = {}
        listener.setblocking(False)
        # Each message says who sent it: gVisor's SO_PEERCRED names the process that asks.
        listener.setsockopt(SOL_SOCKET, SO_PASSCRED, 1)
        # After the fork: SO_PEERCRED names the process that calls listen().
        listener.listen(BACKLOG)
        loop.add(listener.fileno(), READ, self._accept)

    def _accept(self, events: int) -> None:
        try:
            fd, _ = self._listener._accept()  # pyright: ignore[reportAttributeAccessIssue]
        except BlockingIOError:
            return
        except OSError:
            # No descriptors or no memory: the queue would wake the loop again at once.
            self._loop.modify(self._listener.fileno(), 0)
            self._loop.later(RETRY_SECONDS, lambda: self._loop.modify(self._listener.fileno(), READ))
            return
        peer = socket(fileno=fd)
        peer.setblocking(False)
        self._waiting[peer] = self._loop.later(5, lambda: self._drop(peer))
        self._loop.add(fd, READ, lambda _: self._receive(peer))
        if len(self._waiting) > MAX_WAITING:
            self._drop(next(iter(self._waiting)))

    def _take_out(self, peer: socket) -> None:
        self._waiting.pop(peer).cancel()
        self._loop.remove(peer.fileno())

    def _drop(self, peer: socket) -> None:
        self._take_out(peer)
        peer.close()

    def _receive(self, peer: socket) -> None:
        descriptors: list[int] = []
        sender = 0
        waiting: socket | None = peer
        try:
            message, ancillary, _, _ = peer.recvmsg(MAX_MESSAGE, CMSG_SPACE(8) + CMSG_SPACE(12), MSG_CMSG_CLOEXEC)
            for level, kind, data in ancillary:
                numbers = [int.from_bytes(data[at : at + 4], sys.byteorder) for at in range(0, len(data) - 3, 4)]
                if level == SOL_SOCKET and kind == SCM_RIGHTS:
                    descriptors += numbers
                elif level == SOL_SOCKET and kind == SCM_CREDENTIALS:
                    sender = numbers[0]
            if len(descriptors) == 2 and sender and self._is_right(message) and not has_ended(descriptors[0]):
                self._take_out(peer)
                waiting = None
                peer.send(b"taken")
                keeper = Keeper(sender, peer)
                taken, descriptors = descriptors, []
                self._on_stream(taken[0], taken[1], keeper)
        except OSError:
            pass  # The bootstrap is gone; there is no stream to take.
        finally:
            for fd in descriptors:
                os.close(fd)
            if waiting:
                self._drop(waiting)

    def _is_right(self, message: bytes) -> bool:
        try:
            header = loads(message)
            secret = header["secret"].encode("utf-8", "surrogatepass")
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        return is_same(secret, self._secret)


def has_ended(fd: int) -> bool:
    """Whether the server has given a stream up, as it does where a bootstrap takes long; it has another by now."""
    waiting = poll()
    waiting.register(fd, POLLIN)
    return any(events & GONE for _, events in waiting.poll(0))


def is_same(one: bytes, other: Any) -> bool:
    """Compares secrets in a time that does not tell where they differ."""
    try:
        from _operator import _compare_digest
    except ImportError:
        from hmac import compare_digest as _compare_digest
    return _compare_digest(one, other)


class Keeper:
    """What a bootstrap has become: it keeps the exec of its stream alive until this end of the line closes, or with this process."""

    def __init__(self, pid: int, line: socket) -> None:
        self._pid = pid
        self._line = line
        try:
            self._handle = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self._handle = None

    def end(self) -> None:
        """Kills it, which ends the exec."""
        try:
            if self._handle is None:
                os.kill(self._pid, 9)
            else:
                import _signal

                _signal.pidfd_send_signal(self._handle, 9)
        except OSError:
            pass  # It is gone already.
        if self._handle is not None:
            os.close(self._handle)
        self._line.close()
        self._handle, self._pid = None, -1
