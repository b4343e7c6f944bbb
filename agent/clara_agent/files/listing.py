"""The operation `list`: the entries of a folder, sorted by name."""

from __future__ import annotations

import os
import stat

from ..errors import from_os_error
from ..wire.operation import Operation
from ..wire.parameters import take_path, to_text
from .status import kind_of
from ..wire.wire_json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHUNK = 65536
# A longer list is made in a child, since it would hold up the loop.
MAX_INLINE = 2000


def describe_entry(folder: bytes, name: bytes) -> bytes:
    """One entry as a line of JSON, or nothing where it has vanished."""
    try:
        status = os.lstat(os.path.join(folder, name))
    except FileNotFoundError:
        return b""
    value = {
        "name": to_text(name),
        "type": kind_of(status.st_mode),
        "size": status.st_size,
        "mtimeNs": str(status.st_mtime_ns),
        "mode": stat.S_IMODE(status.st_mode),
    }
    return dumps(value) + b"\n"


class List(Operation):
    """Sends a line for each entry."""

    _task = None

    def start(self) -> None:
        """Answers at once where the folder is small."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        try:
            names = _first_names(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        if len(names) > MAX_INLINE:
            from ..jobs.worker import Worker

            self._task = Worker(self.agent, self.channel, lambda _, out: list_into(path, out), has_output=True)
            return
        lines = [line for line in (describe_entry(path, name) for name in sorted(names)) if line]
        self._rest = memoryview(b"".join(lines))
        self._entries = len(lines)
        self._send()

    def _send(self) -> None:
        while self._rest:
            room = min(self.channel.room(), CHUNK)
            if not room:
                return
            self.channel.data(1, self._rest[:room])
            self._rest = self._rest[room:]
        self.channel.result({"entries": self._entries})

    def on_room(self) -> None:
        """Goes on after a stall."""
        if self._task:
            self._task.on_room()
        else:
            self._send()

    def on_cancel(self) -> None:
        """Stops the child, if there is one."""
        if self._task:
            self._task.cancel()
        else:
            super().on_cancel()

    def on_gone(self) -> None:
        """Stops the child, if there is one."""
        if self._task:
            self._task.drop()


def _first_names(path: bytes) -> list[bytes]:
    names = []
    with os.scandir(path) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) > MAX_INLINE:
                break
    return names


def list_into(path: bytes, out: int) -> dict[str, Any]:
    """Writes all lines to a file; runs in a child."""
    count = 0
    with open(out, "wb", CHUNK, closefd=False) as file:
        for name in sorted(os.listdir(path)):
            line = describe_entry(path, name)
            if line:
                file.write(line)
                count += 1
    return {"entries": count}
