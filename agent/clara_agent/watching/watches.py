"""The watches of a sandbox: one inotify instance for all trees, since the kernel gives a user few of them."""

from __future__ import annotations

from ..io.inotify import IGNORED, OVERFLOW, Inotify
from ..io.loop import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.loop import Loop, Timer
    from .folder_tree import FolderTree
    from .node import Node

# Between two looks, in seconds: what happens to a file meanwhile is read at once, and the kernel merges what repeats.
PERIOD_SECONDS = 0.02
# Of one look: more than the kernel keeps by default.
MOST_READS = 80
# How long one look may search new folders, in seconds.
SCAN_SECONDS = 0.05


class Watches:
    """Who watches which folder. It is read while a tree listens, and whenever somebody asks for what has happened so far."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._inotify: Inotify | None = None
        self._nodes: dict[int, list[Node]] = {}
        self._trees: set[FolderTree] = set()
        self._listeners = 0
        # How many operations watch.
        self.watchers = 0
        self._is_added = False
        self._timer: Timer | None = None

    def enter(self, tree: FolderTree) -> None:
        """A tree begins; OSError where the kernel has no inotify left."""
        if self._inotify is None:
            self._inotify = Inotify()
        self._trees.add(tree)

    def leave(self, tree: FolderTree) -> None:
        """A tree ends; the last one takes the instance along."""
        self._trees.discard(tree)
        if not self._trees and self._inotify:
            self._ignore()
            self._inotify.close()
            self._inotify = None
            self._nodes.clear()

    def add(self, node: Node, path: bytes) -> bool:
        """Watches a folder for a node; another node of its tree that had the same folder loses it. False where it cannot be watched."""
        assert self._inotify
        watch = self._inotify.add(path)
        if watch < 0:
            return False
        nodes = self._nodes.setdefault(watch, [])
        for other in list(nodes):
            if other.tree is node.tree:
                nodes.remove(other)
                other.watch = -1
        nodes.append(node)
        node.watch = watch
        return True

    def remove(self, node: Node) -> None:
        """A node needs its watch no more."""
        nodes = self._nodes.get(node.watch)
        if nodes and node in nodes and self._inotify:
            nodes.remove(node)
            if not nodes:
                del self._nodes[node.watch]
                self._inotify.remove(node.watch)
        node.watch = -1

    def listen(self, difference: int) -> None:
        """One more tree, or one less, is to hear of what happens as it happens."""
        self._listeners += difference
        if self._listeners:
            self._await()
        else:
            self._ignore()

    def _await(self) -> None:
        if self._inotify and not self._is_added and self._timer is None:
            self._is_added = True
            self._loop.add(self._inotify.fd, READ, self._readable)

    def _ignore(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._is_added and self._inotify:
            self._loop.remove(self._inotify.fd)
        self._is_added = False

    def _readable(self, events: int) -> None:
        self._ignore()
        self._timer = self._loop.later(PERIOD_SECONDS, self._look)

    def _look(self) -> None:
        self._timer = None
        self.drain()
        if self._listeners and self._timer is None:
            if any(tree.is_waiting for tree in self._trees):
                self._timer = self._loop.later(PERIOD_SECONDS, self._look)
            else:
                self._await()

    def drain(self) -> None:
        """Tells all trees what has happened so far, and lets them look into new folders for a while."""
        for _ in range(MOST_READS):
            events = self._inotify.read() if self._inotify else []
            if not events:
                break
            for watch, mask, cookie, name in events:
                self._tell(watch, mask, cookie, name)
        for tree in list(self._trees):
            tree.settle(SCAN_SECONDS)

    def _tell(self, watch: int, mask: int, cookie: int, name: bytes) -> None:
        if mask & OVERFLOW:
            for tree in list(self._trees):
                tree.overflow()
            return
        nodes = self._nodes.get(watch)
        if not nodes:
            return
        for node in list(nodes):
            node.tree.happened(node, mask, cookie, name)
        if mask & IGNORED:
            for node in self._nodes.pop(watch, []):
                node.watch = -1
