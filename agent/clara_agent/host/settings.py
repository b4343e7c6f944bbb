"""Notices what code of the same user can change of a process that it cannot trace: limits, priority, scheduling."""

from __future__ import annotations

import os

TAMPERED = 70
ROOM = 4096


class Settings:
    """The settings that the agent began with; what it starts for itself inherits them."""

    def __init__(self) -> None:
        # Of the agent and its helpers: to read one that is open takes a third of the time of finding and opening it too.
        self._limits: dict[int, int] = {}
        self._own = os.getpid()
        self._expected = self._read(self._own)

    def check(self, helpers: list[int]) -> None:
        """Ends the agent where its own have changed, for they cannot be changed back; kills the helpers whose have."""
        if self._expected is None:
            return
        if self._read(self._own) != self._expected:
            os._exit(TAMPERED)
        for pid in helpers:
            if self._read(pid) not in (self._expected, None):
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass  # It is gone already.
        if helpers and len(self._limits) > len(helpers) + 1:
            for pid in self._limits.keys() - {self._own, *helpers}:
                os.close(self._limits.pop(pid))

    def _read(self, pid: int) -> tuple[bytes, int, int, set[int]] | None:
        try:
            return self._limits_of(pid), os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid), os.sched_getaffinity(pid)
        except OSError:
            return None

    def _limits_of(self, pid: int) -> bytes:
        fd = self._limits.get(pid)
        if fd is not None:
            try:
                return os.pread(fd, ROOM, 0)
            except OSError:
                # That process has ended, and its number may be another's.
                os.close(self._limits.pop(pid))
        fd = os.open("/proc/%d/limits" % pid, os.O_RDONLY | os.O_CLOEXEC)
        self._limits[pid] = fd
        return os.pread(fd, ROOM, 0)
