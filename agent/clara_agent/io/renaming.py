"""Renames that replace nothing, and those that replace whatever is there."""

from __future__ import annotations

import errno
import os

NOREPLACE, EXCHANGE = 1, 2
AT_FDCWD = -100
# What a kernel, a file system or a C library says that knows no such flags.
UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)


def rename_new(source: bytes, target: bytes) -> None:
    """Renames where nothing has the name yet; else FileExistsError."""
    if _rename(source, target, NOREPLACE):
        return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    os.rename(source, target)


def replace(source: bytes, target: bytes, aside: bytes) -> bool:
    """Renames in the place of what is there, of whatever kind; true where that is to be found at `aside` now, a free name of the same mount."""
    try:
        os.rename(source, target)
        return False
    except OSError as error:
        # A folder that is not empty, or one of the two that is none.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR) or not os.path.lexists(target):
            raise
    if _rename(source, target, EXCHANGE):
        os.rename(source, aside)
        return True
    os.rename(target, aside)
    try:
        os.rename(source, target)
    except OSError:
        os.rename(aside, target)
        raise
    return True


def _rename(source: bytes, target: bytes, flags: int) -> bool:
    """The system call; false where it is not to be had. Imports ctypes, so it is for a child."""
    try:
        from ctypes import CDLL, get_errno  # pyright: ignore[reportAttributeAccessIssue]

        call = CDLL(None, use_errno=True).renameat2
    except (ImportError, OSError, AttributeError):
        return False
    if call(AT_FDCWD, source, AT_FDCWD, target, flags) == 0:
        return True
    number = get_errno()
    if number in UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), target if number == errno.EEXIST else source)
