"""What an archive of a folder will hold, in order and in few bytes for each entry."""

from __future__ import annotations

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FILE, FOLDER, LINK, UP = range(4)


class Step:
    """One entry, or the way back UP to the folder above; `name` is the last part of `path`, and both are bytes."""

    __slots__ = ("kind", "path", "name", "size", "target")

    def __init__(self, kind: int, path: bytes, name: bytes, size: int, target: bytes) -> None:
        self.kind = kind
        self.path = path
        self.name = name
        self.size = size
        self.target = target


class Plan:
    """The steps of a walk through a folder. The part of each name is kept once: the paths of a deep tree would need its depth squared."""

    def __init__(self) -> None:
        self.entries = 0
        self._kinds = bytearray()
        # Names, and after that of a link its target, each with a NUL at its end.
        self._texts = bytearray()
        self._sizes = array("q")

    def add(self, kind: int, name: bytes, size: int = 0, target: bytes = b"") -> None:
        """One more entry; a folder is entered."""
        self.entries += 1
        self._kinds.append(kind)
        self._texts += name + b"\0"
        if kind == FILE:
            self._sizes.append(size)
        elif kind == LINK:
            self._texts += target + b"\0"

    def leave(self) -> None:
        """The folder that was entered last is done."""
        self._kinds.append(UP)

    def steps(self) -> Iterator[Step]:
        """Yields each Step in order."""
        sizes = iter(self._sizes)
        lengths = []
        prefix = b""
        at = 0
        for kind in self._kinds:
            if kind == UP:
                prefix = prefix[: lengths.pop()]
                yield Step(UP, prefix, b"", 0, b"")
                continue
            end = self._texts.index(0, at)
            name = bytes(self._texts[at:end])
            at = end + 1
            target = b""
            if kind == LINK:
                end = self._texts.index(0, at)
                target = bytes(self._texts[at:end])
                at = end + 1
            yield Step(kind, prefix + name, name, next(sizes) if kind == FILE else 0, target)
            if kind == FOLDER:
                lengths.append(len(prefix))
                prefix += name + b"/"
