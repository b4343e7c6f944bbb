"""What a process has said and how it ended: numbered events, of which the latest are kept."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds of events; outputs have the number of their stream.
START, STDOUT, STDERR, EXIT, SHOWN = 0, 1, 2, 3, 4

MAX_EVENTS = 8192
MAX_BYTES = 1 << 20
# What an event costs beside its bytes.
OVERHEAD = 100


class History:
    """A ring of events with ids from 1 on, rising by one. `first_id` is that of the oldest one kept, `next_id` of the next to come."""

    __slots__ = ("_events", "_head", "first_id", "bytes", "dropped_bytes", "total_bytes")

    def __init__(self) -> None:
        self._events: list[tuple[int, bytes]] = []
        # Dropped events at the front of the list, which is cut now and then.
        self._head = 0
        self.first_id = 1
        self.bytes = 0
        self.dropped_bytes = 0
        self.total_bytes = 0

    @property
    def next_id(self) -> int:
        """The id of the event that comes next."""
        return self.first_id + len(self._events) - self._head

    @property
    def size(self) -> int:
        """What it costs in memory, about."""
        return self.bytes + (len(self._events) - self._head) * OVERHEAD

    def append(self, kind: int, payload: bytes = b"") -> None:
        """Adds an event."""
        self._events.append((kind, payload))
        self.bytes += len(payload)
        self.total_bytes += len(payload)

    def trim(self, needed: int) -> None:
        """Drops the oldest events where there are more than may be kept, but none from `needed` on."""
        while (self.bytes > MAX_BYTES or len(self._events) - self._head > MAX_EVENTS) and self.drop_oldest(needed):
            pass

    def drop_oldest(self, needed: int) -> bool:
        """Drops the oldest event; false where that is `needed` or later, or none but the last is left."""
        if self.first_id >= needed or len(self._events) - self._head <= 1:
            return False
        payload = self._events[self._head][1]
        self._events[self._head] = (START, b"")
        self._head += 1
        self.first_id += 1
        self.bytes -= len(payload)
        self.dropped_bytes += len(payload)
        if self._head > MAX_EVENTS:
            del self._events[: self._head]
            self._head = 0
        return True

    def get(self, number: int) -> tuple[int, bytes]:
        """The event of this id, which must be kept."""
        return self._events[self._head + number - self.first_id]

    def is_end(self, number: int) -> bool:
        """Whether that event is the end of the process."""
        return self.get(number)[0] == EXIT

    def outputs(self, stream: int) -> Iterator[bytes]:
        """What is kept of one output, in order."""
        for kind, payload in self._events[self._head :]:
            if kind == stream:
                yield payload
