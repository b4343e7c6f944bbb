"""A folder that is watched with all below it, or alone."""

from __future__ import annotations

import os
from time import monotonic

from ..io.descriptors import EXHAUSTED
from ..wire.errors import Failure
from ..io.inotify import CREATE, DELETE, DELETE_SELF, IGNORED, IS_FOLDER, MOVE_SELF, MOVED_FROM, MOVED_TO, UNMOUNT
from .move import Arrival, Move
from .node import Node
from .tree_events import TreeEvents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .watches import Watches

MAX_FOLDERS = 20_000
# Of the names of all files that are kept in mind: more than a million of usual ones.
MAX_NAME_BYTES = 32 << 20
TOO_LONG = "There are more files than can be watched: their names have more than %d MiB." % (MAX_NAME_BYTES >> 20)
TOO_MANY = "There are more folders than can be watched: at most %d, and the kernel may allow less (fs.inotify.max_user_watches)." % MAX_FOLDERS
NOT_NOW = "The folders cannot be looked through now: too many files are open, or no memory is left."


class FolderTree(TreeEvents):
    """Keeps a watch on each folder, and the names of what is in it, as they come, go and move; tells what happens by the methods of TreeEvents."""

    def __init__(self, watches: Watches, root: bytes, is_recursive: bool) -> None:
        self._watches = watches
        self._is_recursive = is_recursive
        self.root = Node(self, None, root, False)
        self.size = self.name_bytes = 0
        # Folders that are watched and not looked into yet.
        self._unread: list[Node] = []
        self._moving: dict[int, Move] = {}
        # Why it is watched no more.
        self.failure: Failure | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether it has to be called again soon."""
        return bool(self._unread or self._moving)

    @property
    def is_whole(self) -> bool:
        """Whether all of it is watched."""
        return not self._unread and not self.failure

    def begin(self) -> None:
        """Watches the root. OSError where there is no inotify, or no such folder."""
        self._watches.enter(self)
        path = self.root.name
        if not self._watches.add(self.root, path):
            self._watches.leave(self)
            os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            raise Failure("limit", TOO_MANY)
        self.size = 1
        self._unread.append(self.root)

    def close(self) -> None:
        """Watches nothing any more."""
        self._unread.clear()
        for move in self._moving.values():
            self._drop(move.node)
        self._moving.clear()
        self._drop(self.root)
        self._watches.leave(self)

    def _fail(self, code: str, message: str) -> None:
        self.failure = Failure(code, message)
        self.close()
        self.ended()

    def overflow(self) -> None:
        """Begins anew, as it has missed something."""
        self._unread.clear()
        for move in self._moving.values():
            self._drop(move.node)
        self._moving.clear()
        name = self.root.name
        self._drop(self.root)
        self.root = Node(self, None, name, False)
        self.size, self.name_bytes = 1, 0
        if not self._watches.add(self.root, name):
            return self._fail("not_found", "The folder is gone.")
        self._unread.append(self.root)
        return self.lost()

    def settle(self, seconds: float) -> None:
        """What has happened so far is told: gives up moves without an end, and looks into new folders for so long."""
        for cookie, move in list(self._moving.items()):
            move.age += 1
            if move.age > 1:
                del self._moving[cookie]
                self._drop(move.node)
        self.work(seconds)
        self.settled()

    def work(self, seconds: float) -> None:
        """Looks into folders that it has not looked into, for so long."""
        end = monotonic() + seconds
        while self._unread and not self.failure:
            node = self._unread.pop()
            path = node.path()
            if path is not None:
                self._read(node, path)
            if monotonic() > end:
                return

    def _read(self, node: Node, path: bytes) -> None:
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if self.failure:
                        return
                    if self.takes(entry.name):
                        is_folder = entry.is_dir(follow_symlinks=False)
                        if entry.name not in node.names:
                            self._keep(node, entry.name, True)
                            if node.is_new:
                                self.created(node, entry.name, is_folder)
                        if is_folder:
                            self._enter(node, entry.name, node.is_new)
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._fail("limit", NOT_NOW)
            return  # It is gone, or closed to its user: its parent tells.

    def _enter(self, parent: Node, name: bytes, is_new: bool) -> None:
        if not self._is_recursive or self.failure:
            return
        path = parent.path(name)
        if path is None:
            return
        node = Node(self, parent, name, is_new)
        old = parent.children.get(name)
        watch = old.watch if old else -1
        if not self._watches.add(node, path):
            if _can_be_read(path):
                self._fail("limit", TOO_MANY)
            return
        if old and node.watch == watch:
            # It is known already: found, and told by the kernel too.
            self._watches.add(old, path)
            return
        self._drop(old)
        parent.children[name] = node
        self.size += 1
        if self.size > MAX_FOLDERS:
            self._fail("limit", TOO_MANY)
        else:
            self._unread.append(node)

    def _drop(self, node: Node | None) -> None:
        """Forgets a folder and all below it."""
        nodes = [node] if node else []
        while nodes:
            one = nodes.pop()
            nodes.extend(one.children.values())
            one.children = {}
            one.is_attached = False
            self._watches.remove(one)
            self.size -= 1
            self.name_bytes -= one.names.bytes

    def _keep(self, node: Node, name: bytes, is_there: bool) -> None:
        """A name comes or goes."""
        before = node.names.bytes
        node.names.set(name, is_there)
        self.name_bytes += node.names.bytes - before
        if self.name_bytes > MAX_NAME_BYTES and not self.failure:
            self._fail("limit", TOO_LONG)

    def happened(self, node: Node, mask: int, cookie: int, name: bytes) -> None:
        """Something has happened in a folder."""
        if mask & (DELETE_SELF | MOVE_SELF | UNMOUNT | IGNORED):
            if node is self.root:
                self._fail("not_found", "The folder is gone.")
            return
        if not name or not node.is_attached or not self.takes(name):
            return
        is_folder = bool(mask & IS_FOLDER)
        was_there = name in node.names
        if mask & CREATE:
            if not was_there:
                self._keep(node, name, True)
                self.created(node, name, is_folder)
            if is_folder:
                self._enter(node, name, True)
        elif mask & DELETE:
            if was_there:
                self._keep(node, name, False)
                self.deleted(node, name, is_folder)
            if is_folder:
                self._drop(node.children.pop(name, None))
        elif mask & MOVED_FROM:
            self._keep(node, name, False)
            move = Move(node, name, node.children.pop(name, None) if is_folder else None)
            self.moved_away(cookie, move, is_folder)
            if move.node:
                move.node.is_attached = False
            self._moving[cookie] = move
        elif mask & MOVED_TO:
            self._keep(node, name, True)
            self._arrive(node, name, is_folder, cookie, was_there)
        elif was_there or not _is_unnamed(name):
            self.touched(node, name, mask)

    def _arrive(self, node: Node, name: bytes, is_folder: bool, cookie: int, was_there: bool) -> None:
        move = self._moving.pop(cookie, None)
        moved = move.node if move else None
        if is_folder:
            self._drop(node.children.pop(name, None))
        if moved:
            moved.parent, moved.name, moved.is_attached = node, name, True
            node.children[name] = moved
        self.moved_here(node, name, Arrival(cookie, is_folder, was_there, move))
        if is_folder and not moved:
            self._enter(node, name, True)


def _is_unnamed(name: bytes) -> bool:
    """Whether this is what the kernel calls a file that has no name (O_TMPFILE) and is written."""
    return name.startswith(b"#") and name[1:].isdigit()


def _can_be_read(path: bytes) -> bool:
    """Whether a folder is there that its user may read."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError:
        return False
    return True
