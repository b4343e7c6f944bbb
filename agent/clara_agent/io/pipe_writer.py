"""The input of a program or socket: bytes from the channel, written as fast as they are taken."""

from __future__ import annotations

import os

from .loop import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .contracts import ByteChannel, Bytes
    from .loop import Loop


class PipeWriter:
    """Queues at most a window of bytes, since credit is given back only for what is written; what nobody reads is thrown away."""

    def __init__(self, loop: Loop, channel: ByteChannel, fd: int, on_closed: Callable[[], object] | None = None) -> None:
        self._loop = loop
        self._channel = channel
        self._fd: int | None = fd
        self._on_closed = on_closed
        self._queue: list[bytes] = []
        self._is_waiting = False
        self._is_ending = False
        os.set_blocking(fd, False)

    def put(self, payload: Bytes) -> None:
        """Writes, or queues what does not fit."""
        if self._fd is None:
            return self._channel.consumed(len(payload))
        self._queue.append(bytes(payload))
        if not self._is_waiting:
            self._write(0)
        return None

    @property
    def size(self) -> int:
        """How many bytes are queued."""
        return sum(map(len, self._queue))

    def discard(self) -> None:
        """Throws away what is queued; more may come."""
        self._queue = []
        if self._fd is not None:
            self._wait(False)

    def end(self) -> None:
        """No more comes: the reader sees the end of file after what is queued."""
        self._is_ending = True
        if not self._queue:
            self.close()

    def _write(self, events: int) -> None:
        while self._queue:
            part = self._queue[0]
            assert self._fd is not None
            try:
                size = os.write(self._fd, part)
            except BlockingIOError:
                return self._wait(True)
            except OSError:
                return self.close()
            self._channel.consumed(size)
            if size < len(part):
                self._queue[0] = part[size:]
            else:
                del self._queue[0]
        self._wait(False)
        if self._is_ending:
            self.close()
        return None

    def _wait(self, is_waiting: bool) -> None:
        if is_waiting != self._is_waiting:
            self._is_waiting = is_waiting
            assert self._fd is not None
            if is_waiting:
                self._loop.add(self._fd, WRITE, self._write)
            else:
                self._loop.remove(self._fd)

    def close(self) -> None:
        """Closes the descriptor and throws away what is queued."""
        if self._fd is None:
            return
        self._wait(False)
        os.close(self._fd)
        self._fd = None
        queue, self._queue = self._queue, []
        for part in queue:
            self._channel.consumed(len(part))
        if self._on_closed:
            self._on_closed()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._fd is None
