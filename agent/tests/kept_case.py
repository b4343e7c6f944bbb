"""A test case with processes that are kept."""

from __future__ import annotations

import os

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from collections.abc import Callable
    from typing import Any


class KeptCase(AgentCase):
    """What tests of such processes ask the agent for."""

    def begin(self, source: str = "", program: str = "shell", **parameters: Any) -> int:
        """Starts a process; its id."""
        body = None if program == "argv" else source.encode()
        return self.client.call("start", body, program=program, **parameters).result["id"]

    def attach(self, number: int, **parameters: Any) -> int:
        return self.client.open("attach", id=number, **parameters)

    def read(self, number: int, **parameters: Any) -> Answer:
        """All events of a process that ends."""
        return self.client.finish(self.attach(number, **parameters))

    def until(self, condition: Callable[[], object]) -> None:
        self.client.wait(condition)

    def describe(self, number: int) -> dict[str, Any]:
        return self.client.call("processes", id=number).result["processes"][0]

    def end(self, number: int) -> Any:
        return self.client.call("forget", id=number).result

    def fifo(self) -> None:
        """Makes a new one in the workspace, `fifo`."""
        path = self.sandbox.path("fifo")
        if os.path.exists(path):
            os.unlink(path)
        os.mkfifo(path)
