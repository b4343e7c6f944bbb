"""Tells from its first bytes what a file is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ZIP_STARTS = (b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"PK00")
SUPPORTED = "Zip archives can be unpacked, and tar archives, plain or compressed with gzip, bzip2 or xz"

# What a tar archive may be compressed with.
GZIP, BZIP2, XZ, LZMA, ZSTD = "gzip", "bzip2", "xz", "lzma", "zstd"
COMPRESSED = (
    (b"\x1f\x8b", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\0", XZ),
    (b"]\0\0", LZMA),
    (b"\x28\xb5\x2f\xfd", ZSTD),
)

OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF", "a cabinet archive"),
    (b"!<arch>\n", "an ar archive, such as a Debian package"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"070701", "a cpio archive"),
    (b"070702", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"LZIP", "a file compressed with lzip"),
    (b"\x1f\x9d", "a file compressed with compress"),
    (b"\x89LZO", "a file compressed with lzop"),
    (b"\x04\x22\x4d\x18", "a file compressed with lz4"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
)


def is_zip(start: bytes) -> bool:
    """Whether a zip archive begins so; one that is also a program begins otherwise."""
    return start.startswith(ZIP_STARTS)


def compression_of(start: bytes) -> str | None:
    """What a file is compressed with, or None."""
    return _find(start, COMPRESSED)


def other_kind_of(start: bytes) -> str | None:
    """What a file that is no archive for us is, with its article, or None."""
    return _find(start.lstrip().lower(), OTHERS[-2:]) or _find(start, OTHERS)


def _find(start: bytes, kinds: Iterable[tuple[bytes, str]]) -> str | None:
    for magic, name in kinds:
        if start.startswith(magic):
            return name
    return None
