"""A plain run as lists of processes show it: while it runs it has a number, can be signalled and ended, and nothing of it is kept."""

from __future__ import annotations

import os
from time import monotonic, time

from ..io.tree import signal_all
from .states import CANCELLED, DRAINED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .process import Process
    from .run import Run


class PlainRun:
    """The process of a caller that waits for its result on its own channel."""

    writer = None

    def __init__(self, run: Run) -> None:
        assert run.process
        self._run = run
        self.process: Process = run.process
        if run.waiters is None:
            run.waiters = []
        self.waiters: list[Callable[[], object]] = run.waiters

    @property
    def is_over(self) -> bool:
        """Whether its result has left."""
        return self.process.state == DRAINED

    def describe(self) -> dict[str, Any]:
        """What is known of it, for the server."""
        process = self.process
        request = process.request
        started_at = time() - (monotonic() - process.started)
        return {
            "id": self._run.number,
            "about": {},
            "plain": {
                "program": request.program,
                "command": " ".join(map(os.fsdecode, request.argv)) if request.argv else (self._run.told or b"").decode("utf-8", "replace"),
                "cwd": os.fsdecode(request.cwd),
            },
            "pid": process.pid,
            "startedAtMs": round(started_at * 1000),
            "endedAtMs": round(time() * 1000) if self.is_over else None,
            "exit": self._run.ended,
            "tty": None,
            "keepAwake": False,
            "firstEvent": 1,
            "lastEvent": 0,
        }

    def kill(self) -> None:
        """Ends its tree; its caller hears that it was cancelled."""
        self.process.end(CANCELLED)
        self.process.on_room()

    def signal(self, number: int, is_for_tree: bool) -> bool:
        """Sends a signal to the program, or to all below it too; false where it has ended."""
        pid = self.process.pid
        if not pid or self.process.has_exited:
            return False
        signal_all(pid, number, is_for_tree)
        return True
