"""Interrupts a shell with the programs that it has started, those too that it is just starting."""

from __future__ import annotations

from os import sysconf
from time import CLOCK_BOOTTIME, clock_gettime, monotonic

from _signal import SIGCONT, SIGSTOP

from ..io.stat_line import fields_of
from ..io.tree import below, scan, signal, signal_group
from .program_interrupts import SIGINT, Interruption, has_interrupt, members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.loop import Loop

LOOK_SECONDS = 0.05
MAX_SIGNALS = 40
LONELY_SIGNALS = 3
SETTLED_SECONDS = 1
STARTING_SECONDS = 0.005
STARTING_ROUNDS = 20
# Signals that are sent to what runs; before more of them all is held.
SIGNALS_ON_THE_RUN = 4
HOLDING_SECONDS = 0.002
HOLDING_ROUNDS = 25
LET_START_SECONDS = 0.003
HELD = b"TtZX"
STARTING, PART, YOUNG, SETTLED = "starting", "part", "young", "settled"


class ShellInterrupt(Interruption):
    """SIGINT to the group of a shell, and again where a fork of it may have missed it, until `stop`.

    Between its fork and its exec a program has the shell's handlers: a signal of that moment ends nothing, so that is waited for.
    On a busy machine there is another by the time that the signal comes, again and again: then all is held while it is looked at.
    And the shell goes on behind a program that ended by itself just then: where none has run for a while, the shell is told again.
    Where nothing runs, it may have thrown away the command by which it says that the cell is over: `ask` gives it that anew.
    """

    def __init__(self, loop: Loop, shell: int, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._is_asked = False
        self._name = command_of(shell)
        self._left = MAX_SIGNALS
        self._rounds = STARTING_ROUNDS
        self._lonely = LONELY_SIGNALS
        self._told: set[int] = set()
        self._is_held = False
        super().__init__(loop, shell)

    def _begin(self) -> None:
        self._signal()

    def _signal(self) -> None:
        if MAX_SIGNALS - self._left >= SIGNALS_ON_THE_RUN:
            return self._hold()
        members = self._members()
        if STARTING in members.values() and self._rounds:
            self._rounds -= 1
            return self._later(STARTING_SECONDS, self._signal)
        return self._tell(members)

    def _tell(self, members: dict[int, str]) -> None:
        self._rounds = STARTING_ROUNDS
        self._told = {pid for pid, kind in members.items() if kind == YOUNG}
        self._reaped = faults_of_ended(self._pid)
        signal_group(self._pid, SIGINT)
        self._left -= 1
        if SETTLED not in members.values():
            self._look_later()

    def _hold(self) -> None:
        """Stops the group, so that it is told as it was seen."""
        self._is_held = True
        self._rounds = HOLDING_ROUNDS
        signal_group(self._pid, SIGSTOP)
        self._later(HOLDING_SECONDS, self._tell_held)

    def _tell_held(self) -> None:
        members = self._members()
        self._rounds -= 1
        if self._rounds and any(fields_of(pid)[0] not in HELD for pid in [self._pid, *members]):
            return self._later(HOLDING_SECONDS, self._tell_held)
        self._let_start([pid for pid, kind in members.items() if kind == STARTING])
        self._tell(members)
        return self._go_on()

    def _let_start(self, starting: list[int]) -> None:
        """Waits, for a moment, until what is starting has become its program; the shell is held, and cannot hear before of its end."""
        deadline = monotonic() + LET_START_SECONDS
        for pid in starting:
            signal(pid, SIGCONT)
            while command_of(pid) == self._name and monotonic() < deadline:
                pass

    def _go_on(self) -> None:
        if self._is_held:
            self._is_held = False
            signal_group(self._pid, SIGCONT)

    def stop(self) -> None:
        """The cell is over; nothing stays held."""
        self._go_on()
        super().stop()

    def _look_later(self) -> None:
        if self._left:
            self._later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        members = self._members()
        if members and not members.keys() - self._told:
            # They have heard it, and do what they do then.
            self._left -= 1
            self._look_later()
        elif members or faults_of_ended(self._pid) != self._reaped:
            self._signal()
        elif not self._is_asked:
            self._is_asked = True
            self._ask()
            self._look_later()
        elif self._lonely:
            # It goes on with commands of its own, before which it came, or has not come to its next program.
            self._lonely -= 1
            self._signal()

    def _members(self) -> dict[int, str]:
        """What is in the group below the shell and hears interrupts: STARTING, a PART of the shell, YOUNG (or just ending) or SETTLED."""
        processes = scan()
        latest = (clock_gettime(CLOCK_BOOTTIME) - SETTLED_SECONDS) * sysconf("SC_CLK_TCK")
        found = {}
        for pid in members(self._pid, processes):
            _, _, state, born = processes[pid]
            if ignores_interrupts(pid):
                continue
            if command_of(pid) == self._name:
                found[pid] = PART if below(pid, processes) else STARTING
            else:
                found[pid] = SETTLED if int(born) < latest and state not in b"ZX" else YOUNG
        return found


def command_of(pid: int) -> bytes:
    """The command line of a process, nothing once it has ended; a fork has that of its parent until its exec."""
    return _read("/proc/%d/cmdline" % pid)


def faults_of_ended(pid: int) -> bytes:
    """Changes with each child of the process that has ended."""
    return b" ".join(fields_of(pid)[8:9])


def ignores_interrupts(pid: int) -> bool:
    """Whether SIGINT is nothing to it, as to what runs in the background."""
    for line in _read("/proc/%d/status" % pid).splitlines():
        if line.startswith(b"SigIgn:"):
            return has_interrupt(line[7:])
    return False


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError:
        return b""
