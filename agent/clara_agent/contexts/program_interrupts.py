"""Interrupts what runs code itself, a Python or a Node, with the programs that it waits for, until the cell is over."""

from __future__ import annotations

from ..io.tree import below, scan, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.loop import Loop, Timer
    from ..io.tree import Processes

SIGINT = 2
LOOK_SECONDS = 0.1
MAX_LOOKS = 4
DIES, HANDLES, IGNORES, GONE = "dies", "handles", "ignores", "gone"


class Interruption:
    """One interrupt, looked after for a while."""

    def __init__(self, loop: Loop, pid: int) -> None:
        self._loop = loop
        self._pid = pid
        self._looks = 0
        self._timer: Timer | None = None
        self._take(self._begin)

    def _begin(self) -> None:
        raise NotImplementedError

    def _later(self, seconds: float, call: Callable[[], object]) -> None:
        self._timer = self._loop.later(seconds, lambda: self._take(call))

    def _take(self, step: Callable[[], object]) -> None:
        """Takes a step, and again after a while where nobody can look at processes now."""
        try:
            step()
        except OSError:
            self._later(LOOK_SECONDS, step)

    def stop(self) -> None:
        """The cell is over."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


class PassedInterrupt(Interruption):
    """SIGINT to a process. While it ignores that, as it does in `os.system`, what it has started last has it in its place, and then the process itself."""

    _is_passed = False

    def _begin(self) -> None:
        signal(self._pid, SIGINT)
        self._look()

    def _look(self) -> None:
        self._looks += 1
        if disposition(self._pid) == IGNORES:
            self._pass()
        elif self._is_passed:
            return signal(self._pid, SIGINT)
        if self._looks <= MAX_LOOKS:
            self._later(LOOK_SECONDS, self._look)

    def _pass(self) -> None:
        processes = scan()
        children = [(int(born), pid) for pid, (parent, _, _, born) in processes.items() if parent == self._pid]
        if not children:
            return
        _, last = max(children)
        for pid in [last] + below(last, processes):
            kind = disposition(pid)
            if kind == DIES or (kind == HANDLES and not self._is_passed):
                signal(pid, SIGINT)
        self._is_passed = True


class ToldInterrupt(Interruption):
    """SIGINT to what a process has started, which was told itself; to it too where it goes on, as what computes hears nothing else."""

    def _begin(self) -> None:
        for pid in members(self._pid, scan()):
            signal(pid, SIGINT)
        self._later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looks += 1
        for pid in members(self._pid, scan()):
            if disposition(pid) == DIES:
                signal(pid, SIGINT)
        if self._looks == 1:
            signal(self._pid, SIGINT)
        if self._looks <= MAX_LOOKS:
            self._later(LOOK_SECONDS, self._look)


def members(leader: int, processes: Processes) -> list[int]:
    """What a process has started that is in its group."""
    return [pid for pid in below(leader, processes) if processes[pid][1] == leader]


def disposition(pid: int) -> str:
    """What SIGINT does to the process: DIES, HANDLES (also where it is not known), IGNORES, or GONE."""
    try:
        with open("/proc/%d/status" % pid, "rb") as file:
            lines = dict(line.split(b":", 1) for line in file)
    except OSError:
        return GONE
    if lines[b"State"].strip()[:1] in b"ZX":
        return GONE
    if has_interrupt(lines.get(b"SigIgn", b"0")):
        return IGNORES
    return DIES if b"SigCgt" in lines and not has_interrupt(lines[b"SigCgt"]) else HANDLES


def has_interrupt(mask: bytes) -> bool:
    """Whether SIGINT is in a set of signals as /proc writes it."""
    return bool(int(mask, 16) >> (SIGINT - 1) & 1)
