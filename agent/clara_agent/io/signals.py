"""How a process ended, in the words of the protocol."""

from __future__ import annotations

import os

import _signal

# Older names of SIGCHLD, SIGABRT, SIGIO and SIGSYS, and the two that name a range.
_OTHER_NAMES = ("SIGCLD", "SIGIOT", "SIGPOLL", "SIGUNUSED", "SIGRTMIN", "SIGRTMAX")
_NAMES = {getattr(_signal, name): name for name in dir(_signal) if name.startswith("SIG") and name[3] != "_" and name not in _OTHER_NAMES}
# Python before 3.11 has no name for it.
_NAMES.setdefault(16, "SIGSTKFLT")


def ending(status: int) -> tuple[int, str | None]:
    """(exitCode, signal name or None) of a wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return 128 + number, name_of(number)
    return os.WEXITSTATUS(status), None


def name_of(number: int) -> str:
    """The name that `kill -l` has for a signal, with SIG in front."""
    first, last = _signal.SIGRTMIN, _signal.SIGRTMAX
    if not first <= number <= last:
        return _NAMES.get(number, "SIG%d" % number)
    above, below = number - first, last - number
    name, distance = ("SIGRTMIN+", above) if above <= below else ("SIGRTMAX-", below)
    return name + str(distance) if distance else name[:-1]
