"""Who waits for a script to start and end, for the type checker: nothing imports this when the agent runs."""
from __future__ import annotations

from typing import Protocol


class Waiter(Protocol):
    """Hears what becomes of one program."""

    @property
    def is_unwanted(self) -> bool: ...
    def on_started(self, pid: int) -> None: ...
    def on_exited(self, status: int) -> None: ...
    def on_refused(self, error: OSError) -> None: ...
