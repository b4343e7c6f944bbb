"""Reads the kernel's tables of TCP sockets: which ports of the loopback somebody listens on."""

from __future__ import annotations

import os

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LISTEN = b"0A"
# The kernel lists what listens before what is connected.
MAX_TABLE = 4 * 1024 * 1024
# How the kernel writes 0.0.0.0 and 127.0.0.1, then ::, ::1, ::ffff:0.0.0.0 and ::ffff:127.0.0.1, on a little-endian machine.
REACHED = frozenset(
    [
        b"00000000",
        b"0100007F",
        b"0" * 32,
        b"0" * 24 + b"01000000",
        b"0" * 16 + b"FFFF0000" + b"0" * 8,
        b"0" * 16 + b"FFFF0000" + b"0100007F",
    ]
)


def listening() -> dict[int, int]:
    """Inode of the socket to port, for all that is reached by 127.0.0.1 or ::1."""
    found: dict[int, int] = {}
    for table in TABLES:
        found.update(parse_table(_read(table)))
    return found


def parse_table(text: bytes) -> dict[int, int]:
    """What listens in one table; lines of another shape, the heading too, are passed over."""
    found: dict[int, int] = {}
    for line in text.split(b"\n"):
        fields = line.split()
        if len(fields) < 10 or fields[3] != LISTEN:
            continue
        address, _, port = fields[1].partition(b":")
        if address in REACHED:
            found[int(fields[9])] = int(port, 16)
    return found


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""  # The kernel has no IPv6.
    try:
        parts: list[bytes] = []
        size = 0
        while size < MAX_TABLE:
            part = os.read(fd, 65536)
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    finally:
        os.close(fd)
