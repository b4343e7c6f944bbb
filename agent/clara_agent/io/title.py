"""What this process is called in lists of processes: `pkill python3` is for programs of the user.

Also part of the zygote (python/zygote.py), so it imports nothing that a fresh interpreter has not loaded but the C half of ctypes.
"""

from __future__ import annotations

import _ctypes

PR_SET_NAME = 15
# Where the kernel has the two ends of the command line in /proc/self/stat, counted from the field after the name.
ARGUMENTS_START, ARGUMENTS_END = 45, 46
_prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")


class _Address(_ctypes._SimpleCData):
    _type_ = "P"


def find_title() -> tuple[int, int] | None:
    """Where the command line of this process lies: address and length; None where the kernel does not say."""
    try:
        with open("/proc/self/stat", "rb", 0) as file:
            line = file.read(2048)
        fields = line[line.rfind(b")") + 2 :].split()
        start, end = int(fields[ARGUMENTS_START]), int(fields[ARGUMENTS_END])
    except (OSError, IndexError, ValueError):
        return None
    return (start, end - start) if 0 < start < end else None


def set_title(place: tuple[int, int] | None, name: bytes, title: bytes) -> None:
    """Gives the process a name of at most 15 bytes and, in the place of its command line, a title."""
    _ctypes.call_function(_prctl, (PR_SET_NAME, name))
    if place:
        start, size = place
        # A last byte that is not NUL has the kernel show the text up to the first one, instead of all that was an argument.
        text = title[: size - 2].ljust(size - 1, b"\0") + b"\1"
        _ctypes.call_function(_ctypes._memmove_addr, (_Address(start), text, size))
