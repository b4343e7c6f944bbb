"""What a process needs of those around it; for type checkers alone."""
from __future__ import annotations

from typing import Any, Protocol

from ..errors import Failure


class Sink(Protocol):
    """Where outputs go, and where credit for input goes back to."""

    def room(self) -> int:
        """How many bytes it takes now."""

    def data(self, stream: int, payload: bytes) -> None:
        """Bytes of an output."""

    def consumed(self, size: int) -> None:
        """Bytes of the input have been written."""


class Listener(Protocol):
    """Who hears how a process goes on."""

    def on_running(self) -> None:
        """The process is there."""

    def on_result(self, result: dict[str, Any]) -> None:
        """It has ended, and all of its outputs have gone to the sink."""

    def on_failure(self, failure: Failure) -> None:
        """It could not be started."""


class Reader(Protocol):
    """Who reads the events of a kept process."""

    @property
    def backlog(self) -> int:
        """Bytes of the process that it has not taken."""

    def pump(self) -> None:
        """There are more events."""

    def on_forgotten(self) -> None:
        """The process was deleted."""


class Writer(Protocol):
    """Who writes to the input of a kept process."""

    def on_written(self, size: int) -> None:
        """The process has read so much of it."""

    def on_closed(self) -> None:
        """The process reads no more."""
