"""One output of a program: from its pipe through the capture to the channel."""

from __future__ import annotations

import os

from .loop import READ
from .waiting import waiting_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .contracts import ByteChannel, Bytes, OutputCapture
    from .loop import Loop

CHUNK = 65536


class PipeReader:
    """Reads a pipe as fast as the channel's credit allows; `on_done` is called when the pipe is closed and all is sent."""

    def __init__(self, loop: Loop, channel: ByteChannel, stream: int, fd: int, capture: OutputCapture, on_done: Callable[[], object], most: int | None = None) -> None:
        # What is read of it at its end; None for all that is there then.
        self._most = most
        self._loop = loop
        self._channel = channel
        self._stream = stream
        self._fd: int | None = fd
        self._capture = capture
        self._on_done = on_done
        self._is_waiting = False
        self._rest: bytes | None = None
        self._left: int | None = None
        self.is_done = False
        os.set_blocking(fd, False)

    def watch(self) -> None:
        """Reads from now on whatever comes."""
        if not self.is_done and self._fd is not None and self._left is None:
            self._wait(True)

    def _wait(self, is_waiting: bool) -> None:
        if is_waiting != self._is_waiting:
            self._is_waiting = is_waiting
            assert self._fd is not None
            if is_waiting:
                self._loop.add(self._fd, READ, self._readable)
            else:
                self._loop.remove(self._fd)

    def _readable(self, events: int) -> None:
        if not self._read():
            self._wait(False)

    def _read(self) -> bool:
        """One read; false where there is no room, or nothing more to come."""
        room = self._capture.room(self._channel.room())
        if not room:
            return False
        assert self._fd is not None
        try:
            data = os.read(self._fd, min(room, CHUNK))
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        if not data:
            self._close()
            return False
        self._send(self._capture.take(data))
        return True

    def _send(self, data: Bytes) -> None:
        if data:
            self._channel.data(self._stream, data)

    def _close(self) -> None:
        if self._fd is not None:
            self._wait(False)
            os.close(self._fd)
            self._fd = None

    def on_room(self) -> None:
        """Goes on after a stall."""
        if self.is_done:
            return
        if self._left is not None:
            self.drain()
        elif self._fd is not None:
            self._wait(True)

    def drain(self) -> None:
        """Called when the program has ended: sends what is in the pipe, without waiting for others that hold it, then the tail."""
        if self.is_done:
            return
        if self._left is None:
            self._wait(False)
            self._left = waiting_in(self._fd) if self._fd is not None else 0
            if self._most is not None:
                self._left = min(self._left, self._most)
        while self._left and self._fd is not None:
            room = self._capture.room(self._channel.room())
            if not room:
                return
            try:
                data = os.read(self._fd, min(room, CHUNK, self._left))
            except OSError:
                # A terminal says that it is empty, or that nobody has it any more.
                data = b""
            self._left = self._left - len(data) if data else 0
            self._send(self._capture.take(data))
        self._close()
        if self._rest is None:
            self._rest = self._capture.rest()
        while self._rest:
            room = min(self._channel.room(), CHUNK)
            if not room:
                return
            self._send(self._rest[:room])
            self._rest = self._rest[room:]
        if not self.is_done:
            self.is_done = True
            self._on_done()

    @property
    def is_closed(self) -> bool:
        """Whether its descriptor is no more its own: the number may be another's by now."""
        return self._fd is None

    def summary(self) -> dict[str, int]:
        """How much there was, and how much of it is not sent."""
        return {"bytes": self._capture.bytes, "omitted": self._capture.omitted}

    def close(self) -> None:
        """Drops the pipe; nothing more is sent."""
        self._close()
        self.is_done = True
