"""How much there is to be read of a descriptor without waiting."""

from __future__ import annotations

import os
from fcntl import ioctl
from stat import S_ISFIFO, S_ISREG

# What a terminal holds at most that was written and not read.
TERMINAL_BYTES = 65536
FIONREAD = 0x541B


def waiting_in(fd: int) -> int:
    """What a pipe holds now: another process that keeps writing must not keep the result waiting. Of a file, what is left of it; of a terminal, the most that it may hold."""
    status = os.fstat(fd)
    if S_ISREG(status.st_mode):
        # gVisor has no FIONREAD for files.
        return max(0, status.st_size - os.lseek(fd, 0, os.SEEK_CUR))
    if not S_ISFIFO(status.st_mode) and os.isatty(fd):
        return TERMINAL_BYTES
    return int.from_bytes(ioctl(fd, FIONREAD, b"\0\0\0\0"), "little")
