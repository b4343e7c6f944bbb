"""The names of the files of a folder, compactly: a workspace may have hundreds of thousands."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Names that share a string, on average at most.
SHARE = 32


class Names:
    """A set of names: a few in one string each, so that neither a look nor their memory grows with the folder."""

    __slots__ = ("_parts", "_size", "bytes")

    def __init__(self) -> None:
        self._parts = [b"/"]
        self._size = 0
        # Of all names together.
        self.bytes = 0

    def __contains__(self, name: bytes) -> bool:
        return b"/%b/" % name in self._parts[hash(name) % len(self._parts)]

    def set(self, name: bytes, is_there: bool) -> None:
        """A name comes or goes."""
        if (name in self) == is_there:
            return
        at = hash(name) % len(self._parts)
        if is_there:
            self._parts[at] += name + b"/"
            self._size += 1
            self.bytes += len(name)
            if self._size > SHARE * len(self._parts):
                self._spread()
        else:
            self._parts[at] = self._parts[at].replace(b"/%b/" % name, b"/", 1)
            self._size -= 1
            self.bytes -= len(name)

    def _spread(self) -> None:
        names = list(self)
        parts: list[list[bytes]] = [[] for _ in range(4 * len(self._parts))]
        for name in names:
            parts[hash(name) % len(parts)].append(name)
        self._parts = [b"/" + b"".join(name + b"/" for name in part) for part in parts]

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for name in part.split(b"/"):
                if name:
                    yield name
