"""A pseudo-terminal in the place of a program's pipes: one descriptor for all three streams, which has a size."""

from __future__ import annotations

import os
import struct
from fcntl import ioctl

from ..wire.errors import Failure
from ..io.capture import Everything
from ..io.pipe_reader import PipeReader
from ..wire.parameters import take_count
from .output_pipes import OutputPipes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import ByteChannel
    from ..io.loop import Loop

TIOCSWINSZ = 0x5414
MAX_SIDE = 4096


class Size:
    """Rows and columns of a terminal."""

    __slots__ = ("rows", "cols")

    def __init__(self, rows: int, cols: int) -> None:
        self.rows = rows
        self.cols = cols

    def describe(self) -> dict[str, int]:
        """For the server."""
        return {"rows": self.rows, "cols": self.cols}


class TerminalPipe(OutputPipes):
    """What a program writes to its terminal, as its stdout."""

    def __init__(self, loop: Loop, channel: ByteChannel, size: Size, on_done: Callable[[], object]) -> None:
        super().__init__(loop, channel, [], False, on_done)
        self.size = size
        self._master: int | None = None

    def open(self) -> list[int]:
        """Makes the terminal; the program's end of it, which the caller closes."""
        master, slave = os.openpty()
        self._master = master
        self._readers = [PipeReader(self._loop, self._channel, 1, master, Everything(), self._finished)]
        self.resize(self.size)
        return [slave]

    def open_input(self) -> int:
        """A descriptor that what is typed is written to."""
        assert self._master is not None
        return os.dup(self._master)

    def resize(self, size: Size) -> bool:
        """Gives it another size, nothing where it is over; true where the kernel sends SIGWINCH, as all do but gVisor's."""
        self.size = size
        if self._master is None or self._readers[0].is_closed:
            return True
        ioctl(self._master, TIOCSWINSZ, struct.pack("HHHH", size.rows, size.cols, 0, 0))
        try:
            os.tcgetpgrp(self._master)
        except OSError:
            # Who is in front, and so would get the signal, is not known at this end there.
            return False
        return True

    def summaries(self) -> list[dict[str, int]]:
        """As the one above; a terminal has one output."""
        return [*super().summaries(), {"bytes": 0, "omitted": 0}]


def take_size(parameters: dict[str, Any]) -> Size:
    """The size of a terminal out of parameters; Failure `invalid` where it is none."""
    rows, cols = take_count(parameters, "rows", most=MAX_SIDE), take_count(parameters, "cols", most=MAX_SIDE)
    if not rows or not cols:
        raise Failure("invalid", "A terminal has at least one row and one column.")
    return Size(rows, cols)
