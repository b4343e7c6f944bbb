"""The operation `run`: a program whose caller waits for its result on the same channel."""

from __future__ import annotations

from .process import Process
from .states import CANCELLED, DRAINED
from .program_operation import ProgramOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..wire.errors import Failure
    from ..io.contracts import Bytes

# What lists show of a long program, in bytes.
MAX_TOLD = 4096


class Run(ProgramOperation):
    """One program. Outputs go out on the channel, the result comes when the program has ended."""

    # How its program begins; lists show it while it runs, under a number that it is given then.
    told: bytes | None = None
    number: int | None = None
    ended: dict[str, Any] | None = None
    # Who waits until it is over, where anybody does.
    waiters: list[Callable[[], object]] | None = None

    def begin(self, source: Bytes) -> None:
        """Starts the program."""
        self.told = bytes(source[:MAX_TOLD])
        self.process = Process(self.agent, self.request, source, self.channel, self)

    def on_running(self) -> None:
        """The process is there."""

    def on_result(self, result: dict[str, Any]) -> None:
        """The program has ended and all of its output is sent."""
        self.ended = result
        self.channel.result(result)
        self._tell()

    def on_failure(self, failure: Failure) -> None:
        """The program could not be started."""
        self.channel.error(failure)
        self._tell()

    def _tell(self) -> None:
        waiters, self.waiters = self.waiters, None
        for waiter in waiters or ():
            waiter()

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        if self.process:
            self.process.on_room()

    def on_cancel(self) -> None:
        """Ends the tree; the result says that it was cancelled."""
        if self.process:
            self.process.end(CANCELLED)
        else:
            super().on_cancel()

    def stop(self) -> None:
        """Nobody hears a result: nothing is left running."""
        if self.process and self.process.state != DRAINED:
            self.process.abandon()
            self._tell()
