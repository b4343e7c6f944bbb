"""How long a cell waits for its turn."""

from __future__ import annotations

from ..wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.loop import Timer
    from .context import Context
    from .roles import Cell

REFUSED = (
    "Its turn did not come within its own timeout, so this one did not run: "
    "calls before it keep the context busy; interrupt the context, or try again later."
)


class TurnDeadline:
    """Refuses a cell that has waited as long as it may run, unless it is stopped before."""

    def __init__(self, context: Context, cell: Cell) -> None:
        self._context = context
        self._cell = cell
        self._timer: Timer | None = None
        if cell.timeout_ms is not None:
            self._timer = context.loop.later(cell.timeout_ms / 1000, self._refuse)

    def stop(self) -> None:
        """Its turn has come, or nobody wants it any more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _refuse(self) -> None:
        self._timer = None
        self._context.cancel(self._cell)
        self._cell.on_failure(Failure("cancelled", REFUSED))
