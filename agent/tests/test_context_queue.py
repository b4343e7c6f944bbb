"""The cells that wait for a context, as those before them go."""

from __future__ import annotations

import unittest

import client  # noqa: F401 (makes the agent importable)

from clara_agent.contexts.waiting import Waiting
from clara_agent.io.loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Looking:
    """What a cell waits for, or does not."""

    def __init__(self, is_over: bool) -> None:
        self._is_over = is_over

    def is_ready(self) -> bool:
        return self._is_over

    def when_ready(self, then: Callable[[], object]) -> None:
        pass


class QueuedCell:
    def __init__(self, is_ready: bool) -> None:
        self.tracking = Looking(is_ready)


class Queue(unittest.TestCase):
    def setUp(self) -> None:
        self.loop = Loop()
        self.begun: list[Any] = []
        self.waiting = Waiting(self.loop, self.begin)
        self.looking, self.ready = cells = [QueuedCell(False), QueuedCell(True)]
        for cell in cells:
            self.add(cell)
        self.begin()

    def add(self, cell: Any) -> None:
        self.waiting.add(cell)

    def remove(self, cell: Any) -> None:
        self.waiting.remove(cell)

    def begin(self) -> None:
        cell = self.waiting.take()
        if cell:
            self.begun.append(cell)

    def test_those_behind_one_that_goes_begin_in_a_turn_of_their_own(self) -> None:
        self.remove(self.looking)
        self.assertEqual(self.begun, [])
        self.loop.turn()
        self.assertEqual(self.begun, [self.ready])

    def test_none_begins_that_goes_with_the_one_before_it_as_all_of_a_connection_do(self) -> None:
        self.remove(self.looking)
        self.remove(self.ready)
        self.loop.turn()
        self.assertEqual(self.begun, [])


if __name__ == "__main__":
    unittest.main()
