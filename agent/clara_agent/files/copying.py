"""The operation `copy`: made beside its place, which it takes when it is whole and on the disk. In a child."""

from __future__ import annotations

import errno
import os
import stat

from ..wire.errors import Failure, from_os_error, from_write_error
from ..io.disk import persist_all, settle, write_all
from ..io.staged import discard, root_of
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import to_text
from .relocation import Relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_ENTRIES = 1_000_000
CHUNK = 1 << 20
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Copy(JobOperation):
    """Copies a file, link, FIFO or folder with its modes and times; links stay links, sockets and devices are left out."""

    def start(self) -> None:
        """Looks at both ends, and leaves the rest to the child."""
        plan = Relocation(self.agent, self.parameters)
        self.job = Job(self.agent, self.channel, lambda *_: _answer(plan, self.agent.roots), clean_up=lambda: discard(plan.aside, self.agent.children), writes=(plan.target,))


def _answer(plan: Relocation, roots: list[bytes]) -> dict[str, Any]:
    from .entries import look

    if not plan.is_same:
        copy(plan, roots)
    return {"entry": look(plan.target)}


def copy(plan: Relocation, roots: list[bytes]) -> None:
    """Makes the copy and puts it in its place."""
    from .remove import remove_any

    folder, name = os.path.split(plan.aside)
    try:
        above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if not _copy_one(plan.source, plan.status, above, name):
            raise Failure("invalid", "It is a socket or a device, which cannot be copied: %s." % os.fsdecode(plan.source), "from")
        if stat.S_ISDIR(plan.status.st_mode):
            _copy_below(plan.source, os.open(name, FOLDER_FLAGS, dir_fd=above), plan.status)
        replaced = plan.place(plan.aside)
        persist_all(os.path.dirname(plan.target))
    except OSError as error:
        if error.filename not in (None, name, folder, plan.aside, plan.target):
            raise from_os_error(error, to_text(error.filename), "from") from None
        convert = from_os_error if root_of(folder, roots) is None else from_write_error
        raise convert(error, to_text(plan.target), "to") from None
    if replaced is not None:
        remove_any(replaced)


def _copy_below(source: bytes, fd: int, status: os.stat_result) -> None:
    """Copies what is in a folder into one that is open, which is closed."""
    from .walk import Walk

    # From the folder itself down to the one that is filled, each with the path below the top.
    open_folders = [(b"", fd, status)]
    count = 0
    for found in Walk(source, is_strict=True):
        parent = os.path.dirname(found.path)
        while open_folders[-1][0] != parent:
            _finish(*open_folders.pop()[1:])
        count += 1
        if count > MAX_ENTRIES:
            raise Failure("unsupported", "There are more than %d files and folders, too many for one copy; take them in parts." % MAX_ENTRIES)
        into = open_folders[-1][1]
        try:
            found_status = os.lstat(found.name)
            _copy_one(found.name, found_status, into, found.name)
        except FileNotFoundError:
            continue  # It has vanished.
        except PermissionError as error:
            raise OSError(error.errno, error.strerror, os.path.join(source, found.path)) from None
        if stat.S_ISDIR(found_status.st_mode):
            open_folders.append((found.path, os.open(found.name, FOLDER_FLAGS, dir_fd=into), found_status))
    for _, folder, its_status in reversed(open_folders):
        _finish(folder, its_status)


def _finish(fd: int, status: os.stat_result) -> None:
    """Gives a folder its mode and times once all is in it."""
    os.fchmod(fd, stat.S_IMODE(status.st_mode))
    os.utime(fd, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.close(fd)


def _copy_one(source: bytes, status: os.stat_result, into: int, name: bytes) -> bool:
    """Makes one entry in an open folder, a folder without what is in it; whether it is of a kind that can be made."""
    kind, times = stat.S_IFMT(status.st_mode), (status.st_atime_ns, status.st_mtime_ns)
    if kind == stat.S_IFDIR:
        os.mkdir(name, 0o700, dir_fd=into)
    elif kind == stat.S_IFLNK:
        os.symlink(os.readlink(source), name, dir_fd=into)
        os.utime(name, ns=times, dir_fd=into, follow_symlinks=False)
    elif kind == stat.S_IFIFO:
        os.mkfifo(name, 0o600, dir_fd=into)
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=into)
        os.utime(name, ns=times, dir_fd=into)
    elif kind == stat.S_IFREG:
        _copy_file(source, into, name)
    else:
        return False
    return True


def _copy_file(source: bytes, into: int, name: bytes) -> None:
    reader = os.open(source, READ_FLAGS)
    try:
        status = os.fstat(reader)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source)
        writer = os.open(name, WRITE_FLAGS, 0o600, dir_fd=into)
        try:
            _copy_bytes(reader, writer, status.st_size, source)
            os.fchmod(writer, stat.S_IMODE(status.st_mode))
            os.utime(writer, ns=(status.st_atime_ns, status.st_mtime_ns))
            settle(writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _copy_bytes(reader: int, writer: int, size: int, source: bytes) -> None:
    """Copies what there is of a file; its holes stay holes where the file system tells them."""
    at = 0
    while True:
        try:
            at = os.lseek(reader, at, os.SEEK_DATA)
            end = os.lseek(reader, at, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                break
            at, end = 0, 1 << 62
        os.lseek(reader, at, os.SEEK_SET)
        os.lseek(writer, at, os.SEEK_SET)
        while at < end:
            data = _read(reader, min(CHUNK, end - at), source)
            if not data:
                return
            write_all(writer, data)
            at += len(data)
    os.ftruncate(writer, max(size, os.fstat(writer).st_size))


def _read(reader: int, size: int, source: bytes) -> bytes:
    """The next bytes of a file; an error names it, as none of the writer does."""
    try:
        return os.read(reader, size)
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), source) from None
