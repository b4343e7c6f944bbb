"""Contexts of bash: an interactive shell without a terminal, which an interrupt brings back to its next command.

It reads its commands from its control: each cell is a file that it sources, so that for the code it is no interactive shell.
"""

from __future__ import annotations

import os

from .apart import ApartStarter
from .messages import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Where its control and its stderr are while no cell runs: out of the way of what code opens.
CONTROL, ERRORS = 200, 201
GREETING = (
    "exec %d>&3 %d>&4 3>&- 4>&-; set +mH +o history; unset PS0 PS1 PS2 PROMPT_COMMAND MAILCHECK HISTFILE; builtin printf 'ready\\n' >&%d\n"
    % (CONTROL, ERRORS, CONTROL)
)
# Nothing is typed, its control is not there, and what the shell itself has to say of jobs and interrupts is not heard.
CELL = "\\builtin . %s </dev/null 2>&%d %d>&- %d>&-\n\\builtin printf 'done %d %%d\\n' $? >&%d\n"
PROMPTS = {b"PS1": b"", b"PS2": b""}
UNWANTED = (b"PROMPT_COMMAND", b"PS0", b"BASH_ENV", b"ENV")


class BashMessages(Lines):
    """Cells as lines of bash."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def encode(self, message: dict[str, Any]) -> bytes:
        """A cell; there is nothing else to tell."""
        if "file" not in message:
            return b""
        if not message["silent"]:
            self._count += 1
        path = "'%s'" % os.fsdecode(message["file"]).replace("'", "'\\''")
        return os.fsencode(CELL % (path, ERRORS, ERRORS, CONTROL, self._count, CONTROL))


class BashStarter(ApartStarter):
    """Starts a bash for each context."""

    # All cells are files.
    max_inline = -1
    # `exec` puts another program in its place, which ends as it does.
    outlives_control = True
    # Until its exec a program has the shell's handlers.
    loses_interrupts = True

    def argv(self) -> list[bytes]:
        return [b"bash", b"--norc", b"--noprofile", b"--noediting", b"-i"]

    def greeting(self) -> bytes:
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
