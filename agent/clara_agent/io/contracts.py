"""What `io` is given from above, for the type checker: nothing imports this when the agent runs."""
from __future__ import annotations

from typing import Protocol, TypeVar, Union

T = TypeVar("T")

# What can be written, or copied from.
Bytes = Union[bytes, bytearray, memoryview]



class ByteChannel(Protocol):
    """The channel of an operation, as PipeWriter and PipeReader use it."""

    def room(self) -> int: ...
    def data(self, stream: int, payload: Bytes) -> None: ...
    def consumed(self, size: int) -> None: ...


class OutputCapture(Protocol):
    """What of an output is sent, and when."""

    @property
    def bytes(self) -> int: ...
    @property
    def omitted(self) -> int: ...
    def room(self, credit: int) -> int: ...
    def take(self, data: bytes) -> bytes: ...
    def rest(self) -> bytes: ...
