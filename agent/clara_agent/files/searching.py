"""What a search does in its child: goes through files, and through the lines of those that may have one that fits."""

from __future__ import annotations

import os
import stat

from ..jobs.deadline import give_up_after
from .entries import Lines
from .finders import Finder, bare
from .glob import is_searched
from .patterns import compile_pattern
from .walk import Found, Walk
from ..wire.parameters import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECONDS = 10
MAX_FILE_BYTES = 10 << 20
# Where a NUL makes a file binary.
BINARY_BYTES = 8192
# What is shown of a line, in characters, and how much of that lies before the match.
MAX_SHOWN = 2000
SHOWN_BEFORE = 200
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def search_into(request: dict[str, Any], out: int) -> dict[str, Any]:
    """Writes the matches; `reason` says why there may be more: `limit`, `time` or `depth`."""
    search = Search(request)
    is_in_time = give_up_after(SECONDS, search.run)
    search.lines.send(out)
    reason = search.reason if is_in_time else "time"
    return {"files": search.files, "reason": reason}


class Search:
    """One search, and what it has found so far."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.lines = Lines(request["limit"])
        self.files = 0
        self.reason: str | None = None
        self._request = request
        self._root: bytes = request["path"]
        self._context: int = request["context"]

    def run(self) -> None:
        """Searches a file, or all below a folder."""
        request = self._request
        self._finder = Finder(request["query"], request["regex"], request["case_sensitive"])
        self._include = [compile_pattern(pattern) for pattern in request["include"]]
        self._exclude = [compile_pattern(pattern) for pattern in request["exclude"]]
        if not os.path.isdir(self._root):
            self._search_file(self._root, self._root, 0)
            return
        walk = Walk(self._root, wants=self._wants)
        for found in walk:
            if not found.is_folder and not self._search_file(os.path.join(self._root, found.path), found.name, os.O_NOFOLLOW):
                return
        if walk.is_cut:
            self.reason = "depth"

    def _wants(self, found: Found) -> bool:
        if not is_searched(self._root, found):
            return False
        if not self._exclude and (found.is_folder or not self._include):
            return True
        path = os.fsdecode(found.path)
        if any(fits(path) for fits in self._exclude):
            return False
        return found.is_folder or not self._include or any(fits(path) for fits in self._include)

    def _search_file(self, path: bytes, name: bytes, flags: int) -> bool:
        """False where there is no room for more."""
        data = _read(name, FLAGS & ~os.O_NOFOLLOW | flags)
        if data is None:
            return True
        self.files += 1
        for number, column, lines in self._finder.find(data):
            if self.lines.is_full:
                self.reason = "limit"
                return False
            self._add(path, number, column, lines)
        return True

    def _add(self, path: bytes, number: int, column: int, lines: list[str]) -> None:
        context = self._context
        before = lines[max(0, number - context) : number] if context else []
        after = lines[number + 1 : number + 1 + context] if context else []
        self.lines.add(
            {
                "path": to_text(path),
                "line": number + 1,
                "column": column + 1,
                "text": _show(lines[number], column),
                "before": [_show(line, 0) for line in before],
                "after": [_show(bare(line), 0) for line in after],
            }
        )


def _read(name: bytes, flags: int) -> bytes | None:
    """A text's bytes; None for what is no regular file, cannot be read, is too large, or is binary."""
    try:
        fd = os.open(name, flags)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
            return None
        data = os.read(fd, status.st_size + 1)
    except OSError:
        return None
    finally:
        os.close(fd)
    return None if b"\0" in data[:BINARY_BYTES] else data


def _show(line: str, column: int) -> str:
    """A line, or the part of it around the match."""
    if len(line) <= MAX_SHOWN:
        return line
    start = max(0, min(column - SHOWN_BEFORE, len(line) - MAX_SHOWN))
    return line[start : start + MAX_SHOWN]
