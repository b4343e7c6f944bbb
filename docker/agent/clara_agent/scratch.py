"""Folders for the scripts of runs: real files, since linecache, inspect and multiprocessing read them."""
import os

STALE_LIMIT = 1000


class Scratch:
    """Makes `<scratch>/<n>/`; falls back to the folder for temporary files where the scratch is full or missing."""

    def __init__(self, root, fallback):
        self._root = os.fsencode(root)
        self._fallback = fallback
        self._number = 0
        self._live = set()

    def put(self, name, content):
        """Writes a script; its path."""
        try:
            return self._put(self._root, name, content)
        except OSError:
            self._clear()
        try:
            return self._put(self._root, name, content)
        except OSError:
            return self._put(self._fallback(), name, content)

    def _put(self, root, name, content):
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

    def drop(self, path):
        """Removes a script and its folder."""
        folder = os.path.dirname(path)
        self._live.discard(folder)
        remove_folder(folder)

    def _clear(self):
        try:
            entries = os.listdir(self._root)
        except OSError:
            return
        for entry in entries[:STALE_LIMIT]:
            folder = os.path.join(self._root, entry)
            if entry.isdigit() and folder not in self._live:
                remove_folder(folder)


def remove_folder(folder):
    """Removes a folder and the plain files in it; what else a program has put there stays."""
    try:
        for entry in os.listdir(folder)[:STALE_LIMIT]:
            try:
                os.unlink(os.path.join(folder, entry))
            except OSError:
                pass
        os.rmdir(folder)
    except OSError:
        pass
