"""One Python script on its way into an interpreter."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from .contracts import Waiter
    from .pool import InterpreterPool
    from .zygote_client import ZygoteClient

SIGKILL = 9


class PythonLaunch:
    """Tells `run` what becomes of the script; a zygote that is lost before it could start is replaced."""

    def __init__(self, interpreters: InterpreterPool, job: dict[str, Any], descriptors: list[int], run: Waiter, source: Bytes | None = None) -> None:
        self._interpreters = interpreters
        self.job = job
        self.descriptors = descriptors
        # What it reads; None where that is nothing.
        self.stdin: int | None = None
        self._run = run
        # Its text decides which interpreter it gets; None where it is no Python.
        self.source = source
        self.losses = 0
        self.is_alone = False
        # Whether interpreters end or hang before they get to a script: what the user has them do at their start.
        self.is_broken = False
        self.zygote: ZygoteClient | None = None

    def begin(self, open_stdin: Callable[[], int | None] | None = None) -> None:
        """Sends the script on its way; one that reads something gets an interpreter of its own. OSError where no process can be had."""
        try:
            if open_stdin:
                self.is_alone = True
                self.stdin = open_stdin()
            self._interpreters.run(self)
        except BaseException:
            self._close()
            raise

    def give_up(self) -> None:
        """The run is unwanted before its process is there: an interpreter that does not answer holds it up no longer."""
        if self.zygote:
            self.zygote.give_up()

    @property
    def is_unwanted(self) -> bool:
        """Whether nobody waits for its program any more."""
        return self._run.is_unwanted

    def on_started(self, pid: int) -> None:
        """The process is there and has the descriptors."""
        if self.zygote:
            self.is_broken = False
        self.zygote = None
        self._close()
        self.source = None
        self._run.on_started(pid)

    def on_exited(self, status: int) -> None:
        """The process has ended."""
        self._close()
        self._run.on_exited(status)

    def on_lost(self) -> None:
        """The interpreter went before the script could start."""
        self.is_broken = bool(self.zygote) and not self.zygote.has_spoken
        self._begin_again()

    def _begin_again(self) -> None:
        self.zygote = None
        if self._run.is_unwanted:
            return self.on_exited(SIGKILL)
        self.losses += 1
        try:
            self._interpreters.run(self)
        except OSError as error:
            self._close()
            self._run.on_refused(error)
        return None

    def on_unsent(self) -> None:
        """Its descriptors cannot be passed to the zygote: it gets an interpreter of its own, which inherits them."""
        self.is_alone = True
        self._begin_again()

    def on_refused(self, number: int) -> None:
        """The fork failed."""
        self._close()
        self._run.on_refused(OSError(number, os.strerror(number)))

    def _close(self) -> None:
        descriptors, self.descriptors = self.descriptors, []
        stdin, self.stdin = self.stdin, None
        for fd in descriptors if stdin is None else [stdin, *descriptors]:
            os.close(fd)
