"""The operation `move`: within a file system at once and whole, else a copy that takes the place of what it was made of. In a child."""

from __future__ import annotations

import errno
import os

from ..wire.errors import Failure, from_os_error
from ..io.staged import discard
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import to_text
from .relocation import Relocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Move(JobOperation):
    """Renames a file or folder; without `overwrite` whatever is at the destination stays."""

    def start(self) -> None:
        """Looks at both ends, and leaves the rest to the child."""
        plan = Relocation(self.agent, self.parameters)
        if os.path.ismount(plan.source):
            raise Failure("invalid", "It is where a disk is mounted, and cannot be moved itself: %s." % to_text(plan.source), "from")
        self.job = Job(self.agent, self.channel, lambda *_: move(plan, self.agent.roots), clean_up=lambda: discard(plan.aside, self.agent.children), writes=(plan.source, plan.target))


def move(plan: Relocation, roots: list[bytes]) -> dict[str, Any]:
    """Moves; the entry at the target."""
    from .copying import copy
    from .entries import look
    from .remove import remove_any

    if not plan.is_same:
        try:
            replaced = _rename(plan)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise _refusal(error, plan) from None
            copy(plan, roots)
            replaced = plan.source
        if replaced is not None:
            remove_any(replaced)
    return {"entry": look(plan.target)}


def _refusal(error: OSError, plan: Relocation) -> Failure:
    """What a rename fails with, for the folder of one end or of the other."""
    if os.access(os.path.dirname(plan.source.rstrip(b"/")), os.W_OK):
        return from_os_error(error, to_text(plan.target), "to")
    return from_os_error(error, to_text(plan.source), "from")


def _rename(plan: Relocation) -> bytes | None:
    """What is to be removed after it."""
    if plan.overwrite and os.path.lexists(plan.target) and os.path.samestat(os.lstat(plan.target), plan.status):
        # Two names of one file: a rename would leave both.
        return plan.source
    return plan.place(plan.source)
