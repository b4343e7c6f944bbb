"""Reads zip and tar behind one face. Runs in a worker: the libraries are large."""
import stat
import time

from .archive_safety import FILE, FOLDER, HARDLINK, SYMLINK
from ..errors import Failure

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
MAX_LINK = 4096


class Entry:
    """One thing in an archive; `kind` is None for devices and the like."""

    __slots__ = ("name", "kind", "size", "mode", "mtime", "target", "origin")

    def __init__(self, name, kind, size, mode, mtime, target, origin):
        self.name = name
        self.kind = kind
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.target = target
        self.origin = origin


def open_archive(file, form):
    """The archive in a file, which is told by its content where `form` is None."""
    start = file.read(4)
    file.seek(0)
    is_zip = start in ZIP_STARTS
    if form == "zip" and not is_zip:
        raise Failure("invalid", "This is not a zip archive.")
    return ZipReader(file) if is_zip and form != "tar" else TarReader(file)


class TarReader:
    """A tar archive, plain or compressed."""

    def __init__(self, file):
        import tarfile

        self._errors = _read_errors() + (tarfile.TarError,)
        try:
            self._tar = tarfile.open(fileobj=file, mode="r:*", encoding="utf-8", errors="surrogateescape")
        except self._errors:
            raise Failure("invalid", "This is neither a zip nor a tar archive.") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tar.close()

    def entries(self):
        """Yields all entries in order."""
        while True:
            try:
                member = self._tar.next()
            except self._errors:
                raise Failure("invalid", "The archive is damaged.") from None
            if member is None:
                return
            # Or the library keeps every entry it has seen.
            self._tar.members = []
            yield Entry(_encode(member.name), _tar_kind(member), member.size if member.isreg() else 0, member.mode, member.mtime, _encode(member.linkname), member)

    def open(self, entry):
        """The content of a file."""
        return Guarded(self._tar.extractfile(entry.origin), self._errors)


def _tar_kind(member):
    if member.isreg():
        return FILE
    if member.isdir():
        return FOLDER
    if member.issym():
        return SYMLINK
    return HARDLINK if member.islnk() else None


class ZipReader:
    """A zip archive."""

    def __init__(self, file):
        import zipfile

        self._errors = _read_errors() + (zipfile.BadZipFile, RuntimeError, NotImplementedError)
        try:
            self._zip = zipfile.ZipFile(file)
        except self._errors:
            raise Failure("invalid", "The archive is damaged.") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._zip.close()

    def entries(self):
        """Yields all entries in order."""
        for info in self._zip.infolist():
            if info.flag_bits & 1:
                raise Failure("unsupported", "The archive is encrypted.")
            mode = info.external_attr >> 16
            kind = _zip_kind(info, mode)
            target = b""
            if kind == SYMLINK:
                with self.open_info(info) as source:
                    target = source.read(MAX_LINK)
            yield Entry(_encode(info.filename), kind, info.file_size if kind == FILE else 0, stat.S_IMODE(mode) or 0o644, _zip_time(info), target, info)

    def open(self, entry):
        """The content of a file."""
        return self.open_info(entry.origin)

    def open_info(self, info):
        """The content behind an entry of the directory."""
        try:
            return Guarded(self._zip.open(info), self._errors)
        except self._errors:
            raise Failure("invalid", "The archive is damaged, or packed in an unknown way.") from None


class Guarded:
    """A stream whose errors are the archive's fault."""

    def __init__(self, stream, errors):
        self._stream = stream
        self._errors = errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()

    def read(self, size):
        """At most so many bytes."""
        try:
            return self._stream.read(size)
        except self._errors:
            raise Failure("invalid", "The archive is damaged.") from None


def _zip_kind(info, mode):
    if info.is_dir():
        return FOLDER
    kind = stat.S_IFMT(mode)
    if kind in (0, stat.S_IFREG):
        return FILE
    if kind == stat.S_IFDIR:
        return FOLDER
    return SYMLINK if kind == stat.S_IFLNK else None


def _zip_time(info):
    try:
        return time.mktime(info.date_time + (0, 0, -1))
    except (OverflowError, ValueError):
        return 0


def _read_errors():
    from lzma import LZMAError
    from zlib import error

    return EOFError, LZMAError, error, ValueError, KeyError, IndexError, UnicodeError


def _encode(name):
    return name.encode("utf-8", "surrogateescape")
