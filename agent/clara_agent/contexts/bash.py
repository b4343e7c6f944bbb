"""Contexts of bash: an interactive shell without a terminal, which an interrupt brings back to its next command.

It reads its commands from its control: each cell is a file that it sources, so that for the code it is no interactive shell.
"""

from __future__ import annotations

import os

from .apart import ApartStarter
from .interrupting import ShellInterrupt
from .messages import DONE, Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..io.loop import Loop

# Where its control and its stderr are while no cell runs: out of the way of what code opens.
CONTROL, ERRORS = 200, 201
GREETING = (
    "exec %d>&3 %d>&4 3>&- 4>&-; set +mH +o history; unset PS0 PS1 PS2 PROMPT_COMMAND MAILCHECK HISTFILE; builtin printf 'ready\\n' >&%d\n"
    % (CONTROL, ERRORS, CONTROL)
)
# Nothing is typed, its control is not there, and what the shell itself has to say of jobs and interrupts is not heard.
CELL = "\\builtin . %s </dev/null 2>&%d %d>&- %d>&-\n"
OVER = "\\builtin printf 'done %d %%d\\n' %s >&%d\n"
INTERRUPTED = "130"
PROMPTS = {b"PS1": b"", b"PS2": b""}
UNWANTED = (b"PROMPT_COMMAND", b"PS0", b"BASH_ENV", b"ENV")


class BashMessages(Lines):
    """Cells as lines of bash."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        # The one that was given last, by which the shell says that it is over, and whether it has said so.
        self._number = 0
        self._is_over = True

    def encode(self, message: dict[str, Any]) -> bytes:
        """A cell, or that it is over where its own end was lost; there is nothing else to tell."""
        if "over" in message:
            return os.fsencode(OVER % (self._number, INTERRUPTED, CONTROL))
        if "file" not in message:
            return b""
        self._number += 1
        self._is_over = False
        if not message["silent"]:
            self._count += 1
        path = "'%s'" % os.fsdecode(message["file"]).replace("'", "'\\''")
        return os.fsencode(CELL % (path, ERRORS, ERRORS, CONTROL) + OVER % (self._number, "$?", CONTROL))

    def receive(self, control: socket) -> list[tuple[int, int, int]] | None:
        """The end of a cell is told once."""
        lines = super().receive(control)
        if lines is None:
            return None
        found = []
        for kind, number, code in lines:
            if kind != DONE:
                found.append((kind, number, code))
            elif number == self._number and not self._is_over:
                self._is_over = True
                found.append((DONE, self._count, code))
        return found


class BashStarter(ApartStarter):
    """Starts a bash for each context."""

    # All cells are files.
    max_inline = -1
    # `exec` puts another program in its place, which ends as it does.
    outlives_control = True

    def argv(self) -> list[bytes]:
        return [b"bash", b"--norc", b"--noprofile", b"--noediting", b"-i"]

    def greeting(self, job: dict[str, Any]) -> bytes:
        return GREETING.encode()

    def place(self, null: int, control: int, outputs: list[int]) -> list[int]:
        out, err, _ = outputs
        return [control, out, null, control, err]

    def settled(self, environment: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        kept = {name: value for name, value in environment.items() if name not in UNWANTED}
        kept.update(PROMPTS)
        return kept

    def messages(self) -> BashMessages:
        return BashMessages()

    def interrupt(self, loop: Loop, pid: int, tell: Callable[[dict[str, Any]], object]) -> ShellInterrupt:
        return ShellInterrupt(loop, pid, lambda: tell({"over": True}))
