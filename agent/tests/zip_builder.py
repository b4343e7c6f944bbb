"""Zip archives byte by byte, as tools of all kinds write them and as attackers do."""

from __future__ import annotations

import struct
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UTF8 = 0x800
UNIX, DOS, NTFS, MAC = 3, 0, 10, 19


def unicode_path(raw: bytes, name: bytes, crc: Any = None) -> bytes:
    """Info-ZIP's field that says what a name is in UTF-8."""
    data = struct.pack("<BL", 1, zlib.crc32(raw) if crc is None else crc) + name
    return struct.pack("<HH", 0x7075, len(data)) + data


def entry(name: bytes, content: bytes = b"x", **more: Any) -> dict[str, bytes]:
    """An entry; `packed` is what lies in the archive where that is not the content itself."""
    return dict({"name": name, "content": content}, **more)


def zip_of(*entries: Any, prefix: bytes = b"", comment: bytes = b"", shift: int = 0, **end: Any) -> bytes:
    """An archive of entries behind a prefix; `shift` is how much of that its offsets count, `end` replaces fields of its end."""
    body, directory = b"", b""
    for item in entries:
        name, content = item["name"], item["content"]
        packed = item.get("packed", content)
        flags, method, system = item.get("flags", 0), item.get("method", 0), item.get("system", UNIX)
        crc = item.get("crc", zlib.crc32(content))
        size = item.get("size", len(content))
        extra = item.get("extra", b"")
        mode = item.get("mode", 0o100644 if system == UNIX else 0)
        common = struct.pack("<HHHHLLLHH", flags, method, item.get("time", 0), item.get("date", 0x5821), crc, len(packed), size, len(name), len(extra))
        local_name = item.get("local_name", name)
        directory += struct.pack("<4sHH", b"PK\1\2", system << 8 | 20, 20) + common
        directory += struct.pack("<HHHLL", len(item.get("comment", b"")), 0, 0, item.get("attributes", mode << 16), item.get("offset", len(body) + shift))
        directory += name + extra + item.get("comment", b"")
        local = struct.pack("<HHHHLLLHH", flags, method, 0, 0x5821, crc, len(packed), size, len(local_name), len(extra))
        body += struct.pack("<4sH", b"PK\3\4", 20) + local + local_name + extra + packed
    fields = dict({"disk": 0, "first": 0, "here": len(entries), "count": len(entries), "size": len(directory), "offset": len(body) + shift}, **end)
    return prefix + body + directory + struct.pack("<4sHHHHLLH", b"PK\5\6", *fields.values(), len(comment)) + comment


def deflated(data: bytes) -> bytes:
    """Raw deflate, as in method 8."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()
