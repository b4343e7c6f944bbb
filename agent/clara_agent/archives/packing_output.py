"""The pipe that an archive is written to."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes

# What an archive may have and still be sent when it is whole: its size can then be said, and what fails is an error and no archive that breaks off.
HELD_BYTES = 4 << 20
CHUNK = 1 << 16
# Of heads without content, which wait for some.
HEADS_CHUNK = 1 << 20
UNKNOWN = -1
HEAD_BYTES = 8


class PackingOutput:
    """
    Says the archive's size, then its bytes. The last byte always waits for the next, and heads for content: an archive that breaks off
    ends within the content of an entry and not between two, where it could pass for a whole one.
    """

    def __init__(self, fd: int) -> None:
        self.bytes = 0
        # Of the whole archive, where it is known before the end.
        self.size = None
        self.has_begun = False
        self._fd = fd
        self._waiting = bytearray()

    def write(self, data: Bytes, most: int = CHUNK) -> None:
        """Takes all of the data."""
        self.bytes += len(data)
        self._waiting += data
        if len(self._waiting) > (most if self.has_begun else HELD_BYTES):
            self._send(UNKNOWN if self.size is None else self.size, 1)

    def write_head(self, data: Bytes) -> None:
        """Takes what describes the content that follows."""
        self.write(data, HEADS_CHUNK)

    def end(self) -> None:
        """The archive is whole."""
        self._send(self.bytes, 0)

    def _send(self, size: int, kept: int) -> None:
        if not self.has_begun:
            self.has_begun = True
            self._put(size.to_bytes(HEAD_BYTES, "big", signed=True))
        last = bytes(self._waiting[len(self._waiting) - kept :])
        with memoryview(self._waiting) as view:
            self._put(view[: len(view) - kept])
        self._waiting = bytearray(last)

    def _put(self, data: Bytes) -> None:
        sent = 0
        while sent < len(data):
            sent += os.write(self._fd, data[sent:])
