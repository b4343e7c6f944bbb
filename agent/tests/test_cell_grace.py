"""When an interrupted cell has had its time."""

from __future__ import annotations

import os
import unittest
from unittest import mock

import client  # noqa: F401 (makes the agent importable)

from clara_agent.contexts.grace import Grace, work_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Waits:
    """A loop that only notes what it is to call later."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.call: Any = None

    def later(self, seconds: float, call: Any) -> mock.Mock:
        self.seconds.append(seconds)
        self.call = call
        return mock.Mock()


class CellGraceTest(unittest.TestCase):
    def waits_of(self, *looks: tuple[bytes, float]) -> list[float]:
        """How long it waits each time, where a process that has had three seconds of the CPU is found so."""
        waits: Any = Waits()
        ended = mock.Mock()
        with mock.patch("clara_agent.contexts.grace.work_of", side_effect=[(b"R", 3.0), *looks]):
            Grace(waits, 1, ended)
            while not ended.called:
                waits.call()
        return waits.seconds

    def test_a_process_that_waits_or_is_gone_has_two_seconds(self) -> None:
        self.assertEqual(self.waits_of((b"S", 3.0)), [2])
        self.assertEqual(self.waits_of((b"X", 0.0)), [2])

    def test_a_process_that_had_its_share_of_the_cpu_has_two_seconds(self) -> None:
        self.assertEqual(self.waits_of((b"R", 4.0)), [2])

    def test_a_process_that_could_hardly_work_has_more_until_it_has_had_its_share(self) -> None:
        self.assertEqual(self.waits_of((b"R", 3.1), (b"D", 3.9), (b"R", 4.1)), [2, 1, 1])

    def test_no_process_has_more_than_six_seconds(self) -> None:
        self.assertEqual(self.waits_of(*[(b"R", 3.1)] * 5), [2, 1, 1, 1, 1])

    def test_the_work_of_a_process_is_that_of_the_kernel(self) -> None:
        state, seconds = work_of(os.getpid())
        self.assertEqual(state, b"R")
        self.assertLessEqual(seconds, sum(os.times()[:2]) + 0.02)
        self.assertEqual(work_of(0), (b"X", 0.0))


if __name__ == "__main__":
    unittest.main()
