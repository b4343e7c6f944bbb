"""All processes that are kept: who they are by number, how many, for how long."""

from __future__ import annotations

from time import time

from ..wire.errors import Failure
from .kept import Kept
from .plain import PlainRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .roles import ProgramHost
    from .run import Run

# How long the end and the history of a process are kept, in seconds.
KEEP_SECONDS = 3600
MAX_PROCESSES = 1024
# What the caller of a paced process may be behind before its outputs wait; less where so many are that all histories have no room.
BACKLOG = 262144
MIN_BUDGET = 2 << 20
MAX_BUDGET = 16 << 20


class ProcessTable:
    """Keeps processes by id; running ones are never forgotten, of ended ones the oldest give way."""

    def __init__(self, agent: ProgramHost, memory_bytes: int) -> None:
        self._agent = agent
        self._kept: dict[int, Kept] = {}
        self._next = 1
        self._budget = max(MIN_BUDGET, min(MAX_BUDGET, memory_bytes // 32))

    @property
    def backlog(self) -> int:
        """What the caller of each paced process may be behind: no event that it needs is ever dropped, so its share is bounded."""
        if len(self._kept) * BACKLOG <= self._budget:
            return BACKLOG
        return min(BACKLOG, self._budget // max(1, sum(kept.is_paced for kept in self._kept.values())))

    def add(self, about: dict[str, Any], has_caller: bool, most: int, kind: type[Kept] = Kept) -> Any:
        """Makes a place for a process; Failure `exists` where as many run as may."""
        self._expire()
        while len(self._kept) >= min(most, MAX_PROCESSES):
            oldest = min((kept for kept in self._kept.values() if kept.is_over and not kept.readers), key=lambda kept: kept.ended_at or 0, default=None)
            if oldest is None:
                raise Failure("exists", "This sandbox has %d processes already; end or delete one." % len(self._kept))
            self.forget(oldest)
        kept = kind(self._agent, self, self._next, about, has_caller)
        self._kept[kept.id] = kept
        self._next += 1
        return kept

    def find(self, number: int) -> Kept:
        """The process of this id; Failure `not_found` where none is kept."""
        self._expire()
        kept = self._kept.get(number)
        if kept is None and any(run.number == number for run in self._runs()):
            raise Failure("exists", "Process %d is a plain call: what it says is its caller's alone." % number)
        if kept is None:
            raise Failure("not_found", "There is no process %d; ended ones are kept for an hour." % number)
        return kept

    def all(self) -> list[Kept]:
        """All that are kept, newest first."""
        self._expire()
        return list(reversed(list(self._kept.values())))

    def _runs(self) -> list[Run]:
        found: list[Any] = [process.listener for process in self._agent.runs]
        return [run for run in found if run.told is not None and run.process]

    def plain(self) -> list[PlainRun]:
        """The plain runs that are under way; each has a number from now on."""
        runs = self._runs()
        for run in runs:
            if run.number is None:
                run.number = self._next
                self._next += 1
        return [PlainRun(run) for run in runs]

    def look_up(self, number: int) -> Kept | PlainRun:
        """The process of this id, be it a plain run; Failure `not_found` where there is none."""
        for run in self._runs():
            if run.number == number:
                return PlainRun(run)
        return self.find(number)

    def forget(self, kept: Kept | PlainRun) -> None:
        """Drops one; its readers hear the end of their channels. A plain run is forgotten by itself."""
        if isinstance(kept, PlainRun):
            return
        self._kept.pop(kept.id, None)
        for reader in list(kept.readers):
            reader.on_forgotten()

    def discard(self, kept: Kept) -> None:
        """Ends one that nobody has been told of, and drops it."""
        kept.kill()
        self.forget(kept)

    def _expire(self) -> None:
        until = time() - KEEP_SECONDS
        for kept in list(self._kept.values()):
            if kept.ended_at is not None and kept.ended_at < until and not kept.readers:
                self.forget(kept)

    def trim(self) -> None:
        """Keeps all histories within the budget: the oldest parts of ended ones go first, then those of the longest; never what a caller needs."""
        total = sum(kept.history.size for kept in self._kept.values())
        if total <= self._budget:
            return
        ended = sorted((kept for kept in self._kept.values() if kept.is_over), key=lambda kept: kept.ended_at or 0)
        running = sorted((kept for kept in self._kept.values() if not kept.is_over), key=lambda kept: -kept.history.size)
        for kept in ended + running:
            while total > self._budget:
                before = kept.history.size
                if not kept.history.drop_oldest(kept.needed):
                    break
                total -= before - kept.history.size
            if total <= self._budget:
                return
