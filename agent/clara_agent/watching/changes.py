"""Which files of the workspace change while programs run: a tree that is kept from the first of them on."""

from __future__ import annotations

import os
from time import monotonic

from ..wire.errors import Failure
from .changed_tree import ChangedTree
from .recording import Recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.loop import Loop
    from .watches import Watches

# How long a program waits until all folders are watched, or its result until all new ones are looked into.
LONGEST_WAIT_SECONDS = 3
# Where they cannot be watched, that is tried again after so long.
RETRY_SECONDS = 60
# How long folders are looked through before others have their turn.
SLICE_SECONDS = 0.01


class Changes:
    """Makes recordings. Folders that cannot be watched, or are too many, make them None."""

    def __init__(self, loop: Loop, watches: Watches, workspace: bytes) -> None:
        self._loop = loop
        self._watches = watches
        self._root = os.path.realpath(workspace)
        self._tree: ChangedTree | None = None
        self._retry_at = 0.0
        self._hushed: list[bytes] = []
        self._waiting: list[tuple[float, Callable[[], object]]] = []

    def is_ready(self) -> bool:
        """Whether a recording can begin now, or none ever will; what has happened before is dealt with."""
        if self._tree and self._tree.failure:
            self._tree = None
            self._retry_at = monotonic() + RETRY_SECONDS
        if self._tree is None and monotonic() >= self._retry_at:
            self._open()
        if self._tree is None:
            return True
        self._watches.drain()
        return self._tree.is_whole or self._tree.failure is not None

    def _open(self) -> None:
        tree = ChangedTree(self._watches, self._root, self._hushed)
        try:
            tree.begin()
        except (OSError, Failure):
            self._retry_at = monotonic() + RETRY_SECONDS
        else:
            self._tree = tree

    def when_ready(self, then: Callable[[], object]) -> None:
        """Calls back once a recording can begin, or that has taken too long."""
        self._waiting.append((monotonic() + LONGEST_WAIT_SECONDS, then))
        if len(self._waiting) == 1:
            self._loop.soon(self._go_on)

    def _go_on(self) -> None:
        tree = self._tree
        if tree and not tree.failure and not tree.is_whole:
            tree.work(SLICE_SECONDS)
        is_over = tree is None or tree.failure is not None or tree.is_whole
        now = monotonic()
        due = [then for until, then in self._waiting if is_over or now >= until]
        self._waiting = [(until, then) for until, then in self._waiting if not (is_over or now >= until)]
        for then in due:
            then()
        if self._waiting:
            self._loop.soon(self._go_on)

    def record(self) -> Recording | None:
        """Begins a recording, which has to be finished or dropped; None where nobody can tell what changes."""
        tree = self._tree
        if tree is None or tree.failure or not tree.is_whole:
            return None
        recording = Recording()
        tree.recordings.add(recording)
        self._watches.listen(1)
        return recording

    def drop(self, recording: Recording) -> None:
        """Ends a recording that nobody wants."""
        recording.is_lost = True
        if self._tree:
            self._tree.recordings.discard(recording)
        self._watches.listen(-1)

    def finish(self, recording: Recording, then: Callable[[dict[str, Any] | None], object]) -> None:
        """Ends a recording and tells what it has, once all is looked into; None where nobody can tell."""
        if not recording.is_lost:
            self._watches.drain()
        if recording.is_lost or (self._tree and self._tree.is_whole):
            self._tell(recording, then)
        else:
            self.when_ready(lambda: self._tell(recording, then))

    def _tell(self, recording: Recording, then: Callable[[dict[str, Any] | None], object]) -> None:
        is_told = not recording.is_lost and self._tree is not None and self._tree.is_whole
        self.drop(recording)
        then(recording.tell() if is_told else None)

    def hush(self, *paths: bytes) -> Callable[[], None]:
        """What happens to these paths and below them is told to no recording until the call that this returns."""
        hushed = [_place(path) for path in paths]
        if self._tree and self._tree.recordings:
            self._watches.drain()
        self._hushed += hushed

        def end() -> None:
            tree = self._tree
            if tree and tree.recordings:
                self._watches.drain()
                if not tree.is_whole:
                    tree.hushed_until_whole += hushed
            for path in hushed:
                self._hushed.remove(path)

        return end


def _place(path: bytes) -> bytes:
    """A path without links on the way, its last part excepted."""
    folder, name = os.path.split(os.path.normpath(path))
    return os.path.join(os.path.realpath(folder), name) if name else os.path.realpath(folder)
