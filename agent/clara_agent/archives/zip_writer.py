"""Writes zip, deflated, with Unix modes, links and times; its directory is the last of it, and without that it is no zip."""

from __future__ import annotations

import stat
import struct
import time
import zlib
from array import array

from ..wire.errors import Failure
from .plan import FILE, FOLDER, LINK, UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from .packing_output import PackingOutput
    from .plan import Plan, Step

MAX_PATH = 65535
STORED, DEFLATED = 0, 8
SIZES_FOLLOW, UTF8 = 1 << 3, 1 << 11
UNIX, VERSION, VERSION_64 = 3 << 8, 20, 45
MOST = 0xFFFFFFFF
# From this many bytes on the sizes that follow a file have eight bytes: what deflate may add is less than the rest.
LARGE = 0xF0000000
TYPES = {FILE: stat.S_IFREG, FOLDER: stat.S_IFDIR, LINK: stat.S_IFLNK}


class ZipWriter:
    """Follows a plan; `out` takes the bytes."""

    def __init__(self, out: PackingOutput) -> None:
        self._out = out
        self._crcs, self._modes = array("L"), array("L")
        self._packed, self._sizes, self._offsets, self._times = array("Q"), array("Q"), array("Q"), array("q")

    @staticmethod
    def bytes_of(kind: int, path_length: int, size: int, target_length: int) -> int:
        """Nothing that could be told before; a Failure where the format cannot hold the path."""
        if path_length + (kind == FOLDER) > MAX_PATH:
            raise Failure("unsupported", "A zip archive cannot hold paths of more than %d bytes; a tar archive can." % MAX_PATH)
        return 0

    @staticmethod
    def total(_: object) -> None:
        """Nobody knows before it is made."""
        return None

    def add(self, step: Step, status: os.stat_result, content: Iterable[bytes]) -> None:
        """One entry with the bytes that `content` yields."""
        mtime = int(status.st_mtime)
        self._offsets.append(self._out.bytes)
        self._times.append(mtime)
        self._modes.append(TYPES[step.kind] | status.st_mode & 0o777)
        if step.kind == FILE:
            self._add_file(step, mtime, content)
            return
        data = step.target
        crc = zlib.crc32(data)
        self._note(crc, len(data), len(data))
        self._out.write(_local(step, 0, STORED, mtime, crc, len(data)) + data)

    def _add_file(self, step: Step, mtime: int, content: Iterable[bytes]) -> None:
        self._out.write(_local(step, SIZES_FOLLOW, DEFLATED, mtime, 0, 0))
        packer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
        begin = self._out.bytes
        crc = 0
        for data in content:
            crc = zlib.crc32(data, crc)
            self._out.write(packer.compress(data))
        self._out.write(packer.flush())
        packed = self._out.bytes - begin
        self._note(crc, packed, step.size)
        self._out.write(struct.pack("<4sLQQ" if step.size >= LARGE else "<4sLLL", b"PK\7\x08", crc, packed, step.size))

    def _note(self, crc: int, packed: int, size: int) -> None:
        self._crcs.append(crc)
        self._packed.append(packed)
        self._sizes.append(size)

    def end(self, plan: Plan) -> None:
        """The directory."""
        begin = self._out.bytes
        number = 0
        for step in plan.steps():
            if step.kind != UP:
                self._out.write(self._central(number, step))
                number += 1
        size = self._out.bytes - begin
        if number >= 0xFFFF or size >= MOST or begin >= MOST:
            at = self._out.bytes
            self._out.write(struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, UNIX | VERSION_64, VERSION_64, 0, 0, number, number, size, begin))
            self._out.write(struct.pack("<4sLQL", b"PK\6\7", 0, at, 1))
        count = min(number, 0xFFFF)
        self._out.write(struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count, count, min(size, MOST), min(begin, MOST), 0))

    def _central(self, number: int, step: Step) -> bytes:
        name, flags = _name(step)
        mtime, mode, crc = self._times[number], self._modes[number], self._crcs[number]
        sizes = [self._sizes[number], self._packed[number], self._offsets[number]]
        large = [value for value in sizes if value >= MOST]
        if step.size >= LARGE:
            large = sizes
        size, packed, offset = (MOST if value in large else value for value in sizes)
        extra = struct.pack("<HH%dQ" % len(large), 1, 8 * len(large), *large) if large else b""
        extra += _extended_time(mtime)
        is_file = step.kind == FILE
        version = VERSION_64 if large else VERSION
        method = DEFLATED if is_file else STORED
        attributes = mode << 16 | (0x10 if step.kind == FOLDER else 0)
        head = struct.pack("<4sHHHHHH", b"PK\1\2", UNIX | version, version, flags | (SIZES_FOLLOW if is_file else 0), method, *_dos_time(mtime))
        return head + struct.pack("<LLLHHHHHLL", crc, packed, size, len(name), len(extra), 0, 0, 0, attributes, offset) + name + extra


def _local(step: Step, flags: int, method: int, mtime: int, crc: int, size: int) -> bytes:
    name, name_flags = _name(step)
    extra = _extended_time(mtime)
    is_large = step.size >= LARGE
    if is_large:
        extra += struct.pack("<HHQQ", 1, 16, 0, 0)
        size = MOST
    version = VERSION_64 if is_large else VERSION
    head = struct.pack("<4sHHHHH", b"PK\3\4", version, flags | name_flags, method, *_dos_time(mtime))
    return head + struct.pack("<LLLHH", crc, size, size, len(name), len(extra)) + name + extra


def _name(step: Step) -> tuple[bytes, int]:
    """The name as bytes, and whether it is marked as UTF-8; one of other bytes stays as it is, without a mark."""
    name = step.path + b"/" if step.kind == FOLDER else step.path
    try:
        return name, 0 if name.isascii() or not name.decode("utf-8") else UTF8
    except UnicodeDecodeError:
        return name, 0


def _extended_time(mtime: int) -> bytes:
    return struct.pack("<HHBl", 0x5455, 5, 1, mtime) if -(1 << 31) <= mtime < 1 << 31 else b""


def _dos_time(seconds: int) -> tuple[int, int]:
    # The format knows the years 1980 to 2107, in steps of two seconds.
    moment = time.localtime(min(max(seconds, 0), 1 << 33))[:6]
    year, month, day, hour, minute, second = max((1980, 1, 1, 0, 0, 0), min(moment, (2107, 12, 31, 23, 59, 58)))
    return hour << 11 | minute << 5 | second // 2, year - 1980 << 9 | month << 5 | day
