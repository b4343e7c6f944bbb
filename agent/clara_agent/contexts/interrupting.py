"""Interrupts a shell with the programs that it has started, until its cell is over."""

from __future__ import annotations

from ..io.tree import below, scan, signal, signal_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.loop import Loop, Timer

SIGINT = 2
# Between its fork and its exec a program has the handlers of the shell, and a signal of that moment is lost.
LOOK_SECONDS = 0.1
MAX_LOOKS = 4
DIES, HANDLES, IGNORES, GONE = "dies", "handles", "ignores", "gone"


class RepeatedInterrupt:
    """SIGINT to the group of a process, and again to what has lost it; what handles it is left to do so."""

    def __init__(self, loop: Loop, leader: int) -> None:
        self._loop = loop
        self._leader = leader
        self._looks = 0
        self._timer: Timer | None = None
        self._signal()

    def _signal(self) -> None:
        signal_group(self._leader, SIGINT)
        processes = scan()
        self._told = [pid for pid in below(self._leader, processes) if processes[pid][1] == self._leader]
        self._timer = self._loop.later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        self._looks += 1
        if self._looks > MAX_LOOKS:
            return
        found = [disposition(pid) for pid in self._told]
        for pid, kind in zip(self._told, found):
            if kind == DIES:
                signal(pid, SIGINT)
        if DIES not in found and HANDLES not in found:
            # It is in a shell between two programs, one of which ended as if nothing had been.
            return self._signal()
        self._timer = self._loop.later(LOOK_SECONDS, self._look)

    def stop(self) -> None:
        """The cell is over."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


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
