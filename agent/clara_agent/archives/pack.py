"""Makes an archive of a file or folder into a pipe: of all that is there when it begins, or none that could pass for one. Runs in a job."""

from __future__ import annotations

import os
import stat

from .packing_output import PackingOutput
from .plan import FILE, FOLDER, UP
from .survey import Changed, Survey, to_failure
from .tar_writer import TarWriter
from ..io.trail import Trail
from .zip_writer import ZipWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .contracts import Writer
    from .plan import Plan, Step

CHUNK = 1 << 20
WRITERS = {"tar": TarWriter, "zip": ZipWriter}
# How often a folder that changes is packed anew, as long as nothing of the archive has left.
ATTEMPTS = 4
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def pack(path: bytes, form: str, out: int) -> dict[str, Any]:
    """Writes the archive; the RESULT."""
    attempt = 0
    while True:
        attempt += 1
        output = PackingOutput(out)
        survey = Survey(WRITERS[form])
        try:
            survey.look(path)
            output.size = WRITERS[form].total(survey.bytes)
            write(survey.plan, WRITERS[form](output))
        except Changed:
            if output.has_begun or attempt == ATTEMPTS:
                raise
            continue
        output.end()
        return {"entries": survey.plan.entries, "bytes": output.bytes}


def write(plan: Plan, writer: Writer) -> None:
    """Follows the plan from the working folder."""
    with Trail() as trail:
        for step in plan.steps():
            try:
                if step.kind == UP:
                    trail.leave()
                elif step.kind == FILE:
                    _write_file(step, writer)
                elif step.kind == FOLDER:
                    trail.enter(step.name)
                    writer.add(step, os.stat(b"."), ())
                else:
                    writer.add(step, os.lstat(step.name), ())
            except OSError as error:
                raise to_failure(error, step.path) from None
    writer.end(plan)


def _write_file(step: Step, writer: Writer) -> None:
    fd = os.open(step.name, FILE_FLAGS)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Changed(step.path)
        writer.add(step, status, _content(fd, step))
    finally:
        os.close(fd)


def _content(fd: int, step: Step) -> Iterator[bytes]:
    """As many bytes as the plan says: a file that has grown ends there."""
    left = step.size
    while left:
        data = os.read(fd, min(left, CHUNK))
        if not data:
            raise Changed(step.path)
        left -= len(data)
        yield data
