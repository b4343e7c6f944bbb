"""The operations on the terminal of a kept process: to see and type on it, and to change its size."""

from __future__ import annotations

from ..wire.errors import Failure
from ..wire.operation import Operation
from ..wire.parameters import take_count
from .reading import Attach
from .terminal import take_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from .kept import Kept
    from .table import ProcessTable

# What is typed and not read is thrown away beyond this, as by any terminal.
MAX_TYPED = 65536


def find_terminal(table: ProcessTable, number: int) -> Kept:
    """The process of this id; Failure `exists` where it has no terminal."""
    kept = table.find(number)
    if kept.terminal is None:
        raise Failure("exists", "Process %d has no terminal." % number)
    return kept


class View(Attach):
    """As `attach`, from a number of output bytes on; DATA to the agent is typed."""

    def find(self) -> Kept:
        """The process, which must have a terminal."""
        return find_terminal(self.agent.table(), take_count(self.parameters, "id"))

    def position(self, kept: Kept) -> None:
        """Begins behind N bytes, within an event too."""
        wanted = take_count(self.parameters, "after", 0)
        history = kept.history
        self._taken = history.dropped_bytes
        self._next = history.first_id
        while self._next < history.next_id and not history.is_end(self._next):
            size = len(history.get(self._next)[1])
            if self._taken + size > wanted:
                self._skipped = max(0, wanted - self._taken)
                return
            self._taken += size
            self._next += 1

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Somebody types."""
        self.channel.consumed(len(payload))
        if self._kept and self._kept.process and self._kept.process.input_size < MAX_TYPED:
            self._kept.process.write(payload)

    def on_end(self, stream: int) -> None:
        """Nobody types any more; the view goes on."""


class Resize(Operation):
    """Changes the size of a terminal."""

    def start(self) -> None:
        """Changes it."""
        kept = find_terminal(self.agent.table(), take_count(self.parameters, "id"))
        size = take_size(self.parameters)
        kept.resize(size)
        self.channel.result(size.describe())
