"""Reads what code says as it says it: outputs and what is shown, in the order in which they were written."""

from __future__ import annotations

import os

from ..io.loop import READ
from ..io.waiting import waiting_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import ByteChannel
    from ..io.loop import Loop

CHUNK = 65536
OUTPUTS = (1, 2)
SHOWN = 0
# A picture of 5 MB in base64, and what is around it; what is longer is dropped.
MAX_LINE = 8 << 20
TRUNCATED = b'{"type": "truncated"}'


class ShownReading:
    """Takes descriptors of stdout, stderr and, if there is one, of what is shown, and reads them as fast as the sink has room; `on_line` is given each line that is shown."""

    def __init__(self, loop: Loop, sink: ByteChannel, descriptors: list[int], on_line: Callable[[bytes], object], on_done: Callable[[], object]) -> None:
        self._loop = loop
        self._sink = sink
        self._on_line = on_line
        self._on_done = on_done
        self._open: dict[int, int] = dict(zip(OUTPUTS + (SHOWN,), descriptors))
        self._line = bytearray()
        self._is_too_long = False
        self._is_waiting = self._is_done = False
        # What is left to be read once the code has ended, by stream.
        self._left: dict[int, int] | None = None
        for fd in descriptors:
            os.set_blocking(fd, False)
        self._wait(True)

    def _wait(self, is_waiting: bool) -> None:
        if is_waiting == self._is_waiting:
            return
        self._is_waiting = is_waiting
        for stream, fd in self._open.items():
            if is_waiting:
                self._loop.add(fd, READ, lambda events, stream=stream: self._readable(stream))
            else:
                self._loop.remove(fd)

    def _readable(self, stream: int) -> None:
        if stream in self._open and not self._read_in_order(stream):
            self._wait(False)

    def _read_in_order(self, stream: int) -> bool:
        """Reads one stream; what is shown comes after the outputs that were written before. False where the sink has no room."""
        if stream == SHOWN:
            # No more than is there now: code goes on once a line is read, and may write something before the next. Where nothing is, its end may be.
            most = waiting_in(self._open[stream]) or 1
            for output in OUTPUTS:
                if output in self._open and not self._read(output, waiting_in(self._open[output])):
                    return False
            return self._read(stream, most)
        return self._read(stream, CHUNK)

    def _read(self, stream: int, most: int) -> bool:
        """Reads so much of a stream at most, if it is there; false where the sink has no room for it."""
        while most > 0 and stream in self._open:
            room = self._sink.room()
            if room <= 0:
                return False
            try:
                data = os.read(self._open[stream], min(room, CHUNK, most))
            except BlockingIOError:
                return True
            except OSError:
                data = b""
            if not data:
                self._close(stream)
                return True
            most -= len(data)
            if self._left is not None:
                self._left[stream] -= len(data)
            if stream == SHOWN:
                self._take(data)
            else:
                self._sink.data(stream, data)
        return True

    def _take(self, data: bytes) -> None:
        pieces = data.split(b"\n")
        for piece in pieces[:-1]:
            line = bytes(self._line) + piece
            self._on_line(TRUNCATED if self._is_too_long or len(line) > MAX_LINE else line)
            self._line.clear()
            self._is_too_long = False
        self._line += pieces[-1]
        if len(self._line) > MAX_LINE:
            self._line.clear()
            self._is_too_long = True

    def on_room(self) -> None:
        """Goes on after a stall."""
        if self._left is not None:
            self.drain()
        else:
            self._wait(True)

    def drain(self) -> None:
        """The code has ended: reads what is there now, without waiting for others that hold the pipes."""
        if self._left is None:
            self._wait(False)
            self._left = {stream: waiting_in(fd) for stream, fd in self._open.items()}
        for stream in OUTPUTS + (SHOWN,):
            if not self._read(stream, self._left.get(stream, 0)):
                return
        # The sink may wait for its reader: the end comes behind what it still has to take.
        if self._sink.room() > 0 and not self._is_done:
            self._is_done = True
            self.close()
            self._on_done()

    def _close(self, stream: int) -> None:
        fd = self._open.pop(stream)
        if self._is_waiting:
            self._loop.remove(fd)
        os.close(fd)

    def close(self) -> None:
        """Lets go of everything."""
        self._wait(False)
        for stream in list(self._open):
            self._close(stream)
