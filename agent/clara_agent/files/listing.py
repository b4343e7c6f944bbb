"""The operation `list`: what is in a folder and below it, page by page, made in a child."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_count, take_path, to_bytes, to_text
from .details import take_details
from .entries import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .walk import Found

MAX_DEPTH = 32
MAX_ENTRIES = 10000


class List(JobOperation):
    """Sends a line for each entry."""

    def start(self) -> None:
        """Looks at the folder, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        depth = take_count(self.parameters, "depth", 1, MAX_DEPTH)
        limit = take_count(self.parameters, "limit", MAX_ENTRIES, MAX_ENTRIES)
        hidden = take(self.parameters, "hidden", bool, True)
        after = _take_position(self.parameters)
        lines = Lines(limit, take_details(self.parameters))
        require_folder(path)
        self.job = Job(self.agent, self.channel, lambda _, out: list_into(path, depth, lines, hidden, after, out), has_output=True)


def require_folder(path: bytes) -> None:
    """A Failure where no folder is there that can be read."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise from_os_error(error, to_text(path)) from None


def _take_position(parameters: dict[str, Any]) -> list[bytes]:
    """The parts of the path behind which the page begins."""
    text = take(parameters, "after", str, None)
    if text is None:
        return []
    parts = to_bytes(text).split(b"/")
    if any(part in (b"", b".", b"..") for part in parts):
        raise Failure("invalid", "The parameter after is no path below the folder.")
    return parts


def is_shown(found: Found) -> bool:
    """Whether a name is not hidden."""
    return not found.name.startswith(b".")


def list_into(path: bytes, depth: int, lines: Lines, hidden: bool, after: list[bytes], out: int) -> dict[str, Any]:
    """Writes a page; `next` is where the one behind it begins, None at the end."""
    from .walk import Walk

    last = None
    for found in Walk(path, depth, after, None if hidden else is_shown):
        if lines.is_full:
            lines.send(out)
            return {"next": last}
        try:
            lines.add_entry(os.path.join(path, found.path), found.name, os.lstat(found.name))
        except OSError:
            continue  # It has vanished.
        last = to_text(found.path)
    lines.send(out)
    return {"next": None}
