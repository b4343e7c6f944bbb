"""A watched folder."""

from __future__ import annotations

from .names import Names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .folder_tree import FolderTree


class Node:
    """A folder in a tree. `is_new` where it came while the tree was watched, and so all that is in it did."""

    __slots__ = ("tree", "parent", "name", "children", "watch", "names", "is_new", "is_attached")

    def __init__(self, tree: FolderTree, parent: Node | None, name: bytes, is_new: bool) -> None:
        self.tree = tree
        self.parent = parent
        self.name = name
        self.children: dict[bytes, Node] = {}
        self.watch = -1
        # What is in it, as far as its tree takes it.
        self.names = Names()
        self.is_new = is_new
        # False once it has left its tree, or while it is on its way to another folder.
        self.is_attached = True

    def path(self, name: bytes = b"") -> bytes | None:
        """Where it is, or what has that name in it; None where it is no more in its tree."""
        parts = [name] if name else []
        node: Node | None = self
        while node:
            if not node.is_attached:
                return None
            parts.append(node.name)
            node = node.parent
        return b"/".join(reversed(parts))
