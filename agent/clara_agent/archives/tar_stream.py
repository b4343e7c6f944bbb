"""The bytes of a tar archive for the library that reads it: uncompressed, checked as far as the library does not."""

from __future__ import annotations

from ..wire.errors import Failure
from .archive_kinds import BZIP2, GZIP, LZMA, XZ, ZSTD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from .contracts import Readable

BLOCK = 512
SKIP = 1 << 16
# What a name, a link's target or a record of attributes may have; the library reads each as a whole.
MAX_HEAD = 1 << 20
# What is read after the archive's end, for the checksum that a compressed file has there.
MAX_REST = 64 << 20


def open_compressed(file: BinaryIO, compression: str | None) -> Readable | None:
    """A file's content, whatever it is compressed with; None for what this Python cannot open."""
    if compression is None:
        return file
    if compression == GZIP:
        from gzip import GzipFile

        return GzipFile(fileobj=file)
    if compression == BZIP2:
        from bz2 import BZ2File

        return BZ2File(file)
    if compression in (XZ, LZMA):
        from lzma import LZMAFile

        return LZMAFile(file)
    assert compression == ZSTD
    try:
        # Of Python 3.14.
        from compression.zstd import ZstdFile  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    return ZstdFile(file)


class TarStream:
    """Goes forwards only, as a step back may cost a compressed file all over again; one byte back is remembered, which is all that is asked for."""

    def __init__(self, file: Readable, can_seek: bool) -> None:
        self._file = file
        self._can_seek = can_seek
        self._at = 0
        self._last = b""
        self._is_back = False
        # What was read last, as long as it is no more than a block.
        self.block = b""

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def seek(self, target: int) -> None:
        """Goes there, or to the end."""
        if target == self._at:
            return
        if target == self._at - 1 and self._last and not self._is_back:
            self._is_back = True
            self._at = target
        elif self._can_seek:
            self._file.seek(target)
            self._at = target
            self._is_back = False
            self._last = b""
        elif target < self._at:
            raise ValueError("a step back")
        else:
            while self._at < target and self.read(min(SKIP, target - self._at)):
                pass

    def read(self, size: int) -> bytes:
        """`size` bytes, or fewer at the end."""
        if size > MAX_HEAD + BLOCK:
            raise Failure("invalid", "The archive has a name or a head that is too long.")
        data = b""
        if self._is_back and size:
            self._is_back = False
            data = self._last
        while len(data) < size:
            more = self._file.read(size - len(data))
            if not more:
                break
            data += more
        self._at += len(data)
        self._last = data[-1:] or self._last
        self.block = data if len(data) <= BLOCK else b""
        return data

    def is_rest_empty(self) -> bool:
        """Reads what is left, though not without end; whether all of it is zeros."""
        left = MAX_REST
        is_empty = True
        while left > 0:
            data = self._file.read(min(SKIP, left))
            if not data:
                break
            is_empty = is_empty and not data.strip(b"\0")
            left -= len(data)
        return is_empty
