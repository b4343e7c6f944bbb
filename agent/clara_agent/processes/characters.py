"""Whole characters of UTF-8: events end between them, so that each can be read by itself."""

from __future__ import annotations


def incomplete(data: bytes) -> int:
    """How many bytes at the end begin a character that is not whole yet: 0 to 3. What is not UTF-8 counts as whole."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if 0xF0 <= byte <= 0xF4 else 3 if 0xE0 <= byte <= 0xEF else 2 if 0xC2 <= byte <= 0xDF else 1
        return back if needed > back else 0
    return 0
