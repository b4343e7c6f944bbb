"""What operations may ask of the agent as a whole, for the type checker: nothing imports this when the agent runs."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from _thread import LockType

from ..io.aside import Aside
from ..io.children import Children
from ..io.loop import Loop
from .channel import Channel
from .handover import Keeper


class Listener(Protocol):
    """Hears what comes on a channel."""

    def on_data(self, stream: int, payload: memoryview) -> None: ...
    def on_end(self, stream: int) -> None: ...
    def on_room(self) -> None: ...
    def on_cancel(self) -> None: ...
    def on_gone(self) -> None: ...
    def on_reply(self, kind: int, value: dict[str, Any]) -> None: ...
    def fail(self, error: BaseException) -> None: ...


class Host(Protocol):
    """The agent, as most operations see it."""

    loop: Loop
    children: Children
    aside: Aside
    placing: LockType
    workspace: str
    roots: list[bytes]
    environment: dict[bytes, bytes]
    jobs: set[int]
    # Ports that the agent itself listens on.
    own_ports: frozenset[int]

    def connect(self, read_fd: int, write_fd: int, keeper: Keeper | None, is_resumed: bool) -> None: ...
    # What happens to these paths until the call that this returns is the API's doing.
    def hush(self, *paths: bytes) -> Callable[[], None]: ...
    def dial(self, parameters: dict[str, Any], operation: Listener) -> Channel: ...
