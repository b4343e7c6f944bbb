"""One context: an interpreter, and the cells that wait for it in the order of their arrival."""

from __future__ import annotations

import os
from time import time

from ..wire.errors import Failure, from_os_error
from ..io.signals import ending
from .grace import Grace
from .interpreter import Interpreter
from .turn import Turn
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.loop import Timer
    from .roles import Cell, ContextHost
    from .starters import Starters


class Context:
    """Runs cells one after the other; a lost interpreter is replaced for the next one."""

    def __init__(self, agent: ContextHost, starters: Starters, name: str, asked: dict[str, Any]) -> None:
        self._agent = agent
        self.loop = agent.loop
        self.id = name
        self.about: dict[str, Any] = asked["about"]
        self.language: str = asked["language"]
        self._starter = starters.find(self.language)
        # Whether its code can ask for lines.
        self.asks = self._starter.asks
        self._cwd: bytes = asked["cwd"]
        self._environment: dict[bytes, bytes] = asked["env"]
        # Whether variables that a caller may count on are gone since the last answer.
        self._is_lost: bool = asked["lost"]
        # Whether values are to be shown as data too.
        self._is_rich: bool = asked["rich"]
        self.count = 0
        self.created_at = self.last_used = time()
        self._interpreter: Interpreter | None = None
        self._waiting = Waiting(self.loop, self._next)
        self._start_waiters: list[Callable[[], object]] = []
        self._cell: Cell | None = None
        self._timer: Timer | Grace | None = None
        self._turn = Turn(agent.oom)
        self._is_deleted = False
        # Who is told that an interpreter stands in the place of the one whose cell is cut off.
        self._restarts: list[Callable[[], object]] = []
        if not os.path.isdir(self._cwd):
            raise Failure("not_directory", "There is no such working folder: %s." % os.fsdecode(self._cwd))
        self._start()

    def pids(self) -> list[int]:
        """Its process."""
        return [self._interpreter.pid] if self._interpreter and self._interpreter.pid else []

    @property
    def state(self) -> str:
        """`busy` while a cell runs or waits, `dead` where its interpreter is gone, else `idle`."""
        if self._cell or self._waiting:
            return "busy"
        return "idle" if self._interpreter else "dead"

    def describe(self) -> dict[str, Any]:
        """What is known of it; times in milliseconds."""
        return {
            "id": self.id,
            "about": self.about,
            "language": self.language,
            "state": self.state,
            "executionCount": self.count,
            "createdAtMs": self.created_at * 1000,
            "lastUsedAtMs": self.last_used * 1000,
        }

    def _start(self) -> None:
        job = {"env": self._environment, "cwd": self._cwd, "rich": self._is_rich}
        self._interpreter = Interpreter(self._agent, self._starter, job, self)
        self.count = 0

    def upcoming(self) -> int:
        """The number that a cell would have that is submitted now, if all before it are counted and nothing is lost."""
        before = [*self._waiting, *([self._cell] if self._cell else [])]
        return (self.count if self._interpreter else 0) + sum(not cell.is_silent for cell in before) + 1

    def submit(self, cell: Cell) -> None:
        """Runs a cell when those before it are over."""
        self._waiting.add(cell)
        self._next()

    def _next(self) -> None:
        while not self._cell and not self._restarts and not self._is_deleted:
            cell = self._waiting.take()
            if not cell:
                return
            try:
                if not self._interpreter:
                    self._start()
                assert self._interpreter
                self._cell = cell
                self._turn = Turn(self._agent.oom)
                self.last_used = time()
                cell.begin(self._interpreter.outputs)
                self._interpreter.run(cell, cell.is_typed or (cell.is_typed is None and self.language == "typescript"))
            except OSError as error:
                self._cell = None
                cell.on_failure(from_os_error(error))
            except Failure as failure:
                self._cell = None
                cell.on_failure(failure)
            else:
                if cell.timeout_ms is not None:
                    self._timer = self._agent.loop.later(cell.timeout_ms / 1000, self._time_out)

    def cancel(self, cell: Cell) -> None:
        """Nobody waits for it any more: it is interrupted where it runs, and never run where it waits."""
        if cell is self._cell:
            self._turn.is_cancelled = True
            self._cut()
        else:
            self._waiting.remove(cell)

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in the cell that runs; the variables stay."""
        if self._cell and self._interpreter and not self._turn.is_ending:
            self._interpreter.interrupt()

    def answer(self, cell: Cell, number: int, text: bytes | None) -> None:
        """Gives the cell the line that its code asks for; None where there is no more."""
        if cell is self._cell and self._interpreter:
            self._interpreter.answer(number, text)

    def acknowledge(self, cell: Cell, shown: int) -> None:
        """Tells the cell that `shown` of its lines are read, and the outputs before them."""
        if cell is self._cell and self._interpreter:
            self._interpreter.acknowledge(shown)

    def restart(self, then: Callable[[], object]) -> None:
        """A fresh interpreter under the same id; calls back once it stands, with a cell that runs when that is cut off and read."""
        if self._cell:
            self._restarts.append(then)
            if self._interpreter:
                self._interpreter.kill()
        else:
            self._replace()
            then()

    def _replace(self) -> None:
        interpreter, self._interpreter = self._interpreter, None
        if interpreter:
            interpreter.kill()
        self._is_lost = True
        self._start()

    def delete(self) -> None:
        """Ends it with what it runs; cells that wait fail."""
        self._is_deleted = True
        for cell in self._waiting.clear():
            cell.on_failure(Failure("not_found", "The context %s was deleted." % self.id))
        if self._interpreter:
            self._interpreter.kill()

    def _time_out(self) -> None:
        self._timer = None
        self._turn.is_timed_out = True
        self._cut()

    def _cut(self) -> None:
        if self._cell and self._interpreter and not self._turn.is_ending:
            self._interpreter.interrupt()
            self._stop_timer()
            self._timer = Grace(self.loop, self._interpreter.pid or 0, self._end_grace)

    def _end_grace(self) -> None:
        self._timer = None
        if self._cell and self._interpreter and not self._turn.is_ending:
            self._interpreter.kill()

    def when_started(self, call: Callable[[], object]) -> None:
        """Calls once its interpreter has a process, or will have none."""
        if self.pids():
            call()
        else:
            self._start_waiters.append(call)

    def on_started(self) -> None:
        """The interpreter has a process."""
        waiters, self._start_waiters = self._start_waiters, []
        for call in waiters:
            call()

    def on_done(self, count: int, code: int) -> None:
        """The cell is over."""
        self.count = count
        if self._cell and not self._turn.is_ending:
            self._end_cell(code, None)

    def on_lost(self, interpreter: Interpreter, status: int) -> None:
        """An interpreter is gone: its own, or one that has been replaced."""
        self.on_started()
        if interpreter is self._interpreter:
            self._interpreter = None
            self._is_lost = True
            if self._cell and not self._turn.is_ending:
                code, name = ending(status)
                self.count += 1
                self._end_cell(code, name)
        # What the cell still reads, it reads from copies of its own.
        interpreter.close()

    def _end_cell(self, code: int, signal: str | None) -> None:
        self._turn.is_ending = True
        self._stop_timer()
        end = {**self._turn.end(code, signal), "executionCount": self.count, "restarted": self._is_lost}
        # Said once for what was lost before; a loss in this very call is said in the next one too.
        self._is_lost = self._interpreter is None
        assert self._cell
        self._cell.over(end, self._cell_ended)

    def _cell_ended(self) -> None:
        self._cell = None
        self.last_used = time()
        self._agent.loop.soon(self._go_on)

    def _go_on(self) -> None:
        restarts, self._restarts = self._restarts, []
        if restarts and not self._is_deleted:
            try:
                # The cell may have ended before the kill.
                self._replace()
            except OSError:
                pass  # The next cell tries again.
        for call in restarts:
            call()
        self._next()

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
