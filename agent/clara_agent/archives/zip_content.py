"""The content of an entry of a zip archive: unpacked as it is read, and held against its size and checksum."""

from __future__ import annotations

import os
import struct
import zlib

from ..wire.errors import Failure
from .zip_directory import damaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from bz2 import BZ2Decompressor
    from lzma import LZMADecompressor
    from typing import Any

    from .zip_directory import Record

LOCAL, LOCAL_BYTES = b"PK\3\4", 30
CHUNK = 1 << 16
ENCRYPTED, STRONGLY_ENCRYPTED = 1, 1 << 6
METHODS = {
    1: "Shrink",
    2: "Reduce",
    3: "Reduce",
    4: "Reduce",
    5: "Reduce",
    6: "Implode",
    9: "Deflate64",
    10: "PKWARE's Implode",
    12: "bzip2",
    14: "LZMA",
    18: "IBM's TERSE",
    19: "IBM's LZ77",
    20: "Zstandard",
    93: "Zstandard",
    94: "MP3",
    95: "xz",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
    99: "AES encryption",
}


class Stored:
    """Gives what it gets."""

    eof = False
    unconsumed_tail = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes, the rest is kept."""
        self.unconsumed_tail = data[most:]
        return data[:most]


class Lzma:
    """LZMA as zip has it: the decoder's properties come first."""

    def __init__(self) -> None:
        self._inner = None
        self._head = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes."""
        from lzma import FILTER_LZMA1, FORMAT_RAW, LZMADecompressor, _decode_filter_properties  # pyright: ignore[reportAttributeAccessIssue]

        if self._inner is None:
            self._head += data
            if len(self._head) < 4:
                return b""
            size = struct.unpack_from("<H", self._head, 2)[0]
            if len(self._head) < 4 + size:
                return b""
            properties = _decode_filter_properties(FILTER_LZMA1, self._head[4 : 4 + size])
            self._inner = LZMADecompressor(FORMAT_RAW, filters=[properties])
            data = self._head[4 + size :]
        return self._inner.decompress(data, most)

    @property
    def eof(self) -> bool:
        """Whether its end has a mark, and that has come."""
        return self._inner is not None and self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more."""
        return self._inner is None or self._inner.needs_input


def _bzip2() -> BZ2Decompressor:
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def _xz() -> LZMADecompressor:
    from lzma import FORMAT_XZ, LZMADecompressor

    return LZMADecompressor(FORMAT_XZ)


def _zstandard() -> Any:
    # Of Python 3.14.
    from compression.zstd import ZstdDecompressor  # pyright: ignore[reportMissingImports]

    return ZstdDecompressor()


DECOMPRESSORS = {0: Stored, 8: lambda: zlib.decompressobj(-zlib.MAX_WBITS), 12: _bzip2, 14: Lzma, 20: _zstandard, 93: _zstandard, 95: _xz}


def decompressor_of(record: Record, name: bytes) -> Any:
    """What unpacks an entry; a Failure that says the method where nothing does."""
    shown = name.decode("utf-8", "replace")
    if record.flags & (ENCRYPTED | STRONGLY_ENCRYPTED):
        raise Failure("unsupported", "The archive is encrypted, and cannot be unpacked here: %s." % shown)
    try:
        return DECOMPRESSORS[record.method]()
    except (KeyError, ImportError):
        method = METHODS.get(record.method, "an unknown method")
        raise Failure("unsupported", "The archive is packed with %s (method %d), which cannot be unpacked here: %s." % (method, record.method, shown)) from None


class Content:
    """The bytes of an entry; a Failure where they are not those that the directory promises."""

    def __init__(self, fd: int, record: Record, name: bytes) -> None:
        self._fd = fd
        self._name = name
        self._record = record
        self._left = record.size
        self._crc = 0
        self._decompressor = decompressor_of(record, name)
        head = os.pread(fd, LOCAL_BYTES, record.offset)
        if len(head) < LOCAL_BYTES or not head.startswith(LOCAL):
            raise self._damaged("it is not where it should be")
        self._at = record.offset + LOCAL_BYTES + sum(struct.unpack_from("<HH", head, 26))
        self._packed_left = record.packed

    def __enter__(self) -> Content:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def read(self, most: int) -> bytes:
        """At most `most` bytes, none at the end."""
        data = self._next(min(most, self._left)) if self._left else b""
        self._left -= len(data)
        self._crc = zlib.crc32(data, self._crc)
        if not self._left:
            if self._crc != self._record.crc:
                raise self._damaged("its checksum is wrong")
        elif not data:
            raise self._damaged("it is shorter than it should be")
        return data

    def _next(self, most: int) -> bytes:
        decompressor = self._decompressor
        while not decompressor.eof:
            data = getattr(decompressor, "unconsumed_tail", b"")
            needs_input = not data and getattr(decompressor, "needs_input", True)
            if needs_input:
                data = os.pread(self._fd, min(CHUNK, self._packed_left), self._at)
                self._at += len(data)
                self._packed_left -= len(data)
            try:
                unpacked = decompressor.decompress(data, most)
            except MemoryError:
                raise
            except Exception as error:
                raise self._damaged("it cannot be unpacked (%s)" % (str(error) or type(error).__name__)) from None
            if unpacked or (needs_input and not data):
                return unpacked
        return b""

    def _damaged(self, reason: str) -> Failure:
        return damaged("%s, of %s" % (reason, self._name.decode("utf-8", "replace")))
