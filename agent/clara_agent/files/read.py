"""The operation `read`: a regular file, chunk by chunk as credit allows."""

from __future__ import annotations

import os
import stat

from ..wire.errors import Failure, from_os_error
from ..wire.operation import Operation
from ..wire.parameters import take_count, take_path, to_text
from .status import describe

CHUNK = 65536
# Chunks after which other channels have their turn.
CHUNKS_A_TURN = 8
# A FIFO or device must not block the open, nor a terminal become the agent's own.
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_regular(path: bytes, flags: int = FLAGS) -> tuple[int, os.stat_result]:
    """(descriptor, status) of a regular file; a Failure for anything else."""
    fd = os.open(path, flags)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        if stat.S_ISDIR(status.st_mode):
            raise Failure("is_directory", "It is a folder: %s." % to_text(path))
        raise Failure("invalid", "It is not a regular file: %s." % to_text(path))
    return fd, status


class Read(Operation):
    """Sends a part of a file."""

    _fd = None

    def start(self) -> None:
        """Sends the status, then as much as there is credit for."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        offset = take_count(self.parameters, "offset", 0)
        self._left = take_count(self.parameters, "length", 1 << 62)
        try:
            self._fd, status = open_regular(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self._sent = 0
        self._is_scheduled = False
        if offset:
            os.lseek(self._fd, min(offset, status.st_size), os.SEEK_SET)
        self.channel.event(describe(status))
        self._send()

    def _send(self) -> None:
        self._is_scheduled = False
        for _ in range(CHUNKS_A_TURN):
            if self._fd is None:
                return
            if not self._left:
                return self._done()
            room = self.channel.room()
            if not room:
                return
            try:
                data = os.read(self._fd, min(room, CHUNK, self._left))
            except OSError as error:
                return self.fail(error)
            if not data:
                return self._done()
            self._left -= len(data)
            self._sent += len(data)
            self.channel.data(1, data)
        self._is_scheduled = True
        self.agent.loop.soon(self._send)

    def on_room(self) -> None:
        """Goes on after a stall."""
        if not self._is_scheduled:
            self._send()

    def _done(self) -> None:
        self.stop()
        self.channel.result({"bytes": self._sent})

    def stop(self) -> None:
        """Closes the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
