"""Unpacks an archive in two passes: the first only looks, so that what is refused leaves nothing behind. Runs in a job.

Each entry takes its place when it is whole: one that is damaged leaves what was there. All of it is on disk when that is said.
"""

from __future__ import annotations

import os

from .archive_reading import open_archive
from .archive_safety import FILE, FOLDER, HARDLINK, SYMLINK, Inspector, parts_of
from ..wire.errors import Failure
from ..files.files import make_folders
from ..io.disk import persist_all, write_all
from ..io.staged import Staged, place_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

    from .contracts import Archive
    from .entry import Entry

CHUNK = 1 << 20
# What an archive may hold besides the files' bytes, for each entry.
ENTRY_BYTES = 2048


def spool(source: int, folder: bytes, limits: dict[str, int], roots: list[bytes]) -> BinaryIO:
    """The bytes of a pipe as a nameless file beside the destination: a zip's directory is at its end."""
    most = limits["bytes"] + limits["entries"] * ENTRY_BYTES
    file = open(Staged(folder, roots).take_fd(), "r+b", 0)
    while True:
        data = os.read(source, CHUNK)
        if not data:
            break
        most -= len(data)
        if most < 0:
            raise Failure("too_large", "The archive holds more than %d bytes." % limits["bytes"])
        write_all(file.fileno(), data)
    file.seek(0)
    return file


def extract(file: BinaryIO, destination: bytes, limits: dict[str, int], form: str | None, encoding: str | None, roots: list[bytes]) -> dict[str, Any]:
    """Unpacks the file, which is an archive of the given form, or of what its content says; the RESULT. Names without a mark are in the encoding, if one is given."""
    destination = os.path.realpath(destination)
    archive_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    inspector = Inspector(destination, archive_bytes, limits)
    with open_archive(file, form, encoding) as archive:
        for entry in archive.entries():
            inspector.take(entry.name, entry.kind, entry.size, entry.target)
    file.seek(0)
    folders = []
    with open_archive(file, form, encoding) as archive:
        for entry in archive.entries():
            parts = parts_of(entry.name)
            if not parts:
                continue
            try:
                _place(archive, entry, destination, os.path.join(destination, *parts), folders, roots)
            except OSError as error:
                # Not a name for the meantime, which says nothing to who has packed it.
                error.filename, error.filename2 = entry.name, None
                raise
    for path, entry in reversed(folders):
        _set_times(path, entry)
    persist_all(destination)
    return {"entries": inspector.entries, "bytes": inspector.bytes}


def _place(archive: Archive, entry: Entry, destination: bytes, path: bytes, folders: list[tuple[bytes, Entry]], roots: list[bytes]) -> None:
    if entry.kind == FOLDER:
        make_folders(path)
        os.chmod(path, entry.mode & 0o777 | 0o700)
        folders.append((path, entry))
        return
    make_folders(os.path.dirname(path))
    if entry.kind == SYMLINK:
        place_made(path, roots, lambda name: os.symlink(entry.target, name))
    elif entry.kind == HARDLINK:
        source = os.path.join(destination, *parts_of(entry.target))
        place_made(path, roots, lambda name: os.link(source, name, follow_symlinks=False))
    elif entry.kind == FILE:
        _write(archive, entry, path, roots)


def _write(archive: Archive, entry: Entry, path: bytes, roots: list[bytes]) -> None:
    file = Staged(os.path.dirname(path), roots, 0o600)
    try:
        with archive.open(entry) as source:
            while True:
                data = source.read(CHUNK)
                if not data:
                    break
                file.write(data)
        os.fchmod(file.fd, entry.mode & 0o777 | 0o600)
        _set_times(file.fd, entry)
        file.settle()
        file.place(path)
    finally:
        file.close()


def _set_times(path: bytes | int, entry: Entry) -> None:
    try:
        os.utime(path, (entry.mtime, entry.mtime))
    except (OSError, OverflowError, ValueError):
        pass  # A time that the file system cannot hold.
