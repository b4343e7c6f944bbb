"""Notices what code of the same user can change of a process that it cannot trace: limits, priority, scheduling."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TAMPERED = 70


class Settings:
    """The settings that the agent began with; what it starts for itself inherits them."""

    def __init__(self) -> None:
        self._expected = _read(os.getpid())

    def check(self, helpers: Iterable[int]) -> None:
        """Ends the agent where its own have changed, for they cannot be changed back; kills the helpers whose have."""
        if self._expected is None:
            return
        if _read(os.getpid()) != self._expected:
            os._exit(TAMPERED)
        for pid in helpers:
            if _read(pid) not in (self._expected, None):
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass  # It is gone already.


def _read(pid: int) -> tuple[bytes, int, int, set[int]] | None:
    try:
        fd = os.open("/proc/%d/limits" % pid, os.O_RDONLY | os.O_CLOEXEC)
        try:
            limits = os.read(fd, 4096)
        finally:
            os.close(fd)
        return limits, os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid), os.sched_getaffinity(pid)
    except OSError:
        return None
