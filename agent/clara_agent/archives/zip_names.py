"""Finds out what the names in a zip archive are: the format has a mark for UTF-8, and no word for anything else."""

from __future__ import annotations

import struct
import zlib

from ..wire.errors import Failure
from .archive_safety import unsafe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .zip_directory import Record

UTF8 = 1 << 11
UNICODE_PATH = 0x7075
# MS-DOS, OS/2, NTFS and VFAT: where a backslash parts folders and can be in no name.
WITH_BACKSLASHES = (0, 6, 10, 14)


def name_of(record: Record, encoding: str | None) -> bytes:
    """
    The name of an entry in UTF-8, its folders with slashes between: as it is marked, or as Info-ZIP's field says; else in the encoding
    that was asked for, or UTF-8 where it is that, as from a Mac, or the code page of DOS.
    """
    name = _decode(record, encoding)
    if record.system not in WITH_BACKSLASHES:
        return name
    name = name.replace(b"\\", b"/")
    if name[1:2] == b":" and name[:1].isalpha():
        raise unsafe(name, "begins with a drive")
    return name


def _decode(record: Record, encoding: str | None) -> bytes:
    name = record.name
    if record.flags & UTF8 and _is_utf8(name):
        return name
    field = record.extra.get(UNICODE_PATH, b"")
    # The checksum tells whether a tool that does not know the field has changed the name.
    if len(field) > 5 and struct.unpack_from("<BL", field) == (1, zlib.crc32(name)) and _is_utf8(field[5:]):
        return field[5:]
    if encoding:
        return recode(name, encoding)
    return name if _is_utf8(name) else recode(name, "cp437")


def recode(name: bytes, encoding: str) -> bytes:
    """A name in that encoding as UTF-8."""
    try:
        return name.decode(encoding).encode("utf-8")
    except ValueError:
        raise Failure("invalid", "The archive has a name that is not in the encoding %s: %r." % (encoding, name[:255])) from None


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
