"""Which files change while a program runs, where its caller wants to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..watching.changes import Changes
    from ..watching.recording import Recording


class Tracking:
    """One program's recording; without `changes` there is none, and nothing waits."""

    def __init__(self, changes: Changes | None) -> None:
        self._changes = changes
        self._has_waited = False
        self._recording: Recording | None = None

    def is_ready(self) -> bool:
        """Whether the program need not wait; what has happened before is dealt with."""
        return self._changes is None or self._has_waited or self._changes.is_ready()

    def when_ready(self, then: Callable[[], object]) -> None:
        """Calls back later, once the program need wait no more."""
        assert self._changes

        def go_on() -> None:
            self._has_waited = True
            then()

        self._changes.when_ready(go_on)

    def start(self) -> bool:
        """Begins, as the program does; false where it has to wait."""
        if not self.is_ready():
            return False
        if self._changes:
            self._recording = self._changes.record()
        return True

    def finish(self, then: Callable[[dict[str, Any] | None], object]) -> None:
        """The program has ended: calls back with what has changed, None where nobody can tell or has asked."""
        recording, self._recording = self._recording, None
        if self._changes and recording:
            self._changes.finish(recording, then)
        else:
            then(None)

    def drop(self) -> None:
        """Nobody wants to know any more."""
        recording, self._recording = self._recording, None
        if self._changes and recording:
            self._changes.drop(recording)
