"""The operations `extract`, `unpack` and `pack`: each in a child of its own."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error, from_write_error
from ..files.files import make_folders
from ..wire.parameters import take, take_count, take_path, to_text
from ..files.read import open_regular
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..io.capture import Announced
from ..io.staged import root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FORMATS = ("tar", "zip")


def _take_limits(parameters: dict[str, Any]) -> dict[str, int]:
    limits = take(parameters, "limits", dict)
    return {"small": take_count(limits, "small", 0), **{name: take_count(limits, name) for name in ("entries", "bytes", "ratio")}}


def _take_format(parameters: dict[str, Any]) -> str:
    form = take(parameters, "format", str)
    if form not in FORMATS:
        raise Failure("invalid", "The format must be tar or zip.")
    return form


class Extract(JobOperation):
    """Unpacks an archive that lies in the sandbox."""

    def start(self) -> None:
        """Opens the archive, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        destination = take_path(self.parameters, "destination", self.agent.workspace)
        limits = _take_limits(self.parameters)
        encoding = take(self.parameters, "encoding", str, None)
        try:
            fd, _ = open_regular(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        os.close(fd)
        roots = self.agent.roots
        self.job = Job(self.agent, self.channel, lambda *_: _extract_path(path, destination, limits, encoding, roots), writes=(os.path.realpath(destination),))


def _extract_path(path: bytes, destination: bytes, limits: dict[str, int], encoding: str | None, roots: list[bytes]) -> dict[str, Any]:
    from .extract import extract
    from .name_encodings import to_codec

    codec = to_codec(encoding)

    def work() -> dict[str, Any]:
        # Looked at once more: it may be another by now, which would have the child wait for ever.
        with open(open_regular(path)[0], "rb") as file:
            make_folders(destination)
            return extract(file, destination, limits, None, codec, roots)

    return _kept(destination, roots, work)


class Unpack(JobOperation):
    """Unpacks an archive that comes on stream 0, of a format or of what its content says."""

    def start(self) -> None:
        """Starts the child that takes the archive."""
        destination = take_path(self.parameters, "destination", self.agent.workspace)
        form = None if self.parameters.get("format") is None else _take_format(self.parameters)
        limits = _take_limits(self.parameters)
        encoding = take(self.parameters, "encoding", str, None)
        roots = self.agent.roots
        self.job = Job(self.agent, self.channel, lambda source, _: _unpack(source, destination, form, limits, encoding, roots), has_input=True, writes=(os.path.realpath(destination),))


def _unpack(source: int, destination: bytes, form: str | None, limits: dict[str, int], encoding: str | None, roots: list[bytes]) -> dict[str, Any]:
    from .extract import extract, spool
    from .name_encodings import to_codec

    codec = to_codec(encoding)

    def work() -> dict[str, Any]:
        make_folders(destination)
        with spool(source, destination, limits, roots) as file:
            return extract(file, destination, limits, form, codec, roots)

    return _kept(destination, roots, work)


def _kept(destination: bytes, roots: list[bytes], work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Does work that fills the sandbox's disk, where the destination is on it."""
    try:
        return work()
    except OSError as error:
        if root_of(destination, roots) is None:
            raise
        raise from_write_error(error, None if error.filename is None else os.fsdecode(error.filename)) from None


class Pack(JobOperation):
    """Sends a file or folder as an archive, after its size or null where nobody knows it yet."""

    def start(self) -> None:
        """Starts the child that makes it."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        form = _take_format(self.parameters)
        try:
            os.stat(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        capture = Announced(lambda size: self.channel.event({"bytes": size}))
        self.job = Job(self.agent, self.channel, lambda _, out: _pack(path, form, out), has_output=True, capture=capture)


def _pack(path: bytes, form: str, out: int) -> dict[str, Any]:
    from .pack import pack

    return pack(path, form, out)
