"""Work that waits for the disk: beside the loop, which goes on answering others meanwhile."""

from __future__ import annotations

import os

import _thread

from .loop import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .loop import Loop

# Enough for a few calls of the operating system, many times over.
STACK_BYTES = 256 << 10


class Aside:
    """Does each piece of work in a thread of its own; there are never more of them than open channels."""

    def __init__(self, loop: Loop) -> None:
        self._ended = []
        self._wake, self._writer = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._writer, False)
        _thread.stack_size(STACK_BYTES)
        loop.add(self._wake, READ, self._tell)

    def run(self, work: Callable[[], object], then: Callable[[BaseException | None], object]) -> None:
        """Calls `then(error)` in the loop once the work is done; the error is None where it raised none."""
        try:
            _thread.start_new_thread(self._work, (work, then))
        except RuntimeError:
            # The sandbox has used up its processes: then everybody waits.
            self._work(work, then)

    def _work(self, work: Callable[[], object], then: Callable[[BaseException | None], object]) -> None:
        error = None
        try:
            work()
        except BaseException as raised:
            error = raised
        self._ended.append((then, error))
        try:
            os.write(self._writer, b"\0")
        except BlockingIOError:
            pass  # So many have ended that the loop is awake already.

    def _tell(self, events: int) -> None:
        os.read(self._wake, 4096)
        ended, self._ended = self._ended, []
        for then, error in ended:
            then(error)
