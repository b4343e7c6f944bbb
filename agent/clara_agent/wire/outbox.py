"""What waits to be written to the server: everything of one turn of the loop goes out in one write."""

from __future__ import annotations

import os

from .codec import HEADER_SIZE, encode_header
from ..io.loop import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from ..io.loop import Loop
    from .channel import Channel

# Above FULL nothing is read for sending; above STUFFED (only control frames get there) the peer is not read either.
FULL = 512 * 1024
STUFFED = 4 * FULL
SLICES = 1024


class Outbox:
    """A queue of frames. Channels that find it full are told when it is short again."""

    def __init__(self, loop: Loop, fd: int) -> None:
        self._loop = loop
        self._fd = fd
        self._parts = []
        self._bytes = 0
        self._is_blocked = False
        self._waiting = {}

    def put(self, kind: int, channel: int, stream: int, payload: Bytes) -> None:
        """Queues a frame."""
        size = len(payload)
        self._parts.append(encode_header(kind, channel, stream, size))
        if size:
            self._parts.append(payload)
        self._bytes += HEADER_SIZE + size

    def is_full(self) -> bool:
        """Whether no more should be read for it."""
        return self._bytes >= FULL

    def is_stuffed(self) -> bool:
        """Whether the peer sends requests but does not read what they lead to."""
        return self._bytes >= STUFFED

    def call_when_drained(self, channel: Channel) -> None:
        """Calls the operation's on_room once the queue is short again."""
        self._waiting[channel] = True

    def forget(self, channel: Channel) -> None:
        """Calls it no more."""
        self._waiting.pop(channel, None)

    def flush(self) -> None:
        """Writes as much as goes, and lets those go on who wait for that; OSError where nobody reads any more."""
        while self._parts and not self._is_blocked:
            self._write()
            if self._waiting and self._bytes < FULL // 2:
                waiting, self._waiting = self._waiting, {}
                for channel in waiting:
                    if not channel.is_over:
                        channel.operation.on_room()

    def _write(self) -> None:
        parts = self._parts
        try:
            written = os.writev(self._fd, parts if len(parts) <= SLICES else parts[:SLICES])
        except BlockingIOError:
            written = 0
        self._bytes -= written
        done = 0
        for part in parts:
            if written < len(part):
                break
            written -= len(part)
            done += 1
        del parts[:done]
        if written:
            parts[0] = memoryview(parts[0])[written:]
        if parts and done < SLICES:
            self._is_blocked = True
            self._loop.add(self._fd, WRITE, self._unblock)

    def _unblock(self, events: int) -> None:
        self._loop.remove(self._fd)
        self._is_blocked = False

    def close(self) -> None:
        """Drops what waits, and closes the descriptor."""
        self._loop.remove(self._fd)
        os.close(self._fd)
        self._parts = []
        self._waiting = {}
