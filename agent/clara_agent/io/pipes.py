"""Sizes of pipes."""

from __future__ import annotations

from fcntl import fcntl

F_SETPIPE_SZ = 1031


def widen(fd: int, size: int) -> None:
    """Lets a pipe hold N bytes; where it is none, or the kernel's allowance is used up, it is only slower."""
    try:
        fcntl(fd, F_SETPIPE_SZ, size)
    except OSError:
        pass
