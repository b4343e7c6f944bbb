"""Operations on names: stat, mkdir, move."""

from __future__ import annotations

import os

from ..errors import Failure, from_os_error
from ..wire.operation import Operation
from ..wire.parameters import take, take_path, to_text
from .status import describe

FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Stat(Operation):
    """What is there."""

    def start(self) -> None:
        """Answers at once."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        follow = take(self.parameters, "follow", bool, True)
        try:
            status = os.stat(path, follow_symlinks=follow)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.channel.result(describe(status))


class Mkdir(Operation):
    """Makes a folder."""

    def start(self) -> None:
        """Answers at once; with `parents`, a folder that is there is no error."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        parents = take(self.parameters, "parents", bool, True)
        try:
            created = make_folders(path) if parents else _make_folder(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.channel.result({"created": created})


def _make_folder(path: bytes) -> bool:
    os.mkdir(path)
    return True


def make_folders(path: bytes) -> bool:
    """Makes a folder and those above it; whether there was anything to make."""
    if os.path.isdir(path):
        return False
    # Not os.makedirs, which calls itself for each folder: a path may have two thousand.
    missing = [path]
    while not _makes(missing[-1]):
        missing.append(os.path.dirname(missing[-1].rstrip(b"/")))
    # Each from the one above it: some kernels take their time for every part of a path.
    folder = os.open(missing.pop(), FOLDER)
    try:
        while missing:
            folder = _enter(folder, os.path.basename(missing.pop().rstrip(b"/")))
    finally:
        os.close(folder)
    return True


def _enter(folder: int, name: bytes) -> int:
    """Makes a folder where there is none, and opens it in the place of the one above."""
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        pass
    inner = os.open(name, FOLDER, dir_fd=folder)
    os.close(folder)
    return inner


def _makes(path: bytes) -> bool:
    """Makes a folder where there is none; False where the one above is missing."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    except FileNotFoundError:
        # At the top, or in a folder in which none can be made, that is all that there is to say.
        if os.path.isdir(os.path.dirname(path.rstrip(b"/")) or b"/"):
            raise
        return False
    return True


class Move(Operation):
    """Renames a file or folder; within a file system, at once and whole."""

    def start(self) -> None:
        """Answers at once; without `overwrite` whatever is at the destination stays."""
        source = take_path(self.parameters, "from", self.agent.workspace)
        target = take_path(self.parameters, "to", self.agent.workspace)
        overwrite = take(self.parameters, "overwrite", bool, False)
        try:
            os.lstat(source)
            if not overwrite and os.path.lexists(target):
                raise Failure("exists", "There is already such a file or folder: %s." % to_text(target))
            os.rename(source, target)
        except OSError as error:
            raise from_os_error(error, to_text(source)) from None
        self.channel.result({})
