"""The operation `chmod`: of one file or folder, or of all below it too, in a child then."""

from __future__ import annotations

import os

from ..wire.errors import from_os_error
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_count, take_path, to_text
from .entries import look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What lets the user of a folder look through it.
LOOK_THROUGH = 0o500


class Chmod(JobOperation):
    """Sets the mode; links below a folder are left as they are."""

    def start(self) -> None:
        """Answers at once where it is about one."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        mode = take_count(self.parameters, "mode", most=0o7777)
        try:
            if take(self.parameters, "recursive", bool, False) and os.path.isdir(path):
                self.job = Job(self.agent, self.channel, lambda *_: change_all(path, mode))
                return
            os.chmod(path, mode)
            entry = look(path, True)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.channel.result({"entry": entry})


def change_all(path: bytes, mode: int) -> dict[str, Any]:
    """Sets the mode of a folder and all below it; what opens folders is set on the way down, what may close them on the way up."""
    from .walk import Walk

    opens = mode & LOOK_THROUGH == LOOK_THROUGH
    if opens:
        os.chmod(path, mode)
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    folders = []
    for found in Walk(path, is_strict=True):
        if found.is_folder and not opens:
            folders.append(found.path)
        elif not os.path.islink(found.name):
            try:
                os.chmod(found.name, mode)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise from_os_error(error, to_text(os.path.join(path, found.path))) from None
    os.fchdir(top)
    for folder in reversed(folders):
        try:
            os.chmod(folder, mode)
        except FileNotFoundError:
            pass
    os.fchmod(top, mode)
    return {"entry": look(path, True)}
