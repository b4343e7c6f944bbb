"""The outputs of a kept Python program, with what it shows in its place among them."""

from __future__ import annotations

import os

from ..io.scratch import remove_file
from .output_pipes import OutputPipes
from .shown_reading import OUTPUTS, ShownReading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import ByteChannel, Bytes
    from ..io.loop import Loop


class ShownOutputs(OutputPipes):
    """Stdout and stderr go to the sink; `on_line` is given each line that is shown, and calls `acknowledge`."""

    def __init__(self, loop: Loop, sink: ByteChannel, on_line: Callable[[bytes], object], on_done: Callable[[], object]) -> None:
        super().__init__(loop, sink, [], False, on_done)
        self._on_line = on_line
        self._counts: dict[int, int] = dict.fromkeys(OUTPUTS, 0)
        self._ours: list[int] = []
        self._told: int | None = None
        self._reading: ShownReading | None = None

    def open(self) -> list[int]:
        """Makes the pipes; the program's ends of them, which the caller closes."""
        theirs: list[int] = []
        self._close_ours()
        try:
            for _ in OUTPUTS:
                reader, writer = os.pipe()
                self._ours.append(reader)
                theirs.append(writer)
        except OSError:
            for fd in theirs:
                os.close(fd)
            self._close_ours()
            raise
        return theirs

    def show_in(self, folder: bytes) -> None:
        """Has the program show what it shows through pipes with names, which it opens when it needs them."""
        paths = [folder + b"/shown", folder + b"/told"]
        ends: list[int] = []
        try:
            for path in paths:
                # A start that failed may have left one.
                remove_file(path)
                os.mkfifo(path, 0o600)
                # Nobody's end is the end of it, as the program is not there yet; and what it is told must not wait for it.
                ends.append(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            # It shows nothing, and must not wait for anybody.
            for fd in ends:
                os.close(fd)
            for path in paths:
                remove_file(path)
        else:
            self._ours.append(ends[0])
            self._told = ends[1]

    def acknowledge(self) -> None:
        """A line is read, and the outputs before it."""
        if self._told is not None:
            try:
                os.write(self._told, b"\0")
            except OSError:
                pass  # Whoever shows does not wait for that.

    def room(self) -> int:
        """How much the sink takes."""
        return self._channel.room()

    def data(self, stream: int, payload: Bytes) -> None:
        """Counts an output, and passes it on."""
        self._counts[stream] += len(payload)
        self._channel.data(stream, payload)

    def consumed(self, size: int) -> None:
        """There is no input."""

    def watch(self) -> None:
        """Reads from now on."""
        ours, self._ours = self._ours, []
        self._reading = ShownReading(self._loop, self, ours, self._on_line, self._finish)

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        if self._reading:
            self._reading.on_room()

    def drain(self) -> None:
        """The program has ended: reads what is left."""
        if self._reading:
            self._reading.drain()
        else:
            self._finish()

    def _finish(self) -> None:
        self.close()
        self._on_done()

    def summaries(self) -> list[dict[str, int]]:
        """How much there was of each; all of it is sent."""
        return [{"bytes": self._counts[stream], "omitted": 0} for stream in OUTPUTS]

    def close(self) -> None:
        """Drops all; nothing more is sent."""
        self._close_ours()
        reading, self._reading = self._reading, None
        if reading:
            reading.close()

    def _close_ours(self) -> None:
        ours, self._ours = self._ours, []
        told, self._told = self._told, None
        for fd in ours + ([] if told is None else [told]):
            os.close(fd)
