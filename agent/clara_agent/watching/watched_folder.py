"""A folder that somebody watches: what happens in it becomes lines, within bounds."""

from __future__ import annotations

import os
import stat

from ..io.inotify import ATTRIB, IS_FOLDER, MODIFY
from ..wire.parameters import to_text
from .folder_tree import FolderTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Dict

    from .move import Arrival, Move
    from .node import Node
    from .watches import Watches

    Line = Dict[str, Any]

# What waits for a reader; more of it becomes one line that says so.
MAX_LINES = 8192
# Names of files that are not in their place yet.
STAGED = b".clara-staged-"


class WatchedFolder(FolderTree):
    """Keeps lines of what has happened; `on_settled` is called when there may be some."""

    def __init__(self, watches: Watches, path: bytes, is_recursive: bool, on_settled: Callable[[], object]) -> None:
        self._shown = path.rstrip(b"/") or b"/"
        super().__init__(watches, os.path.realpath(path), is_recursive)
        self._lines: list[Line] = []
        self._on_settled = on_settled
        self._moves: dict[int, Line] = {}
        # Files whose last line says that they were modified, or their attributes.
        self._same: set[tuple[str, bytes]] = set()
        # Whether the tree is being built again, after something was missed.
        self._is_anew = False

    def take_lines(self) -> list[Line]:
        """What may be sent: nothing from what may still turn out to be a move on, and no `overflow` before all is watched again."""
        if self._is_anew and not (self.is_whole or self.failure):
            return []
        self._is_anew = False
        self._moves = {cookie: line for cookie, line in self._moves.items() if cookie in self._moving}
        held = {id(line) for line in self._moves.values()}
        count = next((at for at, line in enumerate(self._lines) if id(line) in held), len(self._lines)) if held else len(self._lines)
        lines, self._lines = self._lines[:count], self._lines[count:]
        self._same.clear()
        return lines

    def _path(self, node: Node, name: bytes) -> bytes:
        whole = node.path(name) or name
        return os.path.join(self._shown, whole[len(self.root.name) :].lstrip(b"/"))

    def _tell(self, event: str, path: bytes, kind: str, **more: Any) -> Line:
        self._same -= {("modified", path), ("attributes", path)}
        return self._add(dict({"event": event, "path": to_text(path), "type": kind}, **more))

    def _add(self, line: Line) -> Line:
        if len(self._lines) >= MAX_LINES:
            self._forget()
        self._lines.append(line)
        return line

    def _forget(self) -> None:
        self._lines = [{"event": "overflow"}]
        self._same.clear()
        self._moves.clear()

    def takes(self, name: bytes) -> bool:
        """All but what is not in its place yet."""
        return not name.startswith(STAGED)

    def created(self, node: Node, name: bytes, is_folder: bool) -> None:
        """A line of it."""
        self._tell("created", self._path(node, name), self._type(node, name, is_folder))

    def deleted(self, node: Node, name: bytes, is_folder: bool) -> None:
        """A line of it."""
        self._tell("deleted", self._path(node, name), "directory" if is_folder else "file")

    def moved_away(self, cookie: int, move: Move, is_folder: bool) -> None:
        """Deleted, unless it turns up."""
        kind = "directory" if is_folder else "file"
        self._moves[cookie] = self._tell("deleted", self._path(move.parent, move.name), kind, moved=True)

    def moved_here(self, node: Node, name: bytes, arrival: Arrival) -> None:
        """Renamed, where it comes from this tree."""
        path, kind = self._path(node, name), self._type(node, name, arrival.is_folder)
        # Its line may have been sent by now.
        line = self._moves.pop(arrival.cookie, None)
        if line is not None:
            self._lines = [other for other in self._lines if other is not line]
            self._tell("renamed", path, kind, **{"from": line["path"]})
        elif arrival.was_there:
            self._tell("modified", path, kind, moved=True)
        else:
            self._tell("created", path, kind, moved=True)

    def touched(self, node: Node, name: bytes, mask: int) -> None:
        """A line of it, once for changes that follow each other."""
        event = "modified" if mask & MODIFY else "attributes" if mask & ATTRIB else None
        path = self._path(node, name)
        if event and (event, path) not in self._same:
            self._same.add((event, path))
            self._add({"event": event, "path": to_text(path), "type": self._type(node, name, bool(mask & IS_FOLDER))})

    def _type(self, node: Node, name: bytes, is_folder: bool) -> str:
        if is_folder:
            return "directory"
        try:
            mode = os.lstat(node.path(name) or name).st_mode
        except OSError:
            return "file"  # It is gone by now; most are files.
        return "file" if stat.S_ISREG(mode) else "symlink" if stat.S_ISLNK(mode) else "directory" if stat.S_ISDIR(mode) else "other"

    def lost(self) -> None:
        """Something is missing: what waits is worth nothing without it."""
        self._is_anew = True
        self._forget()

    def settled(self) -> None:
        """There may be lines."""
        self._on_settled()

    def ended(self) -> None:
        """The folder is gone, or there is too much in it."""
        if self.failure and self.failure.code == "not_found":
            self._tell("deleted", self._shown, "directory")
        self._on_settled()
