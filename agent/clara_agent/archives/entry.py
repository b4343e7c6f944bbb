"""One thing in an archive, whatever its format."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Entry:
    """`name` is bytes, `kind` None for devices and the like, `origin` what the reader has of it."""

    __slots__ = ("name", "kind", "size", "mode", "mtime", "target", "origin")

    def __init__(self, name: bytes, kind: str | None, size: int, mode: int, mtime: float, target: bytes, origin: Any) -> None:
        self.name = name
        self.kind = kind
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.target = target
        self.origin = origin


def show(name: bytes) -> str:
    """A name as sentences have it, of a bearable length."""
    text = (name.rstrip(b"/") or name).decode("utf-8", "replace")
    return text if len(text) <= 400 else "%s...%s" % (text[:200], text[-200:])
