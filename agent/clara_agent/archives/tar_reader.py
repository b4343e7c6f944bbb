"""Reads a tar archive, plain or compressed."""

from __future__ import annotations

from ..wire.errors import Failure
from .archive_kinds import compression_of
from .archive_safety import FILE, FOLDER, HARDLINK, SYMLINK
from .entry import Entry, show
from .tar_stream import BLOCK, TarStream, open_compressed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from tarfile import TarInfo
    from typing import Any, BinaryIO

    from ..io.contracts import T
    from .contracts import Guarded

# A label, and the access rights of Solaris: they say something about other entries.
SKIPPED = (b"V", b"A")
FOLDER_OF_A_DUMP = b"D"
PART_OF_A_FILE = b"M"
GNU_MAGIC = b"ustar  \0"


class NoTar(Failure):
    """What is in the file is no tar archive, or not even what it is compressed with."""


class TarReader:
    """A tar archive in a file; names that are not marked as UTF-8 are in the encoding, if one is given."""

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        import tarfile

        self._name = b""
        compression = compression_of(file.read(6))
        file.seek(0)
        opened = open_compressed(file, compression)
        if opened is None:
            raise Failure("unsupported", "The archive is compressed with %s, which this sandbox's Python cannot unpack; compress it with gzip instead." % compression)
        self._stream = TarStream(opened, compression is None)
        try:
            # It wants no more of a file than to read and seek.
            self._tar = tarfile.open(fileobj=self._stream, mode="r:", encoding=encoding or "utf-8", errors="surrogateescape")  # pyright: ignore[reportCallIssue, reportArgumentType]
        except (Failure, MemoryError):
            raise
        except Exception:
            kind = "It is a file compressed with %s, and holds no tar archive" % compression if compression else "It is no tar archive"
            raise NoTar("invalid", kind + ".") from None

    def __enter__(self) -> TarReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def entries(self) -> Iterator[Entry]:
        """Yields all entries in order."""
        # Old versions of the library would look before the file for more than none.
        is_empty = self._tar.firstmember is None
        while not is_empty:
            member = self._guarded(self._tar.next)
            if member is None:
                break
            # Or the library keeps every entry it has seen.
            self._tar.members = []
            self._name = self._name_of(member)
            if member.size < 0:
                raise self._damaged()
            if member.type in SKIPPED:
                continue
            if member.type == PART_OF_A_FILE:
                raise Failure("unsupported", "The archive is one part of several; put them together first: %s." % show(self._name))
            kind = _kind(member)
            yield Entry(self._name, kind, member.size if kind == FILE else 0, member.mode, member.mtime, _encode(member.linkname), member)
        # The library takes a broken head for the end.
        if len(self._stream.block) not in (0, BLOCK) or self._stream.block.strip(b"\0"):
            raise self._damaged()
        if not self._guarded(self._stream.is_rest_empty) and is_empty:
            raise Failure("invalid", "This is no tar archive, though it begins as one without entries.")

    def _name_of(self, member: TarInfo) -> bytes:
        """The name of an entry, whose head was read last."""
        name = _encode(member.name)
        head = self._stream.block
        if head[257:265] == GNU_MAGIC:
            # What the library takes for the front of a name are the times of an incremental archive.
            times, short = (_encode(head[begin:end].split(b"\0")[0].decode(self._tar.encoding, self._tar.errors)) for begin, end in ((345, 500), (0, 100)))
            if times and name.rstrip(b"/") == times + b"/" + short.rstrip(b"/"):
                return short
        return name

    def open(self, entry: Entry) -> TarContent:
        """The content of a file."""
        self._name = entry.name
        return TarContent(self._tar.extractfile(entry.origin), self._guarded)

    def _guarded(self, work: Callable[..., T], *arguments: Any) -> T:
        """Does something with the library; what goes wrong in it, and not in the file system, is the archive's fault."""
        try:
            return work(*arguments)
        except (Failure, MemoryError):
            raise
        except OSError as error:
            if error.errno is not None:
                raise
            raise self._damaged() from None
        except Exception:
            raise self._damaged() from None

    def _damaged(self) -> Failure:
        where = " at or after %s" % show(self._name) if self._name else ""
        return Failure("invalid", "The archive is damaged%s." % where)


class TarContent:
    """The bytes of an entry."""

    def __init__(self, file: BinaryIO, guarded: Guarded) -> None:
        self._file = file
        self._guarded = guarded

    def __enter__(self) -> TarContent:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, most: int) -> bytes:
        """At most `most` bytes, none at the end."""
        return self._guarded(self._file.read, most)


def _kind(member: TarInfo) -> str | None:
    if member.isdir() or member.type == FOLDER_OF_A_DUMP:
        return FOLDER
    if member.issym():
        return SYMLINK
    if member.islnk():
        return HARDLINK
    # What is unknown is a file, as POSIX has it.
    return None if member.isdev() else FILE


def _encode(name: str) -> bytes:
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Failure("invalid", "The archive has a name that is no text in the encoding.") from None
