"""The operation `cell_start`: code that runs in a context as a kept process, whose events others may read."""

from __future__ import annotations

from ..wire.parameters import take, take_count
from .cell import Cell
from .kept_cell import KeptCell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..processes.table import ProcessTable

MAX_PROCESSES = 1024


class StartCell(Cell):
    """Answers what is known of the process once the cell is in the queue of its context and that has a process."""

    def start(self) -> None:
        """Reads the parameters."""
        super().start()
        self._about = take(self.parameters, "about", dict, {})
        self._has_caller = take(self.parameters, "caller", bool, False)
        self._has_input = take(self.parameters, "input", bool, True)
        self._most_processes = take_count(self.parameters, "processes", MAX_PROCESSES)
        self._kept: KeptCell | None = None

    def on_end(self, stream: int) -> None:
        """The code is whole."""
        if self._kept:
            return
        context = self.find_context()
        table: ProcessTable = self.agent.table()
        kept: KeptCell = table.add(self._about, self._has_caller, self._most_processes, KeptCell)
        try:
            kept.run(context, self, self._has_input)
        except BaseException:
            table.discard(kept)
            raise
        self._kept = kept
        context.when_started(self._answer)

    def _answer(self) -> None:
        if self._kept:
            self.channel.result(self._kept.describe())

    def stop(self) -> None:
        """Who starts it wants it no more."""
        kept, self._kept = self._kept, None
        if kept:
            self.agent.table().discard(kept)

    def on_gone(self) -> None:
        """The cell goes on: whoever comes next finds it in the table."""
