"""The sandbox's own folders: code of its user can take them from that user, who then needs them back."""

from __future__ import annotations

import os
import stat

OWNER = stat.S_IRWXU


class Folders:
    """Gives back what was closed: before a run one look at the first must do, as the others are looked at when it has ended."""

    def __init__(self, first: bytes, others: list[bytes]) -> None:
        self._first = first
        self._all = list(dict.fromkeys([first] + others))

    def check(self) -> None:
        """Costs one look where nothing is wrong."""
        if _is_closed(self._first):
            self.reopen()

    def reopen(self) -> bool:
        """Opens all of them to their owner again, whatever else their modes say; whether one was closed."""
        closed = [path for path in self._all if _is_closed(path)]
        for path in closed:
            try:
                os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | OWNER)
            except OSError:
                pass  # It is another user's, or gone.
        return bool(closed)


def _is_closed(path: bytes) -> bool:
    try:
        return os.stat(path).st_mode & OWNER != OWNER
    except OSError:
        return False
