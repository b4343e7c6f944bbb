"""Who is told when a child ends: SIGCHLD wakes the loop, then all that have ended are reaped."""

from __future__ import annotations

import os

import _signal

from .loop import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop


class Children:
    """Children of the agent, and orphans that it inherits as their subreaper."""

    def __init__(self, loop: Loop) -> None:
        self._waiting = {}
        self._wake, writer = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(writer, False)
        _signal.signal(_signal.SIGCHLD, _ignore)
        _signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        loop.add(self._wake, READ, self._ended)

    def watch(self, pid: int, on_exit: Callable[[int], object]) -> None:
        """Calls `on_exit(status)` with the wait status of a child."""
        self._waiting[pid] = on_exit

    def forget(self, pid: int) -> None:
        """Takes a watch back."""
        self._waiting.pop(pid, None)

    def _ended(self, events: int) -> None:
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            pass
        self.reap()

    def reap(self) -> None:
        """Reaps everything that has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            on_exit = self._waiting.pop(pid, None)
            if on_exit:
                on_exit(status)


def _ignore(number: int, frame: object) -> None:
    pass
