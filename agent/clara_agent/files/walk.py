"""A way through all below a folder: depth first, by the bytes of the names, and through no link. Changes the working folder, so it runs in a child."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What is said of a folder that is no more, or no folder.
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)
# Each level holds a descriptor, so that nothing that is moved meanwhile leads astray.
MAX_LEVELS = 400


class Found:
    """What lies in the working folder under `name`, and at `path` below the folder where the walk began."""

    __slots__ = ("path", "name", "is_folder")

    def __init__(self, path: bytes, name: bytes, is_folder: bool) -> None:
        self.path = path
        self.name = name
        self.is_folder = is_folder


class Walk:
    """Yields each Found before what is in it; folders that vanish or cannot be read are empty."""

    def __init__(self, root: bytes, depth: int = MAX_LEVELS, after: list[bytes] | None = None, wants: Callable[[Found], bool] | None = None, is_strict: bool = False) -> None:
        """`after` are the parts of the path behind which it begins, whether that is still there or not; what `wants` says no to is left out with all in it; where it is strict, what cannot be read is an OSError."""
        self._root = root
        self._depth = min(depth, MAX_LEVELS)
        self._after = after or []
        self._wants = wants
        self._is_strict = is_strict
        # Whether folders were too deep to be looked into.
        self.is_cut = False

    def __iter__(self) -> Iterator[Found]:
        levels = [os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        try:
            yield from self._walk(levels)
        finally:
            for fd in levels:
                os.close(fd)

    def _walk(self, levels: list[int]) -> Iterator[Found]:
        os.fchdir(levels[0])
        after = self._after
        above: list[tuple[bytes, list[Found]]] = []
        prefix = b""
        todo = self._list(prefix, after)
        while True:
            if not todo:
                if not above:
                    return
                prefix, todo = above.pop()
                os.close(levels.pop())
                os.fchdir(levels[-1])
                continue
            found = todo.pop()
            is_known = bool(after) and found.name == after[0]
            after = after[1:] if is_known else []
            if not is_known:
                yield found
            if found.is_folder and self._enter(found, levels):
                above.append((prefix, todo))
                prefix = found.path + b"/"
                todo = self._list(prefix, after)
            else:
                after = []

    def _enter(self, found: Found, levels: list[int]) -> bool:
        if len(levels) >= self._depth:
            self.is_cut = self.is_cut or self._depth == MAX_LEVELS
            if self.is_cut and self._is_strict:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), os.path.join(self._root, found.path))
            return False
        try:
            fd = os.open(found.name, FLAGS)
        except OSError as error:
            return self._pass_over(error, found.path)
        levels.append(fd)
        try:
            os.fchdir(fd)
        except OSError as error:
            # It may be read, and not be entered.
            os.close(levels.pop())
            return self._pass_over(error, found.path)
        return True

    def _pass_over(self, error: OSError, path: bytes) -> bool:
        if self._is_strict and error.errno not in GONE:
            raise OSError(error.errno, error.strerror, os.path.join(self._root, path)) from None
        return False

    def _list(self, prefix: bytes, after: list[bytes]) -> list[Found]:
        """What is in the working folder, from the last to the first, and what comes before `after` left out."""
        listed = []
        try:
            with os.scandir(b".") as entries:
                for entry in entries:
                    if after and entry.name < after[0]:
                        continue
                    found = Found(prefix + entry.name, entry.name, entry.is_dir(follow_symlinks=False))
                    if self._wants is None or self._wants(found):
                        listed.append(found)
        except OSError as error:
            self._pass_over(error, prefix)
        listed.sort(key=lambda found: found.name, reverse=True)
        return listed
