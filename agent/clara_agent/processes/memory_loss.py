"""Whether a program was killed because its sandbox had no memory left."""

from __future__ import annotations

from .states import TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..host.cgroup import OomCounter


class MemoryLoss:
    """What the counter of the sandbox has said when the program began."""

    def __init__(self, counter: OomCounter, has_company: bool) -> None:
        self._counter = counter
        self._before = counter.read()
        # Whether another program works beside this one, or has.
        self.has_company = has_company

    def is_likely(self, status: int, reason: str | None) -> bool:
        """By how it has ended: the counter is the sandbox's, and with others beside it a run that worked has not lost anything."""
        is_explained = reason == TIMEOUT or (status == 0 and self.has_company)
        return not is_explained and self._counter.read() > self._before
