"""What of a file is told only to who asks: its group, where a link ends, and its extended attributes."""

from __future__ import annotations

import os
import stat

from ..wire.errors import Failure
from ..wire.parameters import take, to_bytes, to_text
from .status import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bytes of all attributes of one file that are shown, and that can be set.
MAX_BYTES = 8192


class Details:
    """Looks at files for those who want to know all of them; `prefix` begins the names of the attributes that are told."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._groups: dict[int, str | None] = {}

    def add(self, entry: dict[str, Any], path: bytes, name: bytes, status: os.stat_result) -> dict[str, Any]:
        """The entry with the details of the file at `path`, which is `name` in the working folder."""
        gid = status.st_gid
        if gid not in self._groups:
            self._groups[gid] = _group_of(gid)
        entry["group"] = self._groups[gid]
        entry["resolved"] = _end_of(path, name) if stat.S_ISLNK(status.st_mode) else None
        entry["attributes"] = read_attributes(name, self._prefix)
        return entry


def take_details(parameters: dict[str, Any]) -> Details | None:
    """What `attributes`, a prefix of their names, asks for; None where it is absent."""
    prefix = take(parameters, "attributes", str, None)
    return None if prefix is None else Details(to_bytes(prefix))


def take_attributes(parameters: dict[str, Any]) -> dict[bytes, bytes]:
    """The attributes that a file is to have, by their whole names; a Failure where they are none."""
    attributes = {}
    for name, value in take(parameters, "attributes", dict, {}).items():
        if not isinstance(value, str) or not name.startswith("user."):
            raise Failure("invalid", "The attributes must be names that begin with user., with texts.")
        attributes[to_bytes(name)] = to_bytes(value)
    if sum(len(name) + len(value) for name, value in attributes.items()) > MAX_BYTES:
        raise Failure("too_large", "The attributes have more than %d bytes." % MAX_BYTES)
    return attributes


def set_attributes(fd: int, attributes: dict[bytes, bytes]) -> None:
    """Gives them to a file; one whose file system knows none goes without."""
    for name, value in attributes.items():
        try:
            os.setxattr(fd, name, value)
        except OSError as error:
            import errno

            if error.errno != errno.EOPNOTSUPP:
                raise
            return


def read_attributes(name: bytes, prefix: bytes) -> dict[str, str]:
    """Those whose names begin so, without that, as text; none where they cannot be read."""
    found = {}
    left = MAX_BYTES
    try:
        for attribute in os.listxattr(name):
            if attribute.startswith(os.fsdecode(prefix)):
                value = os.getxattr(name, attribute)
                left -= len(attribute) + len(value)
                if left < 0:
                    break
                found[to_text(os.fsencode(attribute)[len(prefix) :])] = to_text(value)
    except OSError:
        pass
    return found


def _group_of(gid: int) -> str | None:
    try:
        from grp import getgrgid

        return getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return None


def _end_of(path: bytes, name: bytes) -> dict[str, Any] | None:
    """Where a link leads in the end; None where nothing is there."""
    try:
        status = os.stat(name)
    except OSError:
        return None
    return {"path": to_text(os.path.realpath(path)), "type": kind_of(status.st_mode), "mode": stat.S_IMODE(status.st_mode)}
