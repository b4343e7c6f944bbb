"""Ways through a tree by the working folder: a path from the top may be longer than the kernel takes."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
AGAIN_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# How many of the lowest folders are held open; of those above them each one in N.
STRIDE = 512


def place() -> tuple[int, int]:
    """What tells the working folder from others."""
    return _place_of(os.stat(b"."))


class Trail:
    """The way from the working folder down, and back up by descriptors: the kernel takes as long for `..` as a folder is deep where what is mounted is no whole file system, as with /workspace."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        # By level, the first folder is 0: those held open, and what tells the others.
        self._open = {0: os.open(b".", AGAIN_FLAGS)}
        self._places: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> Trail:
        return self

    def __exit__(self, *_: Any) -> None:
        for fd in self._open.values():
            os.close(fd)

    def enter(self, name: bytes) -> None:
        """Goes into a folder, and through no link."""
        fd = os.open(name, FLAGS)
        try:
            os.fchdir(fd)
        except OSError:
            os.close(fd)
            raise
        self._names.append(name)
        self._open[len(self._names)] = fd
        old = len(self._names) - STRIDE
        if old % STRIDE and old in self._open:
            fd = self._open.pop(old)
            self._places[old] = _place_of(os.fstat(fd))
            os.close(fd)

    def leave(self) -> bytes:
        """Goes back to the folder that the working folder was entered from; its name there. ESTALE where the way back to that is another by now."""
        os.close(self._open.pop(len(self._names)))
        name = self._names.pop()
        level = len(self._names)
        if level not in self._open:
            self._open_again(level)
        os.fchdir(self._open[level])
        return name

    def _open_again(self, level: int) -> None:
        """Opens the folders from the last one that is open down to a level."""
        for at in range(level - level % STRIDE + 1, level + 1):
            self._open[at] = os.open(self._names[at - 1], AGAIN_FLAGS, dir_fd=self._open[at - 1])
            if _place_of(os.fstat(self._open[at])) != self._places.pop(at):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))


def _place_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
