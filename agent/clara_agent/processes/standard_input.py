"""What a program reads: a pipe, its terminal, or nothing."""

from __future__ import annotations

import os

from ..io.pipe_writer import PipeWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from ..io.loop import Loop
    from .output_pipes import OutputPipes
    from .roles import Sink
    from .run_request import RunRequest

# What Ctrl-D types.
END_OF_FILE = b"\4"


class StandardInput:
    """Bytes on their way to a program; nothing goes there before it is opened, nor after it is closed."""

    def __init__(self, loop: Loop, request: RunRequest, sink: Sink) -> None:
        self._loop = loop
        self._request = request
        self._sink = sink
        self._writer: PipeWriter | None = None

    def open(self, outputs: OutputPipes) -> int | None:
        """The program's end, which the caller closes; None where that is the terminal of its outputs."""
        typed = outputs.open_input()
        if typed is not None:
            self._writer = PipeWriter(self._loop, self._sink, typed)
            return None
        if not self._request.has_stdin:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        reader, writer = os.pipe()
        self._writer = PipeWriter(self._loop, self._sink, writer)
        return reader

    @property
    def size(self) -> int:
        """How many bytes the program has not taken."""
        return self._writer.size if self._writer else 0

    def write(self, payload: Bytes) -> bool:
        """Passes bytes on; false where nothing is read any more."""
        if not self._writer or self._writer.is_closed:
            return False
        self._writer.put(payload)
        return True

    def discard(self) -> None:
        """Throws away what is not taken."""
        if self._writer:
            self._writer.discard()

    def end(self) -> None:
        """The program reads the end of its input after what was written; at a terminal that can be typed alone."""
        if self._writer and self._request.terminal:
            self._writer.put(END_OF_FILE)
        elif self._writer:
            self._writer.end()

    def close(self) -> None:
        """Gives it up."""
        if self._writer:
            self._writer.close()
            self._writer = None
