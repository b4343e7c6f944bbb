"""Ways through a tree by the working folder: a path from the top may be longer than the kernel takes."""

from __future__ import annotations

import errno
import os

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def place() -> tuple[int, int]:
    """What tells the working folder from others."""
    status = os.stat(b".")
    return status.st_dev, status.st_ino


def enter(name: bytes) -> tuple[int, int]:
    """Goes into a folder, and through no link; the place that it was left from."""
    here = place()
    fd = os.open(name, FLAGS)
    try:
        os.fchdir(fd)
    finally:
        os.close(fd)
    return here


def leave(expected: tuple[int, int]) -> None:
    """Goes back to the folder above; ESTALE where another one is there, since this one was moved."""
    os.chdir(b"..")
    if place() != expected:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
