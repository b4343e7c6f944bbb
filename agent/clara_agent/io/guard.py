"""Protects the agent from the code it runs, through prctl and signals; the C half of ctypes alone is a tenth of its memory."""

from __future__ import annotations

import _signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

try:
    import _ctypes

    _prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
except (ImportError, OSError):
    _prctl = None

# What whoever ends all processes of a user sends; SIGKILL and SIGSTOP are nobody's to hold back.
HELD_BACK = _signal.valid_signals() - {_signal.SIGCHLD}


def prctl(option: int, value: Any) -> bool:
    """The system call; false where it is refused or not to be had."""
    return _prctl is not None and _ctypes.call_function(_prctl, (option, value, 0, 0, 0)) == 0  # pyright: ignore[reportPossiblyUnboundVariable]


def become_undumpable() -> bool:
    """Nobody of the same user can trace this process or open its descriptors."""
    return prctl(PR_SET_DUMPABLE, 0)


def become_subreaper() -> bool:
    """Orphans below this process become its children."""
    return prctl(PR_SET_CHILD_SUBREAPER, 1)


def become_deaf() -> None:
    """Signals that can be held back are, for this process and what it forks."""
    _signal.pthread_sigmask(_signal.SIG_BLOCK, HELD_BACK)


def become_known_as(name: bytes) -> None:
    """The name in lists of processes, in the place of the interpreter's and of all that was on the command line."""
    try:
        from .title import find_title, set_title
    except (ImportError, OSError):
        return
    set_title(find_title(), name, name)
