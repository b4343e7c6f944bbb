"""The operation `watch`: what happens in a folder, as it happens."""

from __future__ import annotations

import errno
import os

from ..wire.errors import Failure, from_os_error
from ..wire.operation import Operation
from ..wire.parameters import take, take_path, to_text
from ..wire.wire_json import dumps
from .watched_folder import WatchedFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .watches import Watches

# Of one sandbox.
MAX_WATCHERS = 64
# A frame of lines.
CHUNK = 65536
# How long the folder is looked through before others have their turn.
SLICE_SECONDS = 0.01
REFUSED = "The folder cannot be watched: the kernel has no inotify here, or no more of it (fs.inotify.max_user_instances)."


class Watch(Operation):
    """EVENT once all is watched; then DATA on 1, a line of JSON each; RESULT once the folder itself is gone."""

    _folder: WatchedFolder | None = None
    _is_ready = False

    def start(self) -> None:
        """Begins to watch, which takes as long as there are folders."""
        path = os.path.normpath(take_path(self.parameters, "path", self.agent.workspace))
        is_recursive = take(self.parameters, "recursive", bool, True)
        self._watches: Watches = self.agent.watches()
        self._lines: list[bytes] = []
        if self._watches.watchers >= MAX_WATCHERS:
            raise Failure("limit", "There are %d watchers already: end one, or try again." % MAX_WATCHERS)
        try:
            if not os.path.isdir(path):
                os.stat(path)
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            folder = WatchedFolder(self._watches, path, is_recursive, self._settled)
            # What has happened before is not for it: others may watch the same folder and not have looked since.
            self._watches.drain()
            folder.begin()
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EMFILE):
                raise from_os_error(error, to_text(path)) from None
            raise Failure("unsupported" if error.errno == errno.ENOSYS else "limit", REFUSED) from None
        self._folder = folder
        self._watches.watchers += 1
        self._watches.listen(1)
        self._build()

    def _build(self) -> None:
        folder = self._folder
        if folder is None:
            return
        folder.work(SLICE_SECONDS)
        if folder.is_whole:
            self._is_ready = True
            self.channel.event({"watching": True})
            self._settled()
        elif not folder.failure:
            self.agent.loop.soon(self._build)

    def _settled(self) -> None:
        folder = self._folder
        if folder and folder.failure and not self._is_ready:
            self._finish(folder)
        else:
            self.on_room()

    def on_room(self) -> None:
        """Sends what there is room for; what does not fit waits where it is bounded."""
        folder = self._folder
        if folder is None or not self._is_ready:
            return
        while True:
            if not self._lines:
                self._lines = [dumps(line) + b"\n" for line in folder.take_lines()]
            if not self._lines:
                break
            size = count = 0
            most = min(self.channel.room(), CHUNK)
            while count < len(self._lines) and size + len(self._lines[count]) <= most:
                size += len(self._lines[count])
                count += 1
            if not count:
                return
            self.channel.data(1, b"".join(self._lines[:count]))
            del self._lines[:count]
        if folder.failure:
            self._finish(folder)

    def _finish(self, folder: WatchedFolder) -> None:
        failure = folder.failure
        self.stop()
        if failure and (failure.code != "not_found" or not self._is_ready):
            self.channel.error(failure)
        else:
            self.channel.result({})

    def stop(self) -> None:
        """Watches no more."""
        folder, self._folder = self._folder, None
        if folder:
            self._watches.watchers -= 1
            self._watches.listen(-1)
            if not folder.failure:
                folder.close()


class Settle(Operation):
    """RESULT once all watchers have been told what has happened so far."""

    def start(self) -> None:
        """Looks at once, where a watcher would after a while."""
        watches: Watches = self.agent.watches()
        watches.drain()
        self.channel.result({})
