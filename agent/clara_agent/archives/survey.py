"""Looks at all that an archive is to hold before its first byte, so that what is wrong is said instead of sent. Runs in a job."""

from __future__ import annotations

import errno
import os
import stat

from ..wire.errors import Failure, from_os_error
from .plan import FILE, FOLDER, LINK, Plan
from ..io.trail import Trail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contracts import Writer

MAX_ENTRIES = 1000000
# All paths together: those of a deep tree grow with its depth squared.
MAX_PATH_BYTES = 256 << 20


GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)


class Changed(Failure):
    """What is to be packed is no more as it was a moment ago."""

    def __init__(self, path: bytes) -> None:
        super().__init__("invalid", "It changed while it was packed: %s; try again." % show(path))


def to_failure(error: OSError, path: bytes) -> Failure:
    """What an OSError at a path below the folder means."""
    return Changed(path) if error.errno in GONE else from_os_error(error, show(path))


class Survey:
    """Makes the plan of an archive; `form` is the writer that is to follow it, which says what each entry costs."""

    def __init__(self, form: type[Writer]) -> None:
        self.plan = Plan()
        # Of the archive, where the form can tell.
        self.bytes = 0
        self._form = form
        self._path_bytes = 0

    def look(self, path: bytes) -> None:
        """A file, or all below a folder in the order of names; the working folder is then the one that the plan begins in."""
        if not os.path.isdir(path):
            folder, name = os.path.split(path)
            os.chdir(folder)
            return self._note(b"", name)
        os.chdir(path)
        start = os.open(b".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with Trail() as trail:
                self._look_below(trail)
            os.fchdir(start)
        finally:
            os.close(start)

    def _look_below(self, trail: Trail) -> None:
        above = []
        prefix = b""
        todo = self._list(prefix)
        while True:
            if todo:
                name = todo.pop()
                try:
                    trail.enter(name)
                except OSError as error:
                    if error.errno in GONE:
                        continue
                    raise to_failure(error, prefix + name) from None
                self._add(FOLDER, prefix, name)
                above.append((name, todo))
                prefix += name + b"/"
                todo = self._list(prefix)
            elif above:
                name, todo = above.pop()
                prefix = prefix[: -len(name) - 1]
                self.plan.leave()
                try:
                    trail.leave()
                except OSError as error:
                    raise to_failure(error, prefix + name) from None
            else:
                return

    def _list(self, prefix: bytes) -> list[bytes]:
        """Notes what is in the working folder, folders excepted; their names, from the last to the first."""
        names = []
        folders = []
        try:
            with os.scandir(b".") as found:
                for entry in found:
                    (folders if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
                    if self.plan.entries + len(names) + len(folders) > MAX_ENTRIES:
                        raise Failure("unsupported", "There are more than %d files and folders, too many for one archive; take them in parts." % MAX_ENTRIES)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise to_failure(error, prefix or b".") from None
        for name in sorted(names):
            try:
                self._note(prefix, name)
            except OSError as error:
                if error.errno not in GONE:
                    raise to_failure(error, prefix + name) from None
        folders.sort(reverse=True)
        return folders

    def _note(self, prefix: bytes, name: bytes) -> None:
        status = os.lstat(name)
        if stat.S_ISLNK(status.st_mode):
            self._add(LINK, prefix, name, 0, os.readlink(name))
        elif stat.S_ISREG(status.st_mode):
            if not os.access(name, os.R_OK):
                os.stat(name)
                raise Failure("denied", "Permission denied: %s." % show(prefix + name))
            self._add(FILE, prefix, name, status.st_size)

    def _add(self, kind: int, prefix: bytes, name: bytes, size: int = 0, target: bytes = b"") -> None:
        length = len(prefix) + len(name)
        self._path_bytes += length
        if self._path_bytes > MAX_PATH_BYTES:
            raise Failure("unsupported", "The folder is too deep for an archive: its paths have more than %d MiB; take it in parts." % (MAX_PATH_BYTES >> 20))
        self.bytes += self._form.bytes_of(kind, length, size, len(target))
        self.plan.add(kind, name, size, target)


def show(path: bytes) -> str:
    """A path as sentences have it."""
    return path.decode("utf-8", "replace")
