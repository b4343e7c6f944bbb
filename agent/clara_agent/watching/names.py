"""The names of the files of a folder, compactly: a workspace may have hundreds of thousands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# So many changes are kept beside the names before they are put together.
MOST_CHANGES = 64


class Names:
    """A set of names: one string of all, and what has changed since it was made."""

    __slots__ = ("_all", "_size", "_changes")

    def __init__(self) -> None:
        self._all = b"/"
        self._size = 0
        self._changes: dict[bytes, bool] = {}

    def __contains__(self, name: bytes) -> bool:
        change = self._changes.get(name)
        return b"/" + name + b"/" in self._all if change is None else change

    def set(self, name: bytes, is_there: bool) -> None:
        """A name comes or goes."""
        self._changes[name] = is_there
        if len(self._changes) > MOST_CHANGES + self._size // 4:
            names = list(self)
            self._all = b"/" + b"/".join(names) + b"/" if names else b"/"
            self._size = len(names)
            self._changes = {}

    def __iter__(self) -> Iterator[bytes]:
        for name in self._all.split(b"/"):
            if name and name not in self._changes:
                yield name
        for name, is_there in self._changes.items():
            if is_there:
                yield name
