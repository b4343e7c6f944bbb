"""What changes in the workspace while a program runs."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG
from time import time

from ..wire.parameters import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What is told of one run: files, and bytes of their paths.
MOST_TOLD = 100
MOST_PATH_BYTES = 64 << 10
# What is kept in mind of one run; of more, those that come first by name.
MOST_KEPT = 10_000
# How far a file system's clock may be behind, in seconds.
LAG_SECONDS = 0.02

WAS_THERE, IS_SURE = 1, 2


class Recording:
    """The paths of files that may have changed since it began; `is_lost` where nobody can tell."""

    def __init__(self) -> None:
        self.is_lost = False
        self._since = time() - LAG_SECONDS
        self._paths: dict[bytes, int] = {}
        self._last: bytes | None = None

    def note(self, path: bytes, was_there: bool, is_sure: bool) -> None:
        """Something has happened to a file; before that it was there, or not."""
        known = self._paths.get(path)
        if known is not None:
            self._paths[path] = known | (IS_SURE if is_sure else 0)
        elif self._last is None or path < self._last:
            self._paths[path] = (WAS_THERE if was_there else 0) | (IS_SURE if is_sure else 0)
            if len(self._paths) > 2 * MOST_KEPT:
                kept = sorted(self._paths)[:MOST_KEPT]
                self._last = kept[-1]
                self._paths = {path: self._paths[path] for path in kept}

    def tell(self) -> dict[str, Any]:
        """The changes by now, by name, and whether there are more of them."""
        changes: list[dict[str, Any]] = []
        room = MOST_PATH_BYTES
        for path in sorted(self._paths):
            found = self._change(path, self._paths[path])
            if found:
                room -= len(path)
                if len(changes) >= MOST_TOLD or room < 0:
                    return {"changes": changes, "truncated": True}
                changes.append(dict(found, path=to_text(path)))
        return {"changes": changes, "truncated": self._last is not None}

    def _change(self, path: bytes, flags: int) -> dict[str, Any] | None:
        status = _status(path)
        if status is None:
            return {"change": "deleted", "size": None} if flags & WAS_THERE else None
        if not flags & WAS_THERE:
            return {"change": "created", "size": status.st_size}
        is_modified = flags & IS_SURE or status.st_mtime >= self._since
        return {"change": "modified", "size": status.st_size} if is_modified else None


def _status(path: bytes) -> os.stat_result | None:
    """Of a file, or of that which a link leads to; None where there is none."""
    try:
        status = os.lstat(path)
        if S_ISLNK(status.st_mode):
            status = os.stat(path)
    except OSError:
        return None
    return status if S_ISREG(status.st_mode) else None
