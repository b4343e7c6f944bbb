"""The two outputs of a program: their pipes, and when they are read."""

from __future__ import annotations

import os

from ..io.capture import HeadAndTail
from ..io.pipe_reader import PipeReader
from ..io.pipes import widen
from .shown_file import MAX_SHOWN, open_shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import ByteChannel, OutputCapture
    from ..io.loop import Loop, Timer
    from .terminal import Size

SHOWN = 0
# What a program can write before anybody reads.
PIPE_SIZE = 256 << 10
# Outputs that go out with the result are left in their pipes for so long: most programs have ended by then, and are read once.
DELAY_SECONDS = 0.02


class OutputPipes:
    """Stdout and stderr on their way to the channel; `on_done` is called when all of both is sent."""

    def __init__(self, loop: Loop, channel: ByteChannel, captures: list[OutputCapture], is_captured: bool, on_done: Callable[[], object]) -> None:
        self._loop = loop
        self._channel = channel
        self._captures = captures
        self._is_captured = is_captured
        self._on_done = on_done
        self._readers: list[PipeReader] = []
        self._delay: Timer | None = None
        self._folder: bytes | None = None

    def open(self) -> list[int]:
        """Makes the pipes; the program's ends of them, which the caller closes."""
        ours: list[int] = []
        theirs: list[int] = []
        try:
            for _ in self._captures:
                reader, writer = os.pipe()
                ours.append(reader)
                theirs.append(writer)
        except OSError:
            for fd in ours + theirs:
                os.close(fd)
            raise
        self._readers = [
            PipeReader(self._loop, self._channel, stream, fd, capture, self._finished) for stream, (fd, capture) in enumerate(zip(ours, self._captures), 1)
        ]
        if self._is_captured:
            widen(ours[0], PIPE_SIZE)
        return theirs

    def open_input(self) -> int | None:
        """Where what is typed goes; None for a program whose input is apart from its outputs."""
        return None

    def resize(self, size: Size) -> bool:
        """Changes the size of its terminal, of which pipes have none; true where its programs hear of that by themselves."""
        return True

    def show_in(self, folder: bytes) -> None:
        """The program leaves in this folder what it shows, which is sent on stream 0 at its end."""
        self._folder = folder

    def acknowledge(self) -> None:
        """What is shown is read at the end, and nobody waits for that."""

    def watch(self) -> None:
        """Reads from now on, or soon."""
        if self._is_captured and self._delay is None:
            self._delay = self._loop.later(DELAY_SECONDS, self._read)
        else:
            self._read()

    def _read(self) -> None:
        for reader in self._readers:
            reader.watch()

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        for reader in self._readers:
            reader.on_room()

    def drain(self) -> None:
        """The program has ended: sends what is left."""
        self._stop_waiting()
        shown = open_shown(self._folder) if self._folder else None
        if shown is not None:
            self._readers.append(PipeReader(self._loop, self._channel, SHOWN, shown, HeadAndTail(MAX_SHOWN, 0), self._finished, MAX_SHOWN + 1))
        for reader in self._readers:
            reader.drain()

    def _finished(self) -> None:
        if all(reader.is_done for reader in self._readers):
            self._on_done()

    def summaries(self) -> list[dict[str, int]]:
        """How much there was of each, and how much of it is not sent; of what was shown too, where something was."""
        return [reader.summary() for reader in self._readers]

    def close(self) -> None:
        """Drops both; nothing more is sent."""
        self._stop_waiting()
        for reader in self._readers:
            reader.close()

    def _stop_waiting(self) -> None:
        if self._delay:
            self._delay.cancel()
            self._delay = None
