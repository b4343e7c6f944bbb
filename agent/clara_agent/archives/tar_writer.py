"""Writes tar in the GNU format, which takes names of any bytes and length."""

from __future__ import annotations

from .plan import FILE, FOLDER, LINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import Any

    from .packing_output import PackingOutput
    from .plan import Plan, Step

BLOCK = 512
RECORD = 10240
NAME = 100
TYPES = {FILE: b"0", FOLDER: b"5", LINK: b"2"}
LONG_NAME, LONG_TARGET = b"L", b"K"
# Whose the files are for who unpacks them as root; the number inside means nothing elsewhere.
USER = 1000


def _padding(size: int) -> int:
    return -size % BLOCK


def _number(value: Any, width: int) -> bytes:
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    head = b"\x80" if value >= 0 else b"\xff"
    return head + (value % 256 ** (width - 1)).to_bytes(width - 1, "big")


def _header(name: bytes, kind: bytes, mode: int, size: int, mtime: int, target: bytes) -> bytes:
    fields = [
        name[:NAME].ljust(NAME, b"\0"),
        _number(mode, 8),
        _number(USER, 8),
        _number(USER, 8),
        _number(size, 12),
        _number(mtime, 12),
        b" " * 8,
        kind,
        target[:NAME].ljust(NAME, b"\0"),
        b"ustar  \0",
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _long(kind: bytes, text: bytes) -> bytes:
    data = text + b"\0"
    return _header(b"././@LongLink", kind, 0o644, len(data), 0, b"") + data + bytes(_padding(len(data)))


def _long_bytes(length: int) -> int:
    return 0 if length <= NAME else BLOCK + length + 1 + _padding(length + 1)


class TarWriter:
    """Follows a plan; `out` takes the bytes."""

    def __init__(self, out: PackingOutput) -> None:
        self._out = out

    @staticmethod
    def bytes_of(kind: int, path_length: int, size: int, target_length: int) -> int:
        """What an entry takes in the archive."""
        path_length += kind == FOLDER
        return BLOCK + _long_bytes(path_length) + _long_bytes(target_length) + size + _padding(size)

    @staticmethod
    def total(bytes_of_entries: int) -> int:
        """What the archive has in all."""
        end = bytes_of_entries + 2 * BLOCK
        return end + -end % RECORD

    def add(self, step: Step, status: os.stat_result, content: Iterable[bytes]) -> None:
        """One entry with the bytes that `content` yields."""
        path = step.path + b"/" if step.kind == FOLDER else step.path
        head = _header(path, TYPES[step.kind], status.st_mode & 0o777, step.size, int(status.st_mtime), step.target)
        if len(step.target) > NAME:
            head = _long(LONG_TARGET, step.target) + head
        if len(path) > NAME:
            head = _long(LONG_NAME, path) + head
        self._out.write_head(head)
        for data in content:
            self._out.write(data)
        if _padding(step.size):
            self._out.write(bytes(_padding(step.size)))

    def end(self, plan: Plan) -> None:
        """Two empty blocks, and more up to a full record."""
        self._out.write(bytes(self.total(self._out.bytes) - self._out.bytes))
