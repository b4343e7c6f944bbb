"""The workspace as runs see it: what changes in it is told to all that are under way."""

from __future__ import annotations

from ..io.inotify import CLOSE_WRITE, MODIFY
from .folder_tree import FolderTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .move import Arrival, Move
    from .node import Node
    from .recording import Recording
    from .watches import Watches

# Folders of programs, not of those who use them; names that begin with a dot are left out too.
LEFT_OUT = (b"__pycache__", b"node_modules")


class ChangedTree(FolderTree):
    """Tells recordings of files; `hushed` are paths whose changes, and those below them, are the API's own."""

    def __init__(self, watches: Watches, root: bytes, hushed: list[bytes]) -> None:
        super().__init__(watches, root, True)
        self.recordings: set[Recording] = set()
        self._hushed = hushed
        # Hushed for as long as there are folders to look into.
        self.hushed_until_whole: list[bytes] = []

    def takes(self, name: bytes) -> bool:
        """What people look at."""
        return not name.startswith(b".") and name not in LEFT_OUT

    def _note(self, node: Node, name: bytes, was_there: bool, is_sure: bool = True) -> None:
        if not self.recordings:
            return
        path = node.path(name)
        if path is None:
            return
        for hushed in (*self._hushed, *self.hushed_until_whole):
            if path.startswith(hushed) and path[len(hushed) : len(hushed) + 1] in (b"", b"/"):
                return
        for recording in self.recordings:
            recording.note(path, was_there, is_sure)

    def _note_all(self, node: Node, was_there: bool) -> None:
        """All files in a folder and below it."""
        # Not by calls of itself: folders may lie in each other deeper than Python calls.
        nodes = [node] if self.recordings else []
        while nodes:
            one = nodes.pop()
            nodes.extend(one.children.values())
            for name in one.names:
                if name not in one.children:
                    self._note(one, name, was_there)

    def created(self, node: Node, name: bytes, is_folder: bool) -> None:
        """It was not there."""
        if not is_folder:
            self._note(node, name, False)

    def deleted(self, node: Node, name: bytes, is_folder: bool) -> None:
        """It was there."""
        if not is_folder:
            self._note(node, name, True)

    def moved_away(self, cookie: int, move: Move, is_folder: bool) -> None:
        """It was there, with all below it."""
        if move.node:
            self._note_all(move.node, True)
        elif not is_folder:
            self._note(move.parent, move.name, True)

    def moved_here(self, node: Node, name: bytes, arrival: Arrival) -> None:
        """It was not there, nor what is below it."""
        if not arrival.is_folder:
            self._note(node, name, arrival.was_there)
        elif name in node.children:
            self._note_all(node.children[name], False)

    def touched(self, node: Node, name: bytes, mask: int) -> None:
        """Its contents have changed for sure; or it was open to be written, when its time tells."""
        if mask & (MODIFY | CLOSE_WRITE):
            self._note(node, name, True, bool(mask & MODIFY))

    def lost(self) -> None:
        """Nobody can tell what has changed."""
        for recording in self.recordings:
            recording.is_lost = True

    def ended(self) -> None:
        """The same."""
        self.lost()

    def settled(self) -> None:
        """All that has come was looked into."""
        if self.is_whole:
            self.hushed_until_whole.clear()
