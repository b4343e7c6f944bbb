"""A streamed cell: a process of the table whose program is code in a context."""

from __future__ import annotations

from ..io.descriptors import copies_of
from ..processes.kept import Kept
from ..processes.shown_reading import ShownReading
from ..wire.wire_json import loads
from .turn_deadline import TurnDeadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..wire.errors import Failure
    from ..io.contracts import Bytes
    from .cell import Cell
    from .context import Context

# What somebody may type before it is asked for, and the longest line.
MAX_TYPED = 65536
ASKING = b'{"type": "input_request"'
SIGINT_EXIT = 130


class KeptCell(Kept):
    """Keeps what a cell says; signals and its deletion interrupt the cell. A cell whose server is lost runs to its timeout."""

    process: Any

    def run(self, context: Context, cell: Cell, has_input: bool) -> None:
        """Runs the code of a call when the cells before it are over; with `has_input` somebody answers what it asks for."""
        self.process = StreamedCell(self, context, cell, has_input)
        context.submit(self.process)

    def describe(self) -> dict[str, Any]:
        """What is known of it, its number among the cells of its context too."""
        return dict(super().describe(), cellNumber=self.process.number)

    def show(self, line: bytes) -> None:
        """The cell shows something, or asks for a line."""
        super().show(line)
        if line.startswith(ASKING):
            self.process.ask(line)

    def signal(self, number: int, is_for_tree: bool) -> bool:
        """Interrupts the cell, whatever the signal is; false where it has ended."""
        if self.is_over:
            return False
        self.process.interrupt()
        return True

    def _give_up(self) -> None:
        self._grace = None
        self._is_held = False
        if not self.is_over:
            self.process.on_room()


class StreamedCell:
    """A cell as its context sees it, and a process as the table does."""

    has_exited = False
    waits = True

    def __init__(self, kept: KeptCell, context: Context, cell: Cell, has_input: bool) -> None:
        self.request = self
        # What it can be told by: lines that its code asks for.
        self.asks = self.has_stdin = context.asks and has_input
        self.source = cell.source
        self.timeout_ms = cell.timeout_ms
        self.is_silent = cell.is_silent
        self.is_typed = cell.is_typed
        self._kept = kept
        self._context = context
        self.tracking = cell.tracking
        self._reading: ShownReading | None = None
        self._end: dict[str, Any] | None = None
        self._then: Callable[[], object] | None = None
        self._typed = bytearray()
        # Whether more may come of the last line: its request has not ended, or was cut off.
        self._is_line_open = False
        # What is typed beyond what may be: who types it waits.
        self._excess = 0
        self._asked: int | None = None
        self._is_closed = False
        self._shown = 0
        # Which one of its context it will be.
        self.number = context.upcoming()
        self._turn_deadline = TurnDeadline(context, self)

    @property
    def pid(self) -> int | None:
        """The process of its interpreter."""
        pids = self._context.pids()
        return pids[0] if pids else None

    # What its context tells.

    def begin(self, outputs: list[int]) -> None:
        """It is its turn."""
        self._turn_deadline.stop()
        self.tracking.start()
        self._reading = ShownReading(self._context.loop, self._kept, copies_of(outputs), self._kept.show, self._finish)

    def over(self, end: dict[str, Any], then: Callable[[], object]) -> None:
        """The code has ended."""
        self._end, self._then = end, then
        assert self._reading
        self._reading.drain()

    def _finish(self) -> None:
        self.tracking.finish(self._tell)

    def _tell(self, files: dict[str, Any] | None) -> None:
        then, self._then = self._then, None
        nothing = {"bytes": 0, "omitted": 0}
        self._kept.on_result(dict(self._end or {}, stdout=nothing, stderr=nothing, files=files))
        if then:
            then()

    def on_failure(self, failure: Failure) -> None:
        """It cannot run."""
        self._turn_deadline.stop()
        if self._reading:
            self._reading.close()
        self.tracking.drop()
        self._kept.on_failure(failure)

    # What the table asks of it.

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in it, once it runs; one that waits never runs."""
        if self._reading:
            self._context.interrupt()
        else:
            self.end_now()

    def end_now(self) -> None:
        """It waits for its turn, and gets none."""
        self._turn_deadline.stop()
        self._context.cancel(self)
        self._end = {
            "exitCode": SIGINT_EXIT,
            "signal": "SIGINT",
            "timedOut": False,
            "cancelled": True,
            "oomKilled": False,
            "durationMs": 0,
            "executionCount": self._context.count,
            "restarted": False,
        }
        self._finish()

    def end(self, reason: str) -> None:
        """Interrupts it, and kills its interpreter where that does not end it."""
        if self._reading:
            self._context.cancel(self)
        else:
            self.end_now()

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        if self._reading and self._kept.exit is None:
            self._reading.on_room()

    # What it is told.

    def ask(self, line: bytes) -> None:
        """Its code waits for a line."""
        try:
            self._asked = int(loads(line)["number"])
        except (ValueError, KeyError, TypeError, OverflowError):
            return
        self._answer()

    def acknowledge(self) -> None:
        """What it has shown is told, and all that it wrote before: it goes on."""
        self._shown += 1
        self._context.acknowledge(self, self._shown)

    def write(self, payload: Bytes) -> bool:
        """Takes what is typed, and says so as far as there is room for it; false where no more is taken."""
        if self._is_closed:
            return False
        self._typed += payload
        self._is_line_open = True
        self._excess += len(payload)
        self._answer()
        return True

    def flush_input(self) -> None:
        """What was written is whole: who sends a line may leave out its end."""
        self._is_line_open = False
        self._answer()

    def close_stdin(self) -> None:
        """Nothing more is typed."""
        self._is_closed = True
        self._answer()

    def drop_input(self) -> None:
        """Throws away what there was no room for."""
        del self._typed[len(self._typed) - self._excess :]
        self._excess = 0

    def _answer(self) -> None:
        if self._asked is not None and self._has_line():
            number, self._asked = self._asked, None
            text: bytes | None = None
            if self._typed:
                text, end, _ = bytes(self._typed[:MAX_TYPED]).partition(b"\n")
                del self._typed[: len(text) + len(end)]
            self._context.answer(self, number, text)
        excess = max(0, len(self._typed) - MAX_TYPED)
        if self._excess > excess:
            taken, self._excess = self._excess - excess, excess
            self._kept.consumed(taken)

    def _has_line(self) -> bool:
        if self._is_closed or len(self._typed) >= MAX_TYPED or b"\n" in self._typed:
            return True
        return bool(self._typed) and not self._is_line_open
