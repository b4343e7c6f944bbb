"""
Reads the directory of a zip archive, which is at its end, entry by entry: an archive may be appended to something else, such as a
program that unpacks it. The format is PKWARE's APPNOTE.TXT.
"""

from __future__ import annotations

import os
import struct

from ..wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

END, END_BYTES = b"PK\5\6", 22
LOCATOR, LOCATOR_BYTES = b"PK\6\7", 20
END_64, END_64_BYTES = b"PK\6\6", 56
CENTRAL, CENTRAL_BYTES = b"PK\1\2", 46
MAX_COMMENT = 0xFFFF
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
ZIP64_FIELD = 1
WINDOW = 1 << 18
# Where no file has anything.
MAX_OFFSET = 1 << 62
MOST_ENTRY_BYTES = CENTRAL_BYTES + 3 * 0xFFFF


class Record:
    """An entry as the directory has it; `name` is bytes in whatever encoding, `extra` the fields behind it by their number."""

    __slots__ = ("system", "flags", "method", "time", "date", "crc", "packed", "size", "attributes", "offset", "name", "extra")

    def __init__(self, fields: tuple[Any, ...], name: bytes, extra: bytes, prefix: int) -> None:
        _, made_by, _, self.flags, self.method, self.time, self.date, self.crc, self.packed, self.size, _, _, _, _, _, self.attributes, offset = fields
        self.system = made_by >> 8
        self.name = name
        self.extra = _fields(extra)
        large = self.extra.get(ZIP64_FIELD, b"")
        values = iter(struct.unpack("<%dQ" % (len(large) // 8), large[: len(large) // 8 * 8]))
        try:
            if self.size == FULL_32:
                self.size = next(values)
            if self.packed == FULL_32:
                self.packed = next(values)
            if offset == FULL_32:
                offset = next(values)
        except StopIteration:
            pass  # Old archives have a file of just this size.
        self.offset = min(offset + prefix, MAX_OFFSET)


def _fields(extra: bytes) -> dict[int, bytes]:
    found = {}
    at = 0
    while at + 4 <= len(extra):
        number, size = struct.unpack_from("<HH", extra, at)
        found.setdefault(number, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def damaged(reason: str) -> Failure:
    """The Failure for an archive that is not as it should be."""
    return Failure("invalid", "The zip archive is damaged: %s." % reason)


def part_of_several() -> Failure:
    """The Failure for one of the files of an archive that was split."""
    return Failure("unsupported", "This is one part of a zip archive of several; put them together first, as zip -s 0 does.")


class Directory:
    """Where the entries are, and how many; `find` gives it."""

    def __init__(self, fd: int, begin: int, end: int, count: int, prefix: int) -> None:
        self._fd = fd
        self._begin = begin
        self._end = end
        self._count = count
        self._prefix = prefix

    def records(self) -> Iterator[Record]:
        """Yields each Record in order."""
        at = self._begin
        count = 0
        window, window_at = b"", at
        while at + CENTRAL_BYTES <= self._end:
            if at - window_at + MOST_ENTRY_BYTES > len(window):
                window, window_at = os.pread(self._fd, min(WINDOW, self._end - at), at), at
            place = at - window_at
            if window[place : place + 4] != CENTRAL:
                break
            fields = struct.unpack_from("<4s6H3L5H2L", window, place)
            name_bytes, extra_bytes, comment_bytes = fields[10:13]
            place += CENTRAL_BYTES
            name = window[place : place + name_bytes]
            extra = window[place + name_bytes : place + name_bytes + extra_bytes]
            at += CENTRAL_BYTES + name_bytes + extra_bytes + comment_bytes
            if at > self._end:
                raise damaged("its directory breaks off")
            count += 1
            yield Record(fields, name, extra, self._prefix)
        # Old tools write no more than the last 16 bits of a large number.
        if count != self._count and (count & FULL_16 != self._count or count <= FULL_16):
            raise damaged("its directory has %d entries where there should be %d" % (count, self._count))


def find(fd: int) -> Directory | None:
    """The Directory of the archive in a file, or None where there is none at its end."""
    size = os.fstat(fd).st_size
    tail_at = max(0, size - MAX_COMMENT - END_BYTES)
    tail = os.pread(fd, size - tail_at, tail_at)
    found = part = None
    place = tail.rfind(END, 0, len(tail) - END_BYTES + len(END))
    while place >= 0:
        end = struct.unpack_from("<4s4H2LH", tail, place)
        try:
            directory = _at(fd, tail_at + place, end)
        except Failure as failure:
            directory, part = None, failure
        # A comment may hold what looks like an end; what comes after the right one is just the comment.
        if directory and place + END_BYTES + end[7] == len(tail):
            return directory
        found = found or directory
        place = tail.rfind(END, 0, place)
    if part and not found:
        raise part
    return found


def _at(fd: int, end_at: int, end: tuple[Any, ...]) -> Directory | None:
    """The Directory that ends there, or None where that is no end."""
    _, disk, first_disk, _, count, size, offset, _ = end
    begin_of_end = end_at
    locator = os.pread(fd, LOCATOR_BYTES, end_at - LOCATOR_BYTES) if end_at >= LOCATOR_BYTES else b""
    if locator.startswith(LOCATOR):
        _, _, offset_64, disks = struct.unpack("<4sLQL", locator)
        for place in (offset_64, end_at - LOCATOR_BYTES - END_64_BYTES):
            large = os.pread(fd, END_64_BYTES, place) if 0 <= place < end_at else b""
            if len(large) == END_64_BYTES and large.startswith(END_64):
                disk, first_disk, _, count, size, offset = struct.unpack_from("<LLQQQQ", large, 16)
                begin_of_end = place
                break
        if disks > 1:
            disk = disks
    if disk not in (0, FULL_16) or first_disk not in (0, FULL_16):
        raise part_of_several()
    # Where the archive does not begin at the file's beginning, its offsets may be those before something was put in front of it.
    for prefix in (begin_of_end - size - offset, 0):
        begin = offset + prefix
        if 0 <= prefix and begin + size <= begin_of_end and (not size or os.pread(fd, 4, begin) == CENTRAL):
            return Directory(fd, begin, begin + size, count, prefix)
    return None
