"""What a task in a child has come to, as the JSON that its parent reads."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error
from ..wire.wire_json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contracts import Task


def to_report(task: Task, input_fd: int | None, output_fd: int | None) -> bytes:
    """What a task returns, or what it fails with, as JSON."""
    try:
        return dumps(task(input_fd, output_fd))
    except Failure as failure:
        return dumps(failure.to_error())
    except MemoryError:
        return dumps({"code": "limit", "message": "The work needs more memory than it may have."})
    except OSError as error:
        failure = from_os_error(error, None if error.filename is None else os.fsdecode(error.filename))
        return dumps(failure.to_error())
