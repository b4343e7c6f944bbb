"""The operation `glob`: what fits a pattern of names, found in a child."""

from __future__ import annotations

import os

from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_count, take_path, to_bytes
from .listing import MAX_ENTRIES, require_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .walk import Found

SECONDS = 10
# Below the top of the file system: what the kernel makes as it is read.
KERNEL_FOLDERS = (b"proc", b"sys")


class Glob(JobOperation):
    """Sends a line for each entry that fits, in the order of a listing."""

    def start(self) -> None:
        """Looks at the folder, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        pattern = take(self.parameters, "pattern", str)
        limit = take_count(self.parameters, "limit", MAX_ENTRIES, MAX_ENTRIES)
        to_bytes(pattern)
        require_folder(path)
        self.job = Job(self.agent, self.channel, lambda _, out: glob_into(path, pattern, limit, out), has_output=True)


def glob_into(path: bytes, pattern: str, limit: int, out: int) -> dict[str, Any]:
    """Writes what fits; `truncated` where there is more, or the time was up."""
    from ..jobs.deadline import give_up_after
    from .entries import Lines
    from .patterns import compile_pattern
    from .walk import Walk

    lines = Lines(limit)
    is_whole = False

    def work() -> None:
        nonlocal is_whole
        fits = compile_pattern(pattern)
        walk = Walk(path, wants=lambda found: is_searched(path, found))
        for found in walk:
            if not fits(os.fsdecode(found.path)):
                continue
            if lines.is_full:
                return
            try:
                lines.add_entry(os.path.join(path, found.path), found.name, os.lstat(found.name))
            except OSError:
                continue  # It has vanished.
        is_whole = not walk.is_cut

    give_up_after(SECONDS, work)
    lines.send(out)
    return {"truncated": not is_whole}


def is_searched(root: bytes, found: Found) -> bool:
    """Whether it is looked at in a search."""
    return root != b"/" or found.path not in KERNEL_FOLDERS
