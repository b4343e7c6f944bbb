"""Folders for the scripts of runs: real files, since linecache, inspect and multiprocessing read them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .contracts import Bytes

STALE_LIMIT = 1000


class Scratch:
    """Makes `<scratch>/<n>/`; falls back to the folder for temporary files where the scratch is full or missing."""

    def __init__(self, root: str, fallback: Callable[[], bytes], reopen: Callable[[], bool]) -> None:
        self._root = os.fsencode(root)
        self._fallback = fallback
        self._reopen = reopen
        self._number = 0
        self._live = set()

    def put(self, name: bytes, content: Bytes) -> bytes:
        """Writes a script; its path."""
        try:
            return self._put(self._root, name, content)
        except OSError:
            if not self._reopen():
                self._clear()
        try:
            return self._put(self._root, name, content)
        except OSError:
            return self._put(self._fallback(), name, content)

    def _put(self, root: bytes, name: bytes, content: Bytes) -> bytes:
        while True:
            self._number += 1
            folder = os.path.join(root, b"%d" % self._number)
            try:
                os.mkdir(folder, 0o700)
                break
            except FileExistsError:
                continue
        path = os.path.join(folder, name)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
            finally:
                os.close(fd)
        except OSError:
            remove_folder(folder)
            raise
        self._live.add(folder)
        return path

    def drop(self, path: bytes, read: Callable[[bytes], object] | None = None) -> None:
        """Removes a script and its folder; a folder in which a program has left something more is read before that."""
        folder = os.path.dirname(path)
        self._live.discard(folder)
        remove_file(path)
        try:
            os.rmdir(folder)
        except OSError:
            if read:
                read(folder)
            remove_folder(folder)

    def _clear(self) -> None:
        """Removes what no run in progress needs: the scratch is for scripts, whatever programs have put there."""
        try:
            entries = os.listdir(self._root)
        except OSError:
            return
        for entry in entries[:STALE_LIMIT]:
            path = os.path.join(self._root, entry)
            if path not in self._live:
                remove(path)


def remove_folder(folder: bytes) -> None:
    """Removes a folder and the files in it; folders below it stay, and it with them."""
    try:
        for entry in os.listdir(folder)[:STALE_LIMIT]:
            remove_file(os.path.join(folder, entry))
        os.rmdir(folder)
    except OSError:
        pass


def remove(path: bytes) -> None:
    """Removes a file, or a folder of files."""
    if not remove_file(path):
        remove_folder(path)


def remove_file(path: bytes) -> bool:
    """Removes a file; whether it is gone."""
    try:
        os.unlink(path)
        return True
    except OSError:
        return False
