"""What of an output is sent: all of it, or its head now and its tail at the end."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Everything:
    """Sends all as it comes."""

    def __init__(self) -> None:
        self.bytes = 0
        self.omitted = 0

    def room(self, credit: int) -> int:
        """How much may be read, when so much may be sent."""
        return credit

    def take(self, data: bytes) -> bytes:
        """The part of the data that is to be sent now."""
        self.bytes += len(data)
        return data

    def rest(self) -> bytes:
        """What is to be sent when the program has ended."""
        return b""


class Announced(Everything):
    """Sends all but the first eight bytes: those are a signed number, given to `on_number` first, as None where it is negative."""

    HEAD_BYTES = 8

    def __init__(self, on_number: Callable[[int | None], object] | None) -> None:
        super().__init__()
        self._on_number = on_number
        self._head = b""

    def room(self, credit: int) -> int:
        """The number needs no credit, and comes on its own."""
        return credit if self._on_number is None else self.HEAD_BYTES - len(self._head)

    def take(self, data: bytes) -> bytes:
        """The part of the data that is to be sent now."""
        if self._on_number is None:
            return super().take(data)
        self._head += data
        if len(self._head) == self.HEAD_BYTES:
            number = int.from_bytes(self._head, "big", signed=True)
            self._on_number(None if number < 0 else number)
            self._on_number = None
        return b""


class HeadAndTail:
    """Sends the first `head` bytes as they come and keeps the last `tail` bytes for the end."""

    CHUNK = 65536

    def __init__(self, head: int, tail: int) -> None:
        self.bytes = 0
        self._head = head
        self._tail = tail
        self._ring = bytearray()
        self._dropped = 0

    def room(self, credit: int) -> int:
        """Once the head is out, reading needs no credit."""
        return credit if self._head else self.CHUNK

    def take(self, data: bytes) -> bytes:
        """The part of the data that belongs to the head; the rest is kept or dropped."""
        self.bytes += len(data)
        first = data[: self._head]
        self._head -= len(first)
        if len(first) < len(data):
            ring = self._ring
            ring += data[len(first) :] if first else data
            # Only at twice the size: cutting each time would copy the tail for every read.
            if len(ring) > 2 * self._tail + self.CHUNK:
                self._cut()
        return first

    def _cut(self) -> None:
        excess = len(self._ring) - self._tail
        if excess > 0:
            del self._ring[:excess]
            self._dropped += excess

    def rest(self) -> bytes:
        """The tail."""
        self._cut()
        rest, self._ring = bytes(self._ring), bytearray()
        return rest

    @property
    def omitted(self) -> int:
        """How many bytes were neither head nor tail."""
        return self._dropped
