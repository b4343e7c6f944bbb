"""The RESULT of a program that has ended."""

from __future__ import annotations

from ..io.signals import ending
from .states import CANCELLED, TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def to_result(status: int, reason: str | None, seconds: float, is_oom: bool, summaries: list[dict[str, int]]) -> dict[str, Any]:
    """How it ended, by its wait status and why it was ended; `summaries` are those of stdout, of stderr and, if there is any, of what was shown."""
    code, signal = ending(status)
    result = {
        "exitCode": code,
        "signal": signal,
        "timedOut": reason == TIMEOUT,
        "cancelled": reason == CANCELLED,
        "oomKilled": is_oom,
        "durationMs": round(seconds * 1000, 3),
    }
    result.update(zip(("stdout", "stderr", "shown"), summaries))
    return result
