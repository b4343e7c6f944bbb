"""All contexts of a sandbox, and what their interpreters are started by."""

from __future__ import annotations

from ..wire.errors import Failure
from .context import Context
from .starters import Starters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .roles import ContextHost


class ContextTable:
    """Keeps contexts by id."""

    def __init__(self, agent: ContextHost) -> None:
        self._agent = agent
        self._starters = Starters(agent)
        self._contexts: dict[str, Context] = {}

    def pids(self) -> list[int]:
        """The processes of contexts."""
        return self._starters.pids() + [pid for context in self._contexts.values() for pid in context.pids()]

    def make(self, name: str, asked: dict[str, Any], most: int) -> Context:
        """Makes one; Failure `exists` where there are as many as may be, and none of them is dead."""
        while len(self._contexts) >= most:
            dead = [context for context in self._contexts.values() if context.state == "dead"]
            if not dead:
                raise Failure("exists", "This sandbox has %d contexts already; delete one." % len(self._contexts))
            self.delete(min(dead, key=lambda context: context.last_used))
        context = self._contexts[name] = Context(self._agent, self._starters, name, asked)
        return context

    def get(self, name: str) -> Context | None:
        """The context of this id, if there is one."""
        return self._contexts.get(name)

    def find(self, name: str) -> Context:
        """The same; Failure `not_found` where there is none."""
        context = self._contexts.get(name)
        if context is None:
            raise Failure("not_found", "There is no context %s." % name)
        return context

    def all(self) -> list[Context]:
        """All of them, in the order in which they were made."""
        return list(self._contexts.values())

    def delete(self, context: Context) -> None:
        """Ends one and forgets it."""
        self._contexts.pop(context.id, None)
        context.delete()
