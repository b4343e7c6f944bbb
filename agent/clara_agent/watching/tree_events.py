"""What a tree of folders tells; each method does nothing for one that does not care."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .move import Arrival, Move
    from .node import Node


class TreeEvents:
    """Base of trees. Events come in the order in which the kernel tells them."""

    def takes(self, name: bytes) -> bool:
        """Whether a name is looked at, and what is below it."""
        return True

    def created(self, node: Node, name: bytes, is_folder: bool) -> None:
        """It is new in its folder."""

    def deleted(self, node: Node, name: bytes, is_folder: bool) -> None:
        """It is gone."""

    def moved_away(self, cookie: int, move: Move, is_folder: bool) -> None:
        """It has left its folder; told before what is below it is forgotten."""

    def moved_here(self, node: Node, name: bytes, arrival: Arrival) -> None:
        """It has come into a folder; what is below it is told as new, unless it comes from the same tree."""

    def touched(self, node: Node, name: bytes, mask: int) -> None:
        """Its contents or attributes have changed, or it was closed by who could have changed it."""

    def ended(self) -> None:
        """Its root is gone, or `failure` says why it is watched no more."""

    def lost(self) -> None:
        """More has happened than the kernel has kept; the tree is built anew."""

    def settled(self) -> None:
        """All that has happened so far was told."""
