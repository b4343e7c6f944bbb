"""What `stat` says about a file, in the words of the protocol."""

from __future__ import annotations

import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any


def kind_of(mode: int) -> str:
    """The protocol's word for the type of a file."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def describe(status: os.stat_result) -> dict[str, Any]:
    """The RESULT of `stat`, and the EVENT of `read`."""
    return {
        "type": kind_of(status.st_mode),
        "size": status.st_size,
        "mtimeNs": str(status.st_mtime_ns),
        "mode": stat.S_IMODE(status.st_mode),
        "inode": str(status.st_ino),
    }


def version_of(status: os.stat_result) -> str:
    """Tells one version of a file from another, as the server does from `describe`."""
    return "%d-%d-%d" % (status.st_size, status.st_mtime_ns, status.st_ino)
