"""The turn of one cell in its context: whether it was cut off, and how it ended."""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..host.cgroup import OomCounter


class Turn:
    """Begins when it is made."""

    def __init__(self, oom: OomCounter) -> None:
        self._oom = oom
        self._oom_kills = oom.read()
        self._started = monotonic()
        self.is_ending = self.is_cancelled = self.is_timed_out = False

    def end(self, code: int, signal: str | None) -> dict[str, Any]:
        """What its caller is told of its end."""
        is_killed = signal == "SIGKILL" and not self.is_timed_out
        return {
            "exitCode": code,
            "signal": signal,
            "timedOut": self.is_timed_out,
            "cancelled": self.is_cancelled,
            "oomKilled": is_killed and self._oom.read() > self._oom_kills,
            "durationMs": round((monotonic() - self._started) * 1000, 3),
        }
