"""The operation `write`: a temporary file beside the target, which replaces it when all bytes have come."""
import errno
import os
import stat

from ..errors import Failure, from_os_error
from .files import make_folders
from ..wire.operation import Operation
from ..wire.parameters import take, take_count, take_path, to_text
from .status import version_of

MAX_LINKS = 40


class Write(Operation):
    """Takes a file from the channel; the old file stays whole until the new one is."""

    _fd = None
    _temporary = None

    def start(self):
        """Makes the temporary file, so that what is wrong with the place is said before any byte comes."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        self._size = take_count(self.parameters, "size", None)
        mode = take_count(self.parameters, "mode", None, 0o7777)
        parents = take(self.parameters, "parents", bool, True)
        self._only = take(self.parameters, "only", list, None)
        self._written = 0
        self._name = to_text(path)
        try:
            self._open(follow_links(path), mode, parents)
        except OSError as error:
            self.stop()
            raise from_os_error(error, self._name) from None

    def _open(self, path, mode, parents):
        folder, name = os.path.split(path)
        if name in (b"", b".", b".."):
            raise Failure("is_directory", "It is a folder: %s." % self._name)
        old = self._look(path)
        if parents:
            try:
                make_folders(folder)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
        self._path = path
        self._created = old is None
        self._mode = mode if mode is not None or old is None else stat.S_IMODE(old.st_mode)
        temporary = os.path.join(folder, b".clara-write-" + os.urandom(8).hex().encode())
        self._fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        self._temporary = temporary

    def _look(self, path):
        """The status of the file that is to be replaced; a Failure where it is none, or not the one that the write is for."""
        status = _regular_at(path, self._name)
        states = ("absent",) if status is None else ("present", version_of(status))
        if self._only is not None and not any(state in self._only for state in states):
            raise Failure("changed", "The file is not, or no longer, the one that is to be written over: %s." % self._name)
        return status

    def on_data(self, stream, payload):
        """More of the file."""
        size = len(payload)
        if self._fd is None:
            return self.channel.consumed(size)
        self._written += size
        if self._size is not None and self._written > self._size:
            raise Failure("invalid", "There are more bytes than the size that was announced: %s." % self._name)
        try:
            while payload:
                payload = payload[os.write(self._fd, payload) :]
        except OSError as error:
            raise from_os_error(error, self._name) from None
        return self.channel.consumed(size)

    def on_end(self, stream):
        """The file is whole: it takes its place."""
        if self._fd is None:
            return
        if self._size is not None and self._written != self._size:
            raise Failure("invalid", "Only %d of %d bytes have come: %s." % (self._written, self._size, self._name))
        try:
            if self._only is not None:
                self._look(self._path)
            if self._mode is not None:
                os.fchmod(self._fd, self._mode & 0o777)
            fd, self._fd = self._fd, None
            os.close(fd)
            os.rename(self._temporary, self._path)
            self._temporary = None
        except OSError as error:
            raise from_os_error(error, self._name) from None
        self.channel.result({"bytes": self._written, "created": self._created})

    def stop(self):
        """Removes the temporary file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        if self._temporary is not None:
            try:
                os.unlink(self._temporary)
            except OSError:
                pass  # Its folder is gone, and it with that.
            self._temporary = None


def follow_links(path):
    """Where a path leads when its last part is a symlink, which may dangle."""
    for _ in range(MAX_LINKS):
        try:
            target = os.readlink(path)
        except OSError:
            return path
        path = os.path.join(os.path.dirname(path), target)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _regular_at(path, name):
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise Failure("is_directory", "It is a folder: %s." % name)
    if not stat.S_ISREG(status.st_mode):
        raise Failure("invalid", "It is not a regular file: %s." % name)
    return status
