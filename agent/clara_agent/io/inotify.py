"""inotify(7): folders are watched by the kernel, and what happens in them is read. By the C half of ctypes, which the agent has anyway."""

from __future__ import annotations

import errno
import os
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF = 2, 4, 8, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
UNMOUNT, OVERFLOW, IGNORED, IS_FOLDER = 0x2000, 0x4000, 0x8000, 0x40000000
ALL = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF
ONLY_FOLDERS, NO_LINKS, NOT_THE_UNLINKED = 0x1000000, 0x2000000, 0x4000000
MASK = ALL | ONLY_FOLDERS | NO_LINKS | NOT_THE_UNLINKED
HEAD = Struct("=iIII")
CHUNK = 65536


class Inotify:
    """One instance, of which a user has few. OSError where there is none to be had."""

    def __init__(self) -> None:
        try:
            import _ctypes

            library = _ctypes.dlopen(None, 0)
            begin, self._add, self._remove = [_ctypes.dlsym(library, "inotify_" + name) for name in ("init1", "add_watch", "rm_watch")]
        except (ImportError, OSError):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
        self._call: Any = _ctypes.call_function
        self.fd: int = self._call(begin, (os.O_NONBLOCK | os.O_CLOEXEC,))
        if self.fd < 0:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def add(self, path: bytes) -> int:
        """Watches a folder; the number of its watch, the same for the same folder, or -1 where it cannot be watched."""
        return self._call(self._add, (self.fd, path, MASK))

    def remove(self, watch: int) -> None:
        """Ends a watch."""
        self._call(self._remove, (self.fd, watch))

    def read(self) -> list[tuple[int, int, int, bytes]]:
        """Some of what has happened: watch, mask, cookie and name of each; empty where there is nothing."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return []
        events: list[tuple[int, int, int, bytes]] = []
        at = 0
        while at < len(data):
            watch, mask, cookie, size = HEAD.unpack_from(data, at)
            at += HEAD.size + size
            events.append((watch, mask, cookie, data[at - size : at].rstrip(b"\0")))
        return events

    def close(self) -> None:
        """Ends all watches."""
        os.close(self.fd)
