"""The operation `usage`: what folders take on their disk, measured in a child."""

from __future__ import annotations

import os
import stat
import time

from ..wire.parameters import take, take_count, to_path
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = 512
MAX_PATHS = 16


class Usage(JobOperation):
    """Counts blocks and entries below the paths, and stops when it has counted enough or for long enough."""

    def start(self) -> None:
        """Answers when the child is through."""
        paths = [to_path(path, self.agent.workspace) for path in take(self.parameters, "paths", list)[:MAX_PATHS] if isinstance(path, str)]
        seconds = take_count(self.parameters, "timeMs") / 1000
        entries = take_count(self.parameters, "entries")
        self.job = Job(self.agent, self.channel, lambda *_: measure(paths, seconds, entries))


def measure(paths: list[bytes], seconds: float, most: int) -> dict[str, Any]:
    """What all paths together take; changes the working folder, so it runs in a child."""
    walk = Walk(time.monotonic() + seconds, most)
    for path in paths:
        walk.measure(path)
    return {"bytes": walk.blocks * BLOCK, "entries": walk.entries, "complete": walk.is_complete}


class Walk:
    """Goes through folders of any depth without following links or crossing into other file systems."""

    def __init__(self, deadline: float, most: int) -> None:
        self.blocks = 0
        self.entries = 0
        self.is_complete = True
        self._deadline = deadline
        self._most = most
        self._linked = set()

    def measure(self, path: bytes) -> None:
        """Adds one folder."""
        try:
            os.chdir(path)
        except FileNotFoundError:
            return
        device = os.stat(b".").st_dev
        above = []
        names = self._count(device)
        while self.is_complete:
            if names:
                inner = self._enter(names.pop(), device)
                if inner is not None:
                    above.append((names, inner))
                    names = self._count(device)
                continue
            if not above:
                return
            names, place = above.pop()
            os.chdir(b"..")
            # A folder that was moved meanwhile has another one above it.
            if _place() != place:
                self.is_complete = False

    def _enter(self, name: bytes, device: int) -> tuple[int, int] | None:
        """Goes into a folder; the place that it was left from, or nothing where it cannot be entered."""
        place = _place()
        try:
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if os.fstat(fd).st_dev != device:
                return None
            os.fchdir(fd)
        except OSError:
            return None
        finally:
            os.close(fd)
        return place

    def _count(self, device: int) -> list[bytes]:
        """Adds what is in this folder; the names of the folders in it."""
        folders = []
        try:
            with os.scandir(b".") as found:
                for entry in found:
                    if self.entries >= self._most or time.monotonic() > self._deadline:
                        self.is_complete = False
                        return []
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if status.st_dev == device:
                        self._add(status)
                        if stat.S_ISDIR(status.st_mode):
                            folders.append(os.fsencode(entry.name))
        except OSError:
            pass
        return folders

    def _add(self, status: os.stat_result) -> None:
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            if status.st_ino in self._linked:
                return
            self._linked.add(status.st_ino)
        self.entries += 1
        self.blocks += status.st_blocks


def _place() -> tuple[int, int]:
    status = os.stat(b".")
    return status.st_dev, status.st_ino
