"""The operation `remove`: a file at once, a folder with all in it in a child."""

from __future__ import annotations

import os
import stat

from ..wire.errors import Failure, from_os_error
from ..wire.parameters import take, take_path, to_text
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..io.trail import Trail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A folder that its user has closed is opened, or nothing in it could be removed.
OPEN = 0o700
# Of the folders in one: how many are removed before it is looked through again.
MOST_NAMES = 256


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
        self.job = Job(self.agent, self.channel, lambda *_: _answer(path), writes=(path,))
        return None


def _answer(path: bytes) -> dict[str, Any]:
    try:
        remove_tree(path)
    except OSError as error:
        raise from_os_error(error, to_text(path)) from None
    return {"removed": True}


def remove_any(path: bytes) -> None:
    """Removes a file, or a folder with all in it; for a child."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        remove_tree(path)
    else:
        os.unlink(path)


def remove_tree(path: bytes) -> None:
    """Removes a folder of any depth, with what its user has closed in it; changes the working folder, so it runs in a child."""
    os.chdir(os.path.dirname(path) or b".")
    with Trail() as trail:
        _enter(trail, os.path.basename(path))
        above = [_empty()]
        while above:
            if above[-1]:
                try:
                    _enter(trail, above[-1].pop())
                except (FileNotFoundError, NotADirectoryError):
                    pass  # Somebody else removes it too.
                else:
                    above.append(_empty())
                    continue
            else:
                above.pop()
                _remove_empty(trail.leave(), bool(above))
            if above and not above[-1]:
                # More may have been left, or have come.
                above[-1] = _empty()


def _enter(trail: Trail, name: bytes) -> None:
    try:
        trail.enter(name)
    except PermissionError:
        os.chmod(name, OPEN)
        trail.enter(name)


def _empty() -> list[bytes]:
    """Unlinks what is no folder, until there are enough folders; their names."""
    try:
        return _unlink_files()
    except PermissionError:
        os.chmod(b".", OPEN)
        return _unlink_files()


def _unlink_files() -> list[bytes]:
    folders = []
    with os.scandir(b".") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
                if len(folders) == MOST_NAMES:
                    break
                continue
            try:
                os.unlink(entry.name)
            except FileNotFoundError:
                pass
    return folders


def _remove_empty(name: bytes, is_within: bool) -> None:
    """Removes an empty folder; `is_within` says that the one it lies in is to go too."""
    try:
        os.rmdir(name)
    except FileNotFoundError:
        pass
    except PermissionError:
        if not is_within:
            raise
        os.chmod(b".", OPEN)
        os.rmdir(name)
