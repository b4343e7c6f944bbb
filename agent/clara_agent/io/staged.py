"""A file that takes its name when it is whole, and is on disk when that is said.

Until then it has no name, where the file system knows such files, so that nothing stays of a writer that dies.
"""

from __future__ import annotations

import errno
import os

from .disk import persist, settle, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .children import Children
    from .contracts import Bytes, T

PREFIX = b".clara-staged-"
RANDOM_BYTES = 8
REMOVE = [b"/bin/rm", b"-rf", b"--"]
# What is in a folder that its user has closed is only removed once that is open.
OPEN = [b"/bin/chmod", b"-R", b"u+rwx", b"--"]

# What a file system says that has no nameless files.
NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)


class Staged:
    """One such file, which its owner fills through `fd`, places, persists and closes, or only closes.

    `roots` are the folders that are swept when the agent starts: there is the name, where there must be one, that a file has
    before its own.
    """

    def __init__(self, folder: bytes, roots: list[bytes], mode: int = 0o666) -> None:
        self._roots = roots
        self._folder = folder
        self._name = None
        try:
            self.fd = os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, mode)
        except OSError as error:
            if error.errno not in NO_NAMELESS:
                raise
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self._name, self.fd = make_aside(folder, roots, lambda name: os.open(name, flags, mode))

    def write(self, data: Bytes) -> None:
        """Appends all of it."""
        write_all(self.fd, data)

    def settle(self) -> None:
        """Must come before the file replaces one that is to stay where there is no room for the new one."""
        settle(self.fd)

    def place(self, path: bytes) -> None:
        """Gives the file its name, in the place of what has it."""
        if self._name is None:
            try:
                return self._link(path)
            except FileExistsError:
                self._name, _ = make_aside(self._folder, self._roots, self._link)
        _rename(self._name, path)
        self._name = None
        return None

    def persist(self) -> None:
        """Returns when the file is on the disk, under its name."""
        persist(self.fd)

    def take_fd(self) -> int:
        """The descriptor, which is the caller's from now on; the file gets no name."""
        fd, self.fd = self.fd, -1
        self.close()
        return fd

    def close(self) -> None:
        """Lets go of the file; one that was not placed is gone."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if self._name is not None:
            _unlink(self._name)
            self._name = None

    def _link(self, name: bytes) -> None:
        os.link(b"/proc/self/fd/%d" % self.fd, name, src_dir_fd=self.fd, follow_symlinks=True)


def place_made(path: bytes, roots: list[bytes], make: Callable[[bytes], T]) -> T | None:
    """Has `make(name)` make something that is no file under this name, in the place of what has it."""
    try:
        return make(path)
    except FileExistsError:
        name, _ = make_aside(os.path.dirname(path), roots, make)
    try:
        return _rename(name, path)
    finally:
        # It is still there after a failure, and where both are names of the same file.
        _unlink(name)


def make_aside(folder: bytes, roots: list[bytes], make: Callable[[bytes], T]) -> tuple[bytes, T]:
    """Makes something under a name for the meantime, in a root where that is the same mount as the folder; the name, and what `make` returns."""
    name = new_name()
    root = root_of(folder, roots)
    if root is not None:
        path = os.path.join(root, name)
        try:
            return path, make(path)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EACCES, errno.EPERM):
                raise
    path = os.path.join(folder, name)
    return path, make(path)


def new_name() -> bytes:
    """A name for the meantime."""
    return PREFIX + os.urandom(RANDOM_BYTES).hex().encode()


def root_of(folder: bytes, roots: list[bytes]) -> bytes | None:
    """The root that a folder really lies in; None where it lies in none."""
    if folder not in roots:
        folder = _real(folder)
    for root in roots:
        if folder == root or folder.startswith(root + b"/"):
            return root
    return None


def _real(folder: bytes) -> bytes:
    """The path of a folder without links on the way; empty where it cannot be told. Not os.path.realpath, which looks at each part of a path by itself."""
    try:
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.readlink(b"/proc/self/fd/%d" % fd)
    except OSError:
        return b""
    finally:
        os.close(fd)


def sweep_roots(roots: list[bytes], children: Children) -> None:
    """Removes what writers that died have left in the roots."""
    size = len(PREFIX) + 2 * RANDOM_BYTES
    for root in roots:
        try:
            names = [name for name in os.listdir(root) if name.startswith(PREFIX) and len(name) == size]
        except OSError:
            continue
        for name in names:
            discard(os.path.join(root, name), children)


def discard(path: bytes, children: Children) -> None:
    """Removes a file, or in a process of its own a folder with all in it; nobody waits for that."""
    try:
        os.unlink(path)
    except IsADirectoryError:
        _remove_folder(path, children)
    except OSError:
        pass  # It is gone.


def _remove_folder(path: bytes, children: Children) -> None:
    def run(argv: list[bytes], then: Callable[[int], object]) -> None:
        try:
            children.watch(os.posix_spawn(argv[0], [*argv, path], {}), then)
        except OSError:
            pass  # The next agent tries again.

    def open_if_left(status: int) -> None:
        if status != 0:
            run(OPEN, lambda _: run(REMOVE, lambda _: None))

    run(REMOVE, open_if_left)


def _rename(name: bytes, path: bytes) -> None:
    try:
        os.rename(name, path)
    except OSError as error:
        # Without the name that nobody else has given.
        raise OSError(error.errno, error.strerror, path) from None


def _unlink(name: bytes) -> None:
    try:
        os.unlink(name)
    except OSError:
        pass  # It is gone, with its folder or by itself.
