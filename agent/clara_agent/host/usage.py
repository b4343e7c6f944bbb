"""The operation `usage`: what folders take on their disk, measured in a child."""

from __future__ import annotations

import os
import stat
import time

from ..wire.parameters import take, take_count, to_path
from ..io.trail import Trail, place
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
        device = place()[0]
        with Trail() as trail:
            above = [self._count(device)]
            while above and self.is_complete:
                if above[-1]:
                    if self._enter(trail, above[-1].pop(), device):
                        above.append(self._count(device))
                    continue
                above.pop()
                if above:
                    self._leave(trail)

    def _enter(self, trail: Trail, name: bytes, device: int) -> bool:
        """Goes into a folder of the same file system; whether it can be entered."""
        try:
            trail.enter(name)
        except OSError:
            return False
        if place()[0] == device:
            return True
        trail.leave()
        return False

    def _leave(self, trail: Trail) -> None:
        try:
            trail.leave()
        except OSError:
            self.is_complete = False  # It was moved meanwhile, or one above it.

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

