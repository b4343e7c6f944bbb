"""Operations on names: stat and mkdir."""

from __future__ import annotations

import os

from ..wire.errors import from_os_error
from ..wire.operation import Operation
from ..wire.parameters import take, take_count, take_path, to_text
from .entries import look
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
    """Makes a folder; one that is there is no error."""

    def start(self) -> None:
        """Answers at once; without `parents`, the folder above must be there. `mode` is for the folder itself, where it is made."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        parents = take(self.parameters, "parents", bool, True)
        mode = take_count(self.parameters, "mode", None, 0o7777)
        try:
            created = make_folders(path) if parents else _make_folder(path)
            if created and mode is not None:
                os.chmod(path, mode)
            entry = look(path, True)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.channel.result({"created": created, "entry": entry})


def _make_folder(path: bytes) -> bool:
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return False
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
