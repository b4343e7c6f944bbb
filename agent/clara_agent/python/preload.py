"""Which modules a zygote imports ahead: a list, none, or what earlier runs have used."""

from __future__ import annotations

import os

from ..wire.wire_json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_NAMES = 16
MAX_FILE = 4096
FILE = ".clara-preload.json"


def is_module_name(value: Any) -> bool:
    """Whether it can be the name of a module to import, at most a dotted path."""
    return isinstance(value, str) and len(value) <= 100 and value.isascii() and all(part.isidentifier() for part in value.split("."))


class Preload:
    """The set of names; the learned ones survive in a small file beside the packages, which the user may have written."""

    def __init__(self, setting: Any, packages: str) -> None:
        self.is_learning = setting == "auto"
        self._path = os.path.join(packages, FILE)
        self._bad = set()
        names = self._load() if self.is_learning else setting if isinstance(setting, list) else []
        self._names = [name for name in names if is_module_name(name)][:MAX_NAMES]

    def names(self) -> list[str]:
        """What is to be imported."""
        return [name for name in self._names if name not in self._bad]

    def forgive(self) -> None:
        """Gives names that could not be imported another chance: the packages have changed."""
        self._bad.clear()

    def refuse(self, name: str) -> None:
        """A name that could not be imported, or not in time."""
        self._bad.add(name)
        if self.is_learning and name in self._names:
            self._names.remove(name)
            self._save()

    def learn(self, path: bytes) -> bool:
        """Adds the names in a run's report; whether there is a new one."""
        fresh = [name for name in _report(path) if name not in self._names and name not in self._bad]
        room = MAX_NAMES - len(self._names)
        if not fresh or room <= 0:
            return False
        self._names += fresh[:room]
        self._save()
        return True

    def _load(self) -> list[Any]:
        data = _read(self._path)
        try:
            names = loads(data) if data else []
        except ValueError:
            return []
        return names if isinstance(names, list) else []

    def _save(self) -> None:
        temporary = "%s.%s" % (self._path, os.urandom(4).hex())
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, dumps(self._names))
            finally:
                os.close(fd)
            os.rename(temporary, self._path)
        except OSError:
            pass  # It is learned again next time.


def _report(path: bytes) -> list[str]:
    text = _read(path).decode("ascii", "replace")
    return sorted({name for name in text.split("\n") if is_module_name(name)})


def _read(path: str | bytes) -> bytes:
    from ..wire.errors import Failure
    from ..files.read import open_regular

    try:
        fd, _ = open_regular(os.fsencode(path))
    except (OSError, Failure):
        return b""
    try:
        return os.read(fd, MAX_FILE)
    except OSError:
        return b""  # The disk does not give it, or it is none that can be read.
    finally:
        os.close(fd)
