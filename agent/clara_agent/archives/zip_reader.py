"""Reads a zip archive by its directory."""

from __future__ import annotations

import stat
import struct
import time

from .archive_safety import FILE, FOLDER, SYMLINK
from .entry import Entry
from .zip_content import Content, decompressor_of
from .zip_directory import find, part_of_several
from .zip_names import WITH_BACKSLASHES, name_of
from ..wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from .zip_directory import Record

MAX_LINK = 4096
DOS_FOLDER = 0x10
# What the first part of several begins with.
SPANNED = b"PK\7\x08"
EXTENDED_TIME = 0x5455


class ZipReader:
    """A zip archive in a file."""

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        self._fd = file.fileno()
        self._encoding = encoding
        directory = find(self._fd)
        if directory is None and file.read(4) == SPANNED:
            raise part_of_several()
        if directory is None:
            raise Failure("invalid", "The zip archive is not complete: its directory, which is at its end, is missing.")
        self._directory = directory

    def __enter__(self) -> ZipReader:
        return self

    def __exit__(self, *_: object) -> None:
        """The file is its owner's."""

    def entries(self) -> Iterator[Entry]:
        """Yields all entries in order."""
        for record in self._directory.records():
            name = name_of(record, self._encoding)
            mode = record.attributes >> 16
            kind = _kind(record, name, mode)
            if kind in (FILE, SYMLINK):
                decompressor_of(record, name)
            target = Content(self._fd, record, name).read(MAX_LINK) if kind == SYMLINK else b""
            yield Entry(name, kind, record.size if kind == FILE else 0, stat.S_IMODE(mode) or 0o644, _time(record), target, record)

    def open(self, entry: Entry) -> Content:
        """The content of a file."""
        return Content(self._fd, entry.origin, entry.name)


def _kind(record: Record, name: bytes, mode: int) -> str | None:
    if name.endswith(b"/"):
        return FOLDER
    if record.system in WITH_BACKSLASHES and record.attributes & DOS_FOLDER and not record.size:
        return FOLDER
    kind = stat.S_IFMT(mode)
    if kind in (0, stat.S_IFREG):
        return FILE
    if kind == stat.S_IFDIR:
        return FOLDER
    return SYMLINK if kind == stat.S_IFLNK else None


def _time(record: Record) -> float:
    field = record.extra.get(EXTENDED_TIME, b"")
    if len(field) >= 5 and field[0] & 1:
        return struct.unpack_from("<l", field, 1)[0]
    date, clock = record.date, record.time
    moment = (1980 + (date >> 9), date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, 2 * (clock & 31), 0, 0, -1)
    try:
        return time.mktime(moment)
    except (OverflowError, ValueError):
        return 0
