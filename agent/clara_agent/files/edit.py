"""The operation `edit`: texts of a file are replaced by others, all of them or none, in a child."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error, from_write_error
from ..io.disk import write_all
from ..io.staged import Staged, root_of
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_path, to_text
from ..wire.wire_json import loads
from .read import open_regular
from .status import version_of
from .write import follow_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_FILE_BYTES = 10 << 20
CHUNK = 1 << 20


class Edit(JobOperation):
    """Takes the edits as JSON on stream 0, and sends the difference on stream 1."""

    def start(self) -> None:
        """Looks at the file, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        try:
            path = follow_links(path)
            os.close(open_regular(path)[0])
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        roots = self.agent.roots
        self.job = Job(self.agent, self.channel, lambda source, out: edit(path, source, out, roots), has_input=True, has_output=True, writes=(path,))


def edit(path: bytes, source: int, out: int, roots: list[bytes]) -> dict[str, Any]:
    """Edits the file; how often something was replaced."""
    from .differences import unified

    edits = _read_edits(source)
    fd, status = open_regular(path)
    if status.st_size > MAX_FILE_BYTES:
        raise Failure("unsupported", "The file has more than the %d MiB that can be edited." % (MAX_FILE_BYTES >> 20))
    with open(fd, "rb") as file:
        before = file.read(MAX_FILE_BYTES + 1)
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError:
        raise Failure("unsupported", "The file is not UTF-8, and only texts can be edited.") from None
    after, replaced = _apply(text, edits)
    if after != text:
        _write(path, after.encode("utf-8"), status, roots)
    write_all(out, unified(text, after, to_text(path)).encode("utf-8", "replace"))
    return {"replaced": replaced}


def _read_edits(source: int) -> list[tuple[str, str, int]]:
    with open(source, "rb", closefd=False) as file:
        edits = loads(file.read())
    return [(take(edit, "old", str), take(edit, "new", str), take(edit, "count", int, 1)) for edit in edits]


def _apply(text: str, edits: list[tuple[str, str, int]]) -> tuple[str, int]:
    replaced = 0
    for number, (old, new, count) in enumerate(edits, 1):
        which = "Edit %d" % number if len(edits) > 1 else "The edit"
        if not old:
            raise Failure("invalid", "%s has no old text." % which)
        found = text.count(old)
        if count and found != count:
            times = "once" if found == 1 else "%d times" % found
            raise Failure("mismatch", "%s does not fit: its old text occurs %s, not %s." % (which, times if found else "nowhere", "once" if count == 1 else "%d times" % count))
        if len(text) + found * (len(new) - len(old)) > MAX_FILE_BYTES:
            raise Failure("unsupported", "The file would have more than the %d MiB that can be edited." % (MAX_FILE_BYTES >> 20))
        text = text.replace(old, new)
        replaced += found
    return text, replaced


def _write(path: bytes, data: bytes, status: os.stat_result, roots: list[bytes]) -> None:
    """Replaces the file, unless it was changed since it was read."""
    folder = os.path.dirname(path)
    try:
        file = Staged(folder, roots)
        try:
            file.write(data)
            os.fchmod(file.fd, status.st_mode & 0o777)
            file.settle()
            if version_of(os.lstat(path)) != version_of(status):
                raise Failure("changed", "The file was changed while it was edited; try again.")
            file.place(path)
            file.persist()
        finally:
            file.close()
    except OSError as error:
        convert = from_write_error if root_of(folder, roots) is not None else from_os_error
        raise convert(error, to_text(path)) from None
