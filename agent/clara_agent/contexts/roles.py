"""What contexts need of those around them, for the type checker: nothing imports this when the agent runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from _socket import socket

from ..wire.errors import Failure
from ..host.cgroup import OomCounter
from ..io.loop import Loop
from ..io.scratch import Scratch
from ..processes.tracking import Tracking
from ..watching.changes import Changes
from ..wire.contracts import Host


class ContextHost(Host, Protocol):
    """The agent, as contexts see it."""

    oom: OomCounter
    scratch: Scratch

    def changes(self) -> Changes: ...


class Cell(Protocol):
    """One call, as its context sees it."""

    timeout_ms: int | None
    is_silent: bool
    # Whether its code has types to be taken from it; None where its context knows.
    is_typed: bool | None
    # Whether somebody answers the lines that its code asks for.
    asks: bool
    # Whether its code goes on only when what it shows is read.
    waits: bool
    source: bytearray
    # It begins when that is ready.
    tracking: Tracking

    # It is its turn.
    def begin(self, outputs: list[int]) -> None: ...
    # Its code has ended; calls back when all of its output is sent.
    def over(self, end: dict[str, Any], then: Any) -> None: ...
    # It cannot run.
    def on_failure(self, failure: Failure) -> None: ...


class Messages(Protocol):
    """How one interpreter is spoken to over its control."""

    def encode(self, message: dict[str, Any]) -> bytes: ...
    # What has come: kind, first and second of each; None at the end. Raises as `recv` does.
    def receive(self, control: socket) -> list[tuple[int, int, int]] | None: ...


class Interrupt(Protocol):
    """One that is under way."""

    # The cell is over.
    def stop(self) -> None: ...


class Starter(Protocol):
    """How interpreters of one language are started."""

    max_inline: int
    asks: bool
    outlives_control: bool

    # A fork of one that waits: the agent's end of its control; None where there is none to fork.
    def fork(self, job: dict[str, Any], descriptors: list[int]) -> socket | None: ...
    def start(self, environment: Mapping[bytes, bytes], job: dict[str, Any], descriptors: list[int]) -> tuple[int, socket]: ...
    def messages(self) -> Messages: ...
    # Interrupts what the process runs, which was told of it; `tell` gives it another message.
    def interrupt(self, loop: Loop, pid: int, tell: Callable[[dict[str, Any]], object]) -> Interrupt: ...
    def give_up(self) -> None: ...
