"""Entries of folders as the server's clients see them, and lists of them that are sent as lines of JSON."""

from __future__ import annotations

import os
import stat

from ..wire.errors import from_os_error
from ..io.disk import write_all
from ..wire.operation import Operation
from ..wire.parameters import take, take_path, to_text
from ..wire.wire_json import dumps
from .details import take_details
from .status import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .details import Details

# What one answer holds at the most, whatever its limit.
MAX_BYTES = 8 << 20


def describe_entry(path: bytes, status: os.stat_result, target: bytes | None, owners: dict[int, str | None]) -> dict[str, Any]:
    """All that is told of a file or folder; `target` is where a symlink leads, `owners` are the names that are known already."""
    uid = status.st_uid
    if uid not in owners:
        owners[uid] = _owner_of(uid)
    return {
        "path": to_text(path),
        "type": kind_of(status.st_mode),
        "size": status.st_size,
        "mode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
        "owner": owners[uid],
        "mtimeNs": str(status.st_mtime_ns),
        "target": None if target is None else to_text(target),
    }


def look(path: bytes, follow: bool = False, details: Details | None = None) -> dict[str, Any]:
    """The entry at a path. A link that is not followed says where it leads."""
    status = os.stat(path, follow_symlinks=follow)
    entry = describe_entry(path, status, _target_of(path, status), {})
    return details.add(entry, path, path, status) if details else entry


def _target_of(name: bytes, status: os.stat_result) -> bytes | None:
    return os.readlink(name) if stat.S_ISLNK(status.st_mode) else None


def _owner_of(uid: int) -> str | None:
    try:
        from pwd import getpwuid

        return getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return None


class Lines:
    """What is to be sent, gathered in a child: all of it leaves at the end, so that what interrupts the search breaks no line."""

    def __init__(self, limit: int, details: Details | None = None) -> None:
        self.count = 0
        self._details = details
        self._limit = limit
        self._bytes = bytearray()
        self._owners: dict[int, str | None] = {}

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another."""
        return self.count >= self._limit or len(self._bytes) >= MAX_BYTES

    def add_entry(self, path: bytes, name: bytes, status: os.stat_result) -> None:
        """One more entry, which lies in the working folder."""
        entry = describe_entry(path, status, _target_of(name, status), self._owners)
        self.add(self._details.add(entry, path, name, status) if self._details else entry)

    def add(self, value: dict[str, Any]) -> None:
        """One more."""
        self._bytes += dumps(value) + b"\n"
        self.count += 1

    def send(self, out: int) -> None:
        """Writes all of it."""
        write_all(out, self._bytes)


class Entry(Operation):
    """One file, folder or link."""

    def start(self) -> None:
        """Answers at once."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        try:
            entry = look(path, take(self.parameters, "follow", bool, True), take_details(self.parameters))
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.channel.result(entry)
