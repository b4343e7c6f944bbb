"""The operation `remove`: a file at once, a folder with all in it in a child."""

from __future__ import annotations

import os
import stat

from ..errors import Failure, from_os_error
from ..wire.parameters import take, take_path, to_text
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Remove(JobOperation):
    """Removes what is there, or says that nothing was."""

    def start(self) -> None:
        """Answers at once, except where there is a folder to empty; with `empty`, one that is empty goes too."""
        path = take_path(self.parameters, "path", self.agent.workspace).rstrip(b"/") or b"/"
        recursive = take(self.parameters, "recursive", bool, False)
        empty = take(self.parameters, "empty", bool, False)
        try:
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode):
                unhush = self.agent.hush(path)
                try:
                    os.unlink(path)
                finally:
                    unhush()
            elif os.path.ismount(path):
                raise Failure("invalid", "It is where a disk is mounted, and cannot be deleted itself: %s." % to_text(path))
            elif empty and not recursive:
                os.rmdir(path)
        except FileNotFoundError:
            return self.channel.result({"removed": False})
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        if not stat.S_ISDIR(status.st_mode) or (empty and not recursive):
            return self.channel.result({"removed": True})
        if not recursive:
            raise Failure("is_directory", "It is a folder: %s." % to_text(path))
        self.job = Job(self.agent, self.channel, lambda *_: remove_tree(path), writes=(path,))
        return None


def remove_any(path: bytes) -> None:
    """Removes a file, or a folder with all in it; for a child."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        remove_tree(path)
    else:
        os.unlink(path)


def remove_tree(path: bytes) -> dict[str, Any]:
    """Removes a folder of any depth; changes the working folder, so it runs in a child."""
    os.chdir(os.path.dirname(path) or b".")
    above = []
    name = os.path.basename(path)
    _enter(name, above)
    while above:
        inner = _empty()
        if inner is not None:
            _enter(inner, above)
            continue
        name, place = above.pop()
        os.chdir(b"..")
        if _place() != place:
            raise Failure("internal", "The folder was moved while it was removed.")
        try:
            os.rmdir(name)
        except FileNotFoundError:
            pass
    return {"removed": True}


def _place() -> tuple[int, int]:
    status = os.stat(b".")
    return status.st_dev, status.st_ino


def _enter(name: bytes, above: list[tuple[bytes, tuple[int, int]]]) -> None:
    place = _place()
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchdir(fd)
    finally:
        os.close(fd)
    above.append((name, place))


def _empty() -> bytes | None:
    """Unlinks what is no folder; the name of a folder that is left, or None."""
    with os.scandir(b".") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                return entry.name
            try:
                os.unlink(entry.name)
            except FileNotFoundError:
                pass
    return None
