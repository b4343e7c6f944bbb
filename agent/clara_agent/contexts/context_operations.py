"""The operations on contexts: make one, list them, interrupt, restart and delete one."""

from __future__ import annotations

import os

from ..wire.errors import Failure
from ..wire.operation import Operation
from ..wire.parameters import take, take_count, take_environment, take_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.loop import Timer
    from .context import Context
    from .table import ContextTable

MAX_CONTEXTS = 1024
MAX_ENVIRONMENT = 128 << 10
MAX_NAME = 64
# How long a caller of a restart waits: a cell that is cut off is over when its reader has all that it said.
RESTART_SECONDS = 10


def take_name(parameters: dict[str, Any]) -> str:
    """The id of a context."""
    name = take(parameters, "id", str)
    if not 0 < len(name) <= MAX_NAME:
        raise Failure("invalid", "The id of a context must have 1 to %d characters." % MAX_NAME)
    return name


def take_asked(parameters: dict[str, Any], workspace: str) -> dict[str, Any]:
    """What a context is made with."""
    environment = take_environment(parameters)
    if sum(len(name) + len(value) + 2 for name, value in environment.items()) > MAX_ENVIRONMENT:
        raise Failure("too_large", "The environment of a context can have at most %d bytes." % MAX_ENVIRONMENT)
    return {
        "about": take(parameters, "about", dict, {}),
        "language": take(parameters, "language", str, "python"),
        "cwd": take_path(parameters, "cwd", workspace) if parameters.get("cwd") else os.fsencode(workspace),
        "env": environment,
        "lost": take(parameters, "lost", bool, False),
        "rich": take(parameters, "rich", bool, False),
    }


def require_language(name: str, language: str, wanted: str | None) -> None:
    """Failure `mismatch` where code is in another language than its context."""
    if wanted is not None and wanted != language:
        raise Failure("mismatch", "The context %s is one of %s." % (name, language))


class Make(Operation):
    """Makes a context where there is none of its id; `made` says whether it did."""

    def start(self) -> None:
        """Answers at once; its interpreter starts meanwhile."""
        table: ContextTable = self.agent.contexts()
        name = take_name(self.parameters)
        found = table.get(name)
        context = found or table.make(name, take_asked(self.parameters, self.agent.workspace), take_count(self.parameters, "most", MAX_CONTEXTS))
        self.channel.result({"made": found is None, "context": context.describe()})


class Contexts(Operation):
    """All contexts."""

    def start(self) -> None:
        """Answers at once."""
        self.channel.result({"contexts": [context.describe() for context in self.agent.contexts().all()]})


class _OnOne(Operation):
    """Does something to one context."""

    def start(self) -> None:
        """Answers at once."""
        context: Context = self.agent.contexts().find(take_name(self.parameters))
        self.act(context)
        self.channel.result(context.describe())

    def act(self, context: Context) -> None:
        """What is done."""
        raise NotImplementedError


class Interrupt(_OnOne):
    """Raises KeyboardInterrupt in the cell that runs."""

    def act(self, context: Context) -> None:
        context.interrupt()


class Restart(Operation):
    """Gives it a fresh interpreter."""

    def start(self) -> None:
        """Answers when that stands, or late if what a cell said that was cut off is still being read."""
        self._context: Context = self.agent.contexts().find(take_name(self.parameters))
        self._deadline: Timer | None = None
        self._context.restart(self._answer)
        if not self.channel.is_over:
            self._deadline = self.agent.loop.later(RESTART_SECONDS, self._answer)

    def _answer(self) -> None:
        self.stop()
        self.channel.result(self._context.describe())

    def stop(self) -> None:
        """Waits no longer."""
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None


class Delete(_OnOne):
    """Ends and forgets it."""

    def act(self, context: Context) -> None:
        self.agent.contexts().delete(context)
