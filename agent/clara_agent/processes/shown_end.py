"""What of that which code has shown belongs to the end of its process too."""

from __future__ import annotations

from ..wire.wire_json import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# How lines begin that say that something is not shown, or that an exception ended the code; and how long one of these may be.
CUT, FAILED = b'{"type": "truncated"', b'{"type": "error"'
MAX_FAILED = 640 << 10


class ShownEnd:
    """Whether something was too large to be shown, and the exception that was shown last."""

    def __init__(self) -> None:
        self._is_cut = False
        self._failed = b""

    def takes(self, line: bytes) -> bool:
        """Notes a line; true where it is no event of its own."""
        if line.startswith(CUT):
            self._is_cut = True
            return True
        # Half a line, which an interrupt has left.
        if line[:1] + line[-1:] != b"{}":
            return True
        if line.startswith(FAILED) and len(line) <= MAX_FAILED:
            self._failed = line
        return False

    def describe(self) -> dict[str, Any]:
        """What is added to the end, for readers."""
        more: dict[str, Any] = {"shownCut": True} if self._is_cut else {}
        try:
            more["exception"] = loads(self._failed) if self._failed else None
        except ValueError:
            pass  # Code can write there too.
        return more
