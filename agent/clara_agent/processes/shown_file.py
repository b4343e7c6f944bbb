"""The file that a script has left of what it shows."""

from __future__ import annotations

import os
from stat import S_ISREG

# What is sent of it, as lines; JSON and base64 take more than what they hold.
MAX_SHOWN = 32 << 20


def open_shown(folder: bytes) -> int | None:
    """A descriptor of it; None where nothing was shown, or where code has put something else in its place."""
    try:
        fd = os.open(folder + b"/shown", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None
