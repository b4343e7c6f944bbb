"""What moves from one folder to another."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .node import Node


class Move:
    """What has left a folder and may turn up in another; `node` where it is a watched folder, `age` counts the looks since."""

    __slots__ = ("parent", "name", "node", "age")

    def __init__(self, parent: Node, name: bytes, node: Node | None) -> None:
        self.parent = parent
        self.name = name
        self.node = node
        self.age = 0


class Arrival:
    """What has come into a folder: in the place of something else where `was_there`, from the same tree where there is a `move`."""

    __slots__ = ("cookie", "is_folder", "was_there", "move")

    def __init__(self, cookie: int, is_folder: bool, was_there: bool, move: Move | None) -> None:
        self.cookie = cookie
        self.is_folder = is_folder
        self.was_there = was_there
        self.move = move
