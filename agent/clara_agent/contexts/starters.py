"""What starts the interpreters of each language."""

from __future__ import annotations

import os

from ..wire.errors import Failure
from ..io.process import find_missing
from .starting import Forge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .roles import ContextHost, Starter


class Starters:
    """One for each language that contexts have."""

    def __init__(self, agent: ContextHost) -> None:
        self._agent = agent
        self._forge = Forge(agent)

    def pids(self) -> list[int]:
        """The processes that wait to be forked."""
        return self._forge.pids()

    def find(self, language: str) -> Starter:
        """That of a language; Failure `unsupported` for others, and where its program is not on the PATH."""
        if language == "python":
            return self._forge
        if language == "bash":
            from .bash import BashStarter

            return self._present(BashStarter(), "bash")
        if language in ("javascript", "typescript"):
            from .node import NodeStarter

            # It takes types from the code of each cell by itself.
            return self._present(NodeStarter(), *(("node", "esbuild") if language == "typescript" else ("node",)))
        raise Failure("unsupported", "There are no contexts of %s." % language)

    def _present(self, starter: Starter, *programs: str) -> Starter:
        for program in find_missing(map(os.fsencode, programs), self._agent.environment):
            raise Failure("unsupported", "The image of this sandbox has no %s." % os.fsdecode(program))
        return starter
