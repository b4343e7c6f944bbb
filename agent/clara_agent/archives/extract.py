"""Unpacks an archive in two passes: the first only looks, so that what is refused leaves nothing behind. Runs in a worker.

Each entry takes its place when it is whole: one that is damaged leaves what was there.
"""
import os
from contextlib import suppress

from .archive_reading import open_archive
from .archive_safety import FILE, FOLDER, HARDLINK, SYMLINK, Inspector, parts_of
from ..errors import Failure
from ..files.files import make_folders

CHUNK = 1 << 20
# What an archive may hold besides the files' bytes, for each entry.
ENTRY_BYTES = 2048


def spool(source, folder, limits):
    """The bytes of a pipe as a nameless file beside the destination: a zip's directory is at its end."""
    most = limits["bytes"] + limits["entries"] * ENTRY_BYTES
    path = os.path.join(folder, b".clara-unpack-" + os.urandom(8).hex().encode())
    file = open(path, "w+b", 0)
    os.unlink(path)
    while True:
        data = os.read(source, CHUNK)
        if not data:
            break
        most -= len(data)
        if most < 0:
            raise Failure("too_large", "The archive holds more than %d bytes." % limits["bytes"])
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
    file.seek(0)
    return file


def extract(file, destination, limits, form):
    """Unpacks the file, which is an archive of the given form, or of what its content says; the RESULT."""
    destination = os.path.realpath(destination)
    archive_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    inspector = Inspector(destination, archive_bytes, limits)
    with open_archive(file, form) as archive:
        for entry in archive.entries():
            inspector.take(entry.name, entry.kind, entry.size, entry.target)
    file.seek(0)
    folders = []
    with open_archive(file, form) as archive:
        for entry in archive.entries():
            parts = parts_of(entry.name)
            if parts:
                _place(archive, entry, destination, os.path.join(destination, *parts), folders)
    for path, entry in reversed(folders):
        _set_times(path, entry)
    return {"entries": inspector.entries, "bytes": inspector.bytes}


def _place(archive, entry, destination, path, folders):
    if entry.kind == FOLDER:
        make_folders(path)
        os.chmod(path, entry.mode & 0o777 | 0o700)
        folders.append((path, entry))
        return
    folder = os.path.dirname(path)
    make_folders(folder)
    temporary = os.path.join(folder, b".clara-unpack-" + os.urandom(8).hex().encode())
    try:
        if entry.kind == SYMLINK:
            os.symlink(entry.target, temporary)
        elif entry.kind == HARDLINK:
            os.link(os.path.join(destination, *parts_of(entry.target)), temporary, follow_symlinks=False)
        elif entry.kind == FILE:
            _write(archive, entry, temporary)
        os.rename(temporary, path)
    finally:
        # It is still there after a failure, and after a rename to another name of the same file.
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _write(archive, entry, path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb", 0) as file:
        with archive.open(entry) as source:
            while True:
                data = source.read(CHUNK)
                if not data:
                    break
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
        os.fchmod(fd, entry.mode & 0o777 | 0o600)
    _set_times(path, entry)


def _set_times(path, entry):
    try:
        os.utime(path, (entry.mtime, entry.mtime))
    except (OSError, OverflowError, ValueError):
        pass  # A time that the file system cannot hold.
