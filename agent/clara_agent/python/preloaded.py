"""The zygote that has modules imported ahead, beside the plain one: made again when there is more to import or what they have read has changed."""

from __future__ import annotations

import os

from ..host.cgroup import memory_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import Bytes
    from ..io.loop import Loop, Timer
    from .forecast import Forecast
    from .preload import Preload
    from .zygote_client import ZygoteClient

IMPORT_SECONDS = 30
# Preloaded modules may take this part of the sandbox's memory.
MEMORY_PART = 4


class Preloaded:
    """`start(names)` makes an interpreter; `pick(source)` is the one that a script may have, if there is one."""

    def __init__(self, loop: Loop, preload: Preload, start: Callable[[list[str]], ZygoteClient], environment: dict[bytes, bytes], workspace: bytes) -> None:
        self._loop = loop
        self._preload = preload
        self._start = start
        self._workspace = workspace
        # Beside the packages these decide what modules are once they are imported.
        settings = os.path.join(environment.get(b"XDG_CONFIG_HOME") or os.path.join(environment.get(b"HOME", b"/"), b".config"), b"matplotlib")
        self._read = [os.path.join(workspace, b"matplotlibrc"), os.path.join(settings, b"matplotlibrc"), os.path.join(settings, b"stylelib")]
        self._stamps: list[tuple[int, int, int] | None] | None = None
        self._forecast: Forecast | None = None
        self._current: ZygoteClient | None = None
        self._next: ZygoteClient | None = None
        self._deadline: Timer | None = None

    def pids(self) -> list[int]:
        """Its processes."""
        return [pid for zygote in (self._current, self._next) if zygote for pid in zygote.pids()]

    def pick(self, source: Bytes) -> ZygoteClient | None:
        """The interpreter, where this script may have it; else None, and one is made if it is missing."""
        if not self._forecast or not self._forecast.fits(source, self._workspace):
            return None
        if self._stamps != self._stamp():
            self.renew()
        elif not self._current and not self._next:
            self._prepare()
        return self._current if self._current and self._current.is_alive else None

    def learn(self, report: bytes) -> None:
        """Takes note of what a run has imported."""
        if self._preload.learn(report):
            self._prepare()

    def renew(self) -> None:
        """Makes another: what it has imported is no longer what is there."""
        self._preload.forgive()
        current, self._current = self._current, None
        if current:
            current.retire()
        self._prepare()

    def _stamp(self) -> list[tuple[int, int, int] | None]:
        return [stamp_of(path) for path in self._read]

    def _prepare(self) -> None:
        """Starts the interpreter that is to follow."""
        self._abandon()
        names = self._preload.names()
        if not names:
            return
        self._foresee(names)
        self._stamps = self._stamp()
        try:
            self._next = self._start(names)
        except OSError:
            return
        self._next.on_dead = self._lost
        self._next.on_ready = self._switch
        self._deadline = self._loop.later(IMPORT_SECONDS, self._too_late)

    def _foresee(self, names: list[str]) -> None:
        # Not before it is needed: expressions take the agent a tenth of its memory.
        from .forecast import Forecast

        self._forecast = Forecast(names)

    def _abandon(self) -> None:
        following, self._next = self._next, None
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        if following:
            following.kill()

    def _switch(self, zygote: ZygoteClient) -> None:
        if zygote is not self._next:
            return None
        for number in zygote.broken:
            self._preload.refuse(zygote.preload[number])
        limit = memory_limit()
        if len(zygote.broken) == len(zygote.preload) or (limit and _resident_bytes(zygote.pid) * MEMORY_PART > limit):
            self._forecast = None
            return self._abandon()
        self._next = None
        if self._deadline:
            self._deadline.cancel()
        self._foresee(self._preload.names())
        current, self._current = self._current, zygote
        if current:
            current.retire()
        return None

    def _too_late(self) -> None:
        self._deadline = None
        if self._next:
            self._refuse_and_retry(self._next)

    def _refuse_and_retry(self, zygote: ZygoteClient) -> None:
        if zygote.importing is not None:
            self._preload.refuse(zygote.preload[zygote.importing])
            self._prepare()
        else:
            self._abandon()

    def _lost(self, zygote: ZygoteClient) -> None:
        if zygote is self._current:
            self._current = None
        elif zygote is self._next:
            self._refuse_and_retry(zygote)


def stamp_of(path: str | bytes) -> tuple[int, int, int] | None:
    """Tells one state of a file or folder from another; None where it is absent."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _resident_bytes(pid: int) -> int:
    try:
        with open("/proc/%d/statm" % pid, "rb", 0) as file:
            return int(file.read(256).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
