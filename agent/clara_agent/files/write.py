"""The operation `write`: a file without a name, which takes the target's when all bytes have come, and is on disk then."""

from __future__ import annotations

import errno
import os
import stat

from ..wire.errors import Failure, from_os_error, from_write_error, to_failure
from .details import set_attributes, take_attributes
from .files import make_folders
from ..wire.operation import Operation
from ..wire.parameters import take, take_count, take_path, to_text
from ..io.staged import Staged, root_of
from .status import version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.contracts import Bytes

MAX_LINKS = 40


class Write(Operation):
    """Takes a file from the channel; the old file stays whole until the new one is."""

    _file = None
    _is_given_up = False

    def start(self) -> None:
        """Makes the file, so that what is wrong with the place is said before any byte comes."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        self._size = take_count(self.parameters, "size", None)
        mode = take_count(self.parameters, "mode", None, 0o7777)
        parents = take(self.parameters, "parents", bool, True)
        self._only = take(self.parameters, "only", list, None)
        self._attributes = take_attributes(self.parameters)
        self._written = 0
        self._name = to_text(path)
        self._path = path
        try:
            self._path = follow_links(path)
            self._open(self._path, mode, parents)
        except OSError as error:
            raise self._failure(error) from None

    def _open(self, path: bytes, mode: int | None, parents: bool) -> None:
        folder, name = os.path.split(path)
        if name in (b"", b".", b".."):
            raise Failure("is_directory", "It is a folder: %s." % self._name)
        old = self._look(path)
        if parents:
            try:
                make_folders(folder)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        self._created = old is None
        self._mode = mode if mode is not None or old is None else stat.S_IMODE(old.st_mode)
        self._file = Staged(folder, self.agent.roots)

    def _look(self, path: bytes) -> os.stat_result | None:
        """The status of the file that is to be replaced; a Failure where it is none, or not the one that the write is for."""
        status = _regular_at(path, self._name)
        states = ("absent",) if status is None else ("present", version_of(status))
        if self._only is not None and not any(state in self._only for state in states):
            raise Failure("changed", "The file is not, or no longer, the one that is to be written over: %s." % self._name)
        return status

    def on_data(self, stream: int, payload: Bytes) -> None:
        """More of the file."""
        size = len(payload)
        if self._file is None:
            return self.channel.consumed(size)
        self._written += size
        if self._size is not None and self._written > self._size:
            raise Failure("invalid", "There are more bytes than the size that was announced: %s." % self._name)
        try:
            self._file.write(payload)
        except OSError as error:
            raise self._failure(error) from None
        return self.channel.consumed(size)

    def on_end(self, stream: int) -> None:
        """The file is whole: it takes its place, which waits for the disk."""
        if self._file is None:
            return
        if self._size is not None and self._written != self._size:
            raise Failure("invalid", "Only %d of %d bytes have come: %s." % (self._written, self._size, self._name))
        file, self._file = self._file, None
        unhush = self.agent.hush(self._path)
        self.agent.aside.run(lambda: self._finish(file), lambda error: self._answer(error, unhush))

    def _finish(self, file: Staged) -> None:
        """In a thread, which touches nothing else of the agent."""
        try:
            if self._mode is not None:
                os.fchmod(file.fd, self._mode & 0o777)
            set_attributes(file.fd, self._attributes)
            file.settle()
            # Of two writes that are for the same version, one comes too late.
            with self.agent.placing:
                if self._only is not None:
                    self._look(self._path)
                if self._is_given_up:
                    return
                file.place(self._path)
            file.persist()
        finally:
            file.close()

    def _answer(self, error: BaseException | None, unhush: Callable[[], None]) -> None:
        unhush()
        if error is None:
            self.channel.result({"bytes": self._written, "created": self._created})
        else:
            self.channel.error(self._failure(error) if isinstance(error, OSError) else to_failure(error))

    def _failure(self, error: OSError) -> Failure:
        is_kept = root_of(os.path.dirname(self._path), self.agent.roots) is not None
        return (from_write_error if is_kept else from_os_error)(error, self._name)

    def stop(self) -> None:
        """Lets go of the file, which is gone unless it has its place already."""
        self._is_given_up = True
        if self._file is not None:
            self._file.close()
            self._file = None


def follow_links(path: bytes) -> bytes:
    """Where a path leads when its last part is a symlink, which may dangle."""
    for _ in range(MAX_LINKS):
        try:
            target = os.readlink(path)
        except OSError:
            return path
        path = os.path.join(os.path.dirname(path), target)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _regular_at(path: bytes, name: str) -> os.stat_result | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise Failure("is_directory", "It is a folder: %s." % name)
    if not stat.S_ISREG(status.st_mode):
        raise Failure("invalid", "It is not a regular file: %s." % name)
    return status
