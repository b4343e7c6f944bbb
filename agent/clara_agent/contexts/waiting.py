"""The cells that wait for a context, in the order of their arrival."""

from __future__ import annotations

from ..wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..io.loop import Loop
    from .roles import Cell

MAX_WAITING = 256


class Waiting:
    """The first of them may begin once the folders are looked through that it tells the changes of, and keeps its place meanwhile; then `on_ready` is called, in a turn of its own."""

    def __init__(self, loop: Loop, on_ready: Callable[[], object]) -> None:
        self._loop = loop
        self._on_ready = on_ready
        self._cells: list[Cell] = []
        self._is_looking = False

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def add(self, cell: Cell) -> None:
        """The last one from now on; Failure `limit` where there are too many."""
        if len(self._cells) >= MAX_WAITING:
            raise Failure("limit", "Too many calls wait for this context already; try again in a moment.")
        self._cells.append(cell)

    def take(self) -> Cell | None:
        """The first one, which waits no longer, if there is one and it may begin."""
        if not self._cells:
            return None
        tracking = self._cells[0].tracking
        if tracking.is_ready():
            return self._cells.pop(0)
        if not self._is_looking:
            self._is_looking = True
            tracking.when_ready(self._looked)
        return None

    def _looked(self) -> None:
        self._is_looking = False
        self._on_ready()

    def remove(self, cell: Cell) -> None:
        """It waits no longer, if it did; those behind it may begin, which may go with it."""
        if cell in self._cells:
            self._cells.remove(cell)
            self._loop.soon(self._on_ready)

    def clear(self) -> list[Cell]:
        """All of them, which wait no longer."""
        cells, self._cells = self._cells, []
        return cells
