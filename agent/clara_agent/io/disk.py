"""Brings what was written to the disk."""

from __future__ import annotations

import errno
import os
from fcntl import ioctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contracts import Bytes

# linux/fiemap.h: a look at a file's extents that first writes its bytes out, and answers with what came of that. It commits no
# journal, which costs as much as all the rest.
FS_IOC_FIEMAP = 0xC020660B
WRITE_OUT = (0).to_bytes(8, "little") + b"\xff" * 8 + (1).to_bytes(4, "little") + bytes(12)

# What is wrong with the disk itself, and would be on a second try.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def write_all(fd: int, data: Bytes) -> None:
    """Writes all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def settle(fd: int) -> None:
    """Brings a file's bytes to where they have their room on the disk; an OSError where they have none."""
    try:
        ioctl(fd, FS_IOC_FIEMAP, WRITE_OUT)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        os.fdatasync(fd)


def persist(fd: int) -> None:
    """Returns when a file and its name are on the disk: a commit of the journal takes with it whatever came before."""
    os.fsync(fd)


def persist_all(folder: bytes) -> None:
    """The same for files that are settled and have their names below this folder: one commit, for which the folder is touched last.

    Not syncfs, which would write out all of the machine's disk where that is what the files lie on.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        os.utime(fd, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(fd)
    finally:
        os.close(fd)
