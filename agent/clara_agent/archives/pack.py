"""Makes an archive of a file or folder into a pipe. Runs in a worker."""
import os
import stat
import time

from ..errors import Failure

CHUNK = 1 << 20
# The longest name that a zip can hold.
MAX_ZIP_NAME = 65535


class Counter:
    """A pipe that counts what goes into it; it cannot seek."""

    def __init__(self, fd):
        self._fd = fd
        self.bytes = 0

    def write(self, data):
        """Writes all of the data."""
        view = memoryview(data)
        while view:
            size = os.write(self._fd, view)
            self.bytes += size
            view = view[size:]
        return len(data)

    def flush(self):
        """Nothing is held back."""


def pack(path, form, out):
    """Writes the archive; the RESULT."""
    counter = Counter(out)
    writer = (ZipWriter if form == "zip" else TarWriter)(counter)
    entries = 0
    for name, full in walk(path):
        try:
            entries += writer.add(name, full)
        except FileNotFoundError:
            continue
    writer.close()
    return {"entries": entries, "bytes": counter.bytes}


def walk(path):
    """
    Yields (name in the archive, path) for a file, or for all below a folder in the order of names. The paths are good until the next
    one: it changes the working folder, since a path from the top may be longer than the kernel takes.
    """
    if not os.path.isdir(path):
        folder, name = os.path.split(path)
        os.chdir(folder)
        yield name, name
        return
    os.chdir(path)
    above = []
    prefix = b""
    files, todo = _list()
    while True:
        yield from ((prefix + name, name) for name in files)
        files = []
        if todo:
            place = _place()
            name = todo.pop()
            if not _enter(name):
                continue
            above.append((name, todo, place))
            prefix += name + b"/"
            yield prefix[:-1], b"."
            files, todo = _list()
        elif above:
            name, todo, place = above.pop()
            prefix = prefix[: -len(name) - 1]
            _leave(place)
        else:
            return


def _list():
    """The names of a folder: of all but its folders in order, and of its folders from the last to the first."""
    try:
        with os.scandir(b".") as found:
            entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
    except FileNotFoundError:
        return [], []
    return [name for name, is_folder in entries if not is_folder], [name for name, is_folder in reversed(entries) if is_folder]


def _place():
    status = os.stat(b".")
    return status.st_dev, status.st_ino


def _enter(name):
    """Goes into a folder; False where it is none any more."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        os.fchdir(fd)
    finally:
        os.close(fd)
    return True


def _leave(place):
    try:
        os.chdir(b"..")
        if _place() == place:
            return
    except FileNotFoundError:
        pass
    raise Failure("invalid", "The folder was moved or removed while it was packed.")


def open_for_packing(path):
    """A regular file, or None where it is something else by now."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    return open(fd, "rb", 0)


class Exactly:
    """A file of just the size that the archive says: one that grows is cut, one that shrinks is filled with NULs."""

    def __init__(self, file, size):
        self._file = file
        self._left = size

    def read(self, size=-1):
        """At most so many bytes."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted) if wanted else b""
        if len(data) < wanted and not data:
            data = bytes(wanted)
        self._left -= len(data)
        return data


class TarWriter:
    """Writes tar, in the GNU format, which takes names of any bytes and length."""

    def __init__(self, out):
        import tarfile

        self._library = tarfile
        self._tar = tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape")

    def add(self, name, path):
        """Adds one entry; 0 where it is of no kind that is packed."""
        info = self._tar.gettarinfo(path.decode("utf-8", "surrogateescape"), name.decode("utf-8", "surrogateescape"))
        if info is None or not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
            return 0
        # Not the link to an earlier name: whoever takes one entry alone wants its bytes.
        if info.islnk():
            info.type = self._library.REGTYPE
            info.size = os.lstat(path).st_size
        if not info.isreg():
            self._tar.addfile(info)
            return 1
        file = open_for_packing(path)
        if file is None:
            return 0
        with file:
            self._tar.addfile(info, _Filled(file, info.size))
        return 1

    def close(self):
        """Writes the end."""
        self._tar.close()


class _Filled(Exactly):
    def read(self, size=-1):
        """Exactly so many bytes, as tarfile wants them."""
        parts = []
        while size > 0:
            data = super().read(size)
            if not data:
                break
            parts.append(data)
            size -= len(data)
        return b"".join(parts)


class ZipWriter:
    """Writes zip, deflated, with the Unix modes and links."""

    def __init__(self, out):
        import zipfile

        self._library = zipfile
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)

    def add(self, name, path):
        """Adds one entry; 0 where it is of no kind that is packed."""
        status = os.lstat(path)
        mode = status.st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            return 0
        if len(name) >= MAX_ZIP_NAME:
            raise Failure("unsupported", "A zip archive cannot hold names of more than %d bytes; a tar archive can." % MAX_ZIP_NAME)
        info = self._library.ZipInfo(name.decode("utf-8", "replace") + ("/" if stat.S_ISDIR(mode) else ""), _zip_time(status.st_mtime))
        info.external_attr = mode << 16
        if stat.S_ISDIR(mode):
            info.external_attr |= 0x10
            self._zip.writestr(info, b"")
        elif stat.S_ISLNK(mode):
            self._zip.writestr(info, os.readlink(path))
        else:
            info.compress_type = self._library.ZIP_DEFLATED
            file = open_for_packing(path)
            if file is None:
                return 0
            with file, self._zip.open(info, "w", force_zip64=status.st_size > 1 << 30) as target:
                source = Exactly(file, status.st_size)
                while True:
                    data = source.read(CHUNK)
                    if not data:
                        break
                    target.write(data)
        return 1

    def close(self):
        """Writes the directory."""
        self._zip.close()


def _zip_time(seconds):
    # The format knows the years 1980 to 2107, in steps of two seconds.
    moment = time.localtime(seconds)[:6]
    return max((1980, 1, 1, 0, 0, 0), min(moment, (2107, 12, 31, 23, 59, 58)))
