"""What contexts need of those around them, for the type checker: nothing imports this when the agent runs."""

from __future__ import annotations

from typing import Any, Protocol

from ..errors import Failure
from ..host.cgroup import OomCounter
from ..io.scratch import Scratch
from ..wire.contracts import Host


class ContextHost(Host, Protocol):
    """The agent, as contexts see it."""

    oom: OomCounter
    scratch: Scratch


class Cell(Protocol):
    """One call, as its context sees it."""

    timeout_ms: int | None
    is_silent: bool
    # Whether somebody answers the lines that its code asks for.
    asks: bool
    source: bytearray

    # It is its turn.
    def begin(self, outputs: list[int]) -> None: ...
    # Its code has ended; calls back when all of its output is sent.
    def over(self, end: dict[str, Any], then: Any) -> None: ...
    # It cannot run.
    def on_failure(self, failure: Failure) -> None: ...
