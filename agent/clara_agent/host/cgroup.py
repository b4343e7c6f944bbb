"""Reads the container's own memory control group, in the layout of version 1 or 2."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class OomCounter:
    """Counts what the OOM killer has taken; the file stays open, since it is read twice in each run."""

    def __init__(self) -> None:
        self._fd = _open(EVENTS)

    def read(self) -> int:
        """How many processes so far; 0 where nobody counts."""
        if self._fd is None:
            return 0
        try:
            text = os.pread(self._fd, 4096, 0)
        except OSError:
            return 0
        at = text.find(b"oom_kill ")
        return int(text[at + 9 :].split(b"\n", 1)[0]) if at >= 0 else 0


def memory_limit() -> int | None:
    """The memory limit in bytes, or None."""
    fd = _open(LIMITS)
    if fd is None:
        return None
    try:
        text = os.read(fd, 64).strip()
    finally:
        os.close(fd)
    limit = int(text) if text.isdigit() else None
    return limit if limit and limit < 1 << 60 else None


def _open(paths: Sequence[str]) -> int | None:
    for path in paths:
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
    return None
