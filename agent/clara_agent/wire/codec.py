"""Frames to bytes and back: pure, incremental, and safe against whatever the bytes say."""

from __future__ import annotations

from struct import Struct

from .errors import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..io.contracts import Bytes

HELLO, OPEN, DATA, END, CREDIT, EVENT, RESULT, ERROR, CANCEL, PING, PONG = range(1, 12)
HEADER_SIZE = 10
MAX_DATA = 65536
MAX_JSON = 1 << 20
BUFFER_SIZE = 4 * (MAX_DATA + HEADER_SIZE)

# The least and the greatest payload of each type.
SIZES = {
    HELLO: (2, MAX_JSON),
    OPEN: (2, MAX_JSON),
    DATA: (1, MAX_DATA),
    END: (0, 0),
    CREDIT: (4, 4),
    EVENT: (2, MAX_JSON),
    RESULT: (2, MAX_JSON),
    ERROR: (2, MAX_JSON),
    CANCEL: (0, 0),
    PING: (8, 8),
    PONG: (8, 8),
}

_header = Struct(">IIBB")


def encode_header(kind: int, channel: int, stream: int, size: int) -> bytes:
    """The 10 bytes before a payload of `size` bytes."""
    return _header.pack(size, channel, kind, stream)


def encode(kind: int, channel: int, stream: int = 0, payload: Bytes = b"") -> bytes:
    """A whole frame as bytes."""
    return _header.pack(len(payload), channel, kind, stream) + payload


class Decoder:
    """Cuts incoming bytes into frames; bad bytes raise Violation as soon as the header is there."""

    def __init__(self) -> None:
        self._buffer = bytearray(BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._filled = 0

    def space(self) -> memoryview:
        """Where the next bytes are to be put."""
        return self._view[self._filled :]

    def take(self, size: int) -> Iterator[tuple[int, int, int, memoryview]]:
        """Yields (type, channel, stream, payload) for all that is complete after `size` more bytes; a payload is a view that lives until the next frame."""
        view = self._view
        end = self._filled + size
        start = 0
        needed = 0
        while end - start >= HEADER_SIZE:
            length, channel, kind, stream = _header.unpack_from(view, start)
            limits = SIZES.get(kind)
            if limits is None:
                raise Violation("unknown frame type %d" % kind)
            if not limits[0] <= length <= limits[1]:
                raise Violation("a frame of type %d cannot have %d bytes" % (kind, length))
            if stream > 2:
                raise Violation("unknown stream %d" % stream)
            stop = start + HEADER_SIZE + length
            if stop > end:
                needed = HEADER_SIZE + length
                break
            yield kind, channel, stream, view[start + HEADER_SIZE : stop]
            start = stop
        self._keep(start, end, needed)

    def _keep(self, start: int, end: int, needed: int) -> None:
        rest = end - start
        self._filled = rest
        size = max(BUFFER_SIZE, needed)
        if size != len(self._buffer):
            # A new buffer: the old one may still have views on it.
            fresh = bytearray(size)
            fresh[:rest] = self._view[start:end]
            self._buffer = fresh
            self._view = memoryview(fresh)
        elif start and rest:
            self._view[:rest] = bytes(self._view[start:end])

    def feed(self, data: Bytes) -> list[tuple[int, int, int, bytes]]:
        """All frames that `data` completes, with payloads of their own."""
        frames = []
        data = memoryview(data)
        while data:
            space = self.space()
            part = data[: len(space)]
            space[: len(part)] = part
            frames.extend((kind, channel, stream, bytes(payload)) for kind, channel, stream, payload in self.take(len(part)))
            data = data[len(part) :]
        return frames
