"""What a process needs of those around it, for the type checker: nothing imports this when the agent runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..wire.errors import Failure
from ..host.cgroup import OomCounter
from ..host.folders import Folders
from ..io.contracts import Bytes
from ..io.scratch import Scratch
from ..python.pool import InterpreterPool
from ..watching.changes import Changes
from ..wire.contracts import Host
from .process import Process
from .prestarted_shell import PrestartedShell


class ProgramHost(Host, Protocol):
    """The agent, as programs see it."""

    oom: OomCounter
    folders: Folders
    scratch: Scratch
    interpreters: InterpreterPool
    prestarted_shell: PrestartedShell
    runs: set[Process]

    def changes(self) -> Changes: ...
    def own_pids(self) -> list[int]: ...
    def check_settings(self) -> None: ...
    def clear_background(self, then: Callable[[], object]) -> None: ...


class Sink(Protocol):
    """Where outputs go, and where credit for input goes back to."""

    # How many bytes it takes now.
    def room(self) -> int: ...
    # Bytes of an output.
    def data(self, stream: int, payload: Bytes) -> None: ...
    # Bytes of the input have been written.
    def consumed(self, size: int) -> None: ...


class Listener(Protocol):
    """Who hears how a process goes on."""

    # How the program of a plain run begins; None for one that is kept.
    told: bytes | None

    # The process is there.
    def on_running(self) -> None: ...
    # It has ended, and all of its outputs have gone to the sink.
    def on_result(self, result: dict[str, Any]) -> None: ...
    # It could not be started.
    def on_failure(self, failure: Failure) -> None: ...


class Reader(Protocol):
    """Who reads the events of a kept process."""

    # The event that it has not taken.
    @property
    def next_id(self) -> int: ...
    # What keeping all that it has not taken costs, in bytes.
    @property
    def backlog(self) -> int: ...
    # There are more events.
    def pump(self) -> None: ...
    # The process was deleted.
    def on_forgotten(self) -> None: ...


class Writer(Protocol):
    """Who writes to the input of a kept process."""

    # The process has read so much of it.
    def on_written(self, size: int) -> None: ...
    # The process reads no more.
    def on_closed(self) -> None: ...
