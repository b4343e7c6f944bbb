"""Opens what can be unpacked. Runs in a job: the libraries are large."""

from __future__ import annotations

from ..wire.errors import Failure
from .archive_kinds import SUPPORTED, compression_of, is_zip, other_kind_of
from .tar_reader import NoTar, TarReader
from .zip_directory import find
from .zip_reader import ZipReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from .contracts import Archive

START_BYTES = 512


def open_archive(file: BinaryIO, form: str | None, encoding: str | None) -> Archive:
    """The archive in a file: of that form, or of what its content says where `form` is None."""
    start = file.read(START_BYTES)
    file.seek(0)
    if is_zip(start):
        if form == "tar":
            raise Failure("invalid", "This is a zip archive; say format=zip.")
        return ZipReader(file, encoding)
    if form == "zip":
        # One that something was put in front of.
        if find(file.fileno()):
            return ZipReader(file, encoding)
        raise Failure("invalid", "This is not a zip archive%s." % _instead(start))
    kind = other_kind_of(start)
    if kind:
        raise Failure("unsupported", "This is %s. %s." % (kind, SUPPORTED))
    try:
        return TarReader(file, encoding)
    except NoTar as failure:
        if form is None and not compression_of(start) and find(file.fileno()):
            return ZipReader(file, encoding)
        reason = failure.message if compression_of(start) or form else "This is neither a zip nor a tar archive."
        raise Failure("invalid", "%s %s." % (reason, SUPPORTED)) from None


def _instead(start: bytes) -> str:
    kind = other_kind_of(start)
    compression = compression_of(start)
    if compression:
        kind = "a file compressed with %s" % compression
    elif start[257:262] == b"ustar":
        kind = "a tar archive"
    return ", but %s" % kind if kind else ""
