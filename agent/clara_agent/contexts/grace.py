"""How long an interrupted cell may take to end before its interpreter is killed."""

from __future__ import annotations

from os import sysconf

from ..io.stat_line import fields_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.loop import Loop, Timer

GRACE_SECONDS = 2
# One that wants the CPU and has had little of it by then is looked at again so often. The answer has to leave within ten seconds.
MORE_ROUNDS = 4
ROUND_SECONDS = 1
# What it takes to tell of an interrupt for the first time, several times over.
ENOUGH_CPU_SECONDS = 1.0
WORKING = b"RD"


class Grace:
    """Calls once a process has had its time: two seconds, and up to six where it works and has not had a second of the CPU by then.

    On a busy machine, or with a small share of one, two seconds can be less than what it takes to raise an exception and tell of it.
    """

    def __init__(self, loop: Loop, pid: int, call: Callable[[], object]) -> None:
        self._loop = loop
        self._pid = pid
        self._call = call
        self._rounds = MORE_ROUNDS
        _, self._before = work_of(pid)
        self._timer: Timer = loop.later(GRACE_SECONDS, self._look)

    def cancel(self) -> None:
        """It has ended."""
        self._timer.cancel()

    def _look(self) -> None:
        state, seconds = work_of(self._pid)
        if self._rounds and state in WORKING and seconds - self._before < ENOUGH_CPU_SECONDS:
            self._rounds -= 1
            self._timer = self._loop.later(ROUND_SECONDS, self._look)
        else:
            self._call()


def work_of(pid: int) -> tuple[bytes, float]:
    """The state of a process and the seconds of CPU that it has had; X where it is gone."""
    fields = fields_of(pid)
    ticks = sum(map(int, fields[11:13]))
    return fields[0], ticks / sysconf("SC_CLK_TCK")
