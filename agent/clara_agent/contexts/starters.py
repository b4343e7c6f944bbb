"""What starts the interpreters of each language."""

from __future__ import annotations

import os

from ..errors import Failure
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
        if language == "javascript":
            from .node import NodeStarter

            return self._present(NodeStarter(), "node")
        raise Failure("unsupported", "There are no contexts of %s." % language)

    def _present(self, starter: Starter, program: str) -> Starter:
        if not is_on_path(program, self._agent.environment):
            raise Failure("unsupported", "The image of this sandbox has no %s." % program)
        return starter


def is_on_path(program: str, environment: dict[bytes, bytes]) -> bool:
    """Whether a program can be started by its name."""
    folders = environment.get(b"PATH", os.fsencode(os.defpath)).split(b":")
    return any(os.access(os.path.join(folder or b".", program.encode()), os.X_OK) for folder in folders)
