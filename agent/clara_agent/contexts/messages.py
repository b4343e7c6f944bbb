"""How interpreters are spoken to: packets where both ends are Python, lines elsewhere."""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

STARTED, READY, DONE = 1, 2, 3
MAX_LINE = 4096


class Packets:
    """Marshalled packets to the interpreter, three numbers of 32 bits from it."""

    def encode(self, message: dict[str, Any]) -> bytes:
        """A message as it goes out."""
        return marshal.dumps(message)

    def receive(self, control: socket) -> list[tuple[int, int, int]] | None:
        """The next packet; None at the end, and for what is none."""
        packet = control.recv(64)
        if len(packet) != 12:
            return None
        kind, first, second = [int.from_bytes(packet[at : at + 4], "little", signed=True) for at in (0, 4, 8)]
        return [(kind, first, second)]


class Lines:
    """Lines both ways: `ready` and `done <count> <exit code>` come in."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, control: socket) -> list[tuple[int, int, int]] | None:
        """What has come; None at the end, and for a line without one. Others are left out."""
        data = control.recv(MAX_LINE)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if not data or len(self._rest) > MAX_LINE:
            return None
        found = []
        for words in map(bytes.split, lines):
            if words == [b"ready"]:
                found.append((READY, 0, 0))
            elif len(words) == 3 and words[0] == b"done" and all(word.isdigit() and len(word) < 10 for word in words[1:]):
                found.append((DONE, int(words[1]), int(words[2])))
        return found
