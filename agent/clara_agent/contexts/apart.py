"""Starts interpreters that nothing warm waits for, and that speak by lines."""

from __future__ import annotations

from _socket import SOCK_STREAM

from ..io.process import spawn
from .control import start_with_control
from .messages import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..io.loop import Loop
    from .roles import Interrupt


class ApartStarter:
    """Starts a program for each context: what is its language's is said below."""

    # Code cannot ask for lines.
    asks = False
    # Whether it may run on when its control has ended.
    outlives_control = False

    def argv(self) -> list[bytes]:
        """The program."""
        raise NotImplementedError

    def greeting(self, job: dict[str, Any]) -> bytes:
        """What it is sent before all cells."""
        raise NotImplementedError

    def place(self, null: int, control: int, outputs: list[int]) -> list[int]:
        """Its descriptors from 0 on, of /dev/null, its control and its outputs."""
        raise NotImplementedError

    def settled(self, environment: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """The environment that it starts in."""
        return environment

    def messages(self) -> Lines:
        """How it is spoken to."""
        raise NotImplementedError

    def interrupt(self, loop: Loop, pid: int, tell: Callable[[dict[str, Any]], object]) -> Interrupt:
        """Interrupts it and, as from a terminal, what its code has started."""
        raise NotImplementedError

    def fork(self, job: dict[str, Any], descriptors: list[int]) -> socket | None:
        """None waits to be forked."""
        return None

    def start(self, environment: Mapping[bytes, bytes], job: dict[str, Any], descriptors: list[int]) -> tuple[int, socket]:
        """Its pid and the agent's end of its control."""

        def start(null: int, control: int) -> int:
            pid = spawn(self.argv(), self.settled(environment), job["cwd"], self.place(null, control, descriptors), False)
            _end_first_on_oom(pid)
            return pid

        return start_with_control(SOCK_STREAM, self.greeting(job), start)

    def give_up(self) -> None:
        """None waits."""


def _end_first_on_oom(pid: int) -> None:
    """Where memory runs out, it goes before the agent."""
    try:
        with open("/proc/%d/oom_score_adj" % pid, "w") as file:
            file.write("1000")
    except OSError:
        pass  # Some runtimes have no such file, or it has ended.
