"""The event loop's timers, on a clock of the test's own."""

from __future__ import annotations

import os
import signal
import unittest
from unittest import mock

import client  # noqa: F401 (makes the agent importable)

from clara_agent.io import loop as loops


class FakeClock:
    """Moves by what is waited for, and by how long the sandbox is frozen meanwhile."""

    def __init__(self) -> None:
        self.now = 100.0
        self.frozen: list[float] = []

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        self.now += timeout + (self.frozen.pop(0) if self.frozen else 0)
        return []


def loop_on_fake_clock(test: unittest.TestCase) -> tuple[FakeClock, loops.Loop]:
    """A loop that knows no time but that of its clock, until the test is over."""
    clock = FakeClock()
    patch = mock.patch.object(loops, "monotonic", lambda: clock.now)
    patch.start()
    test.addCleanup(patch.stop)
    loop = loops.Loop()
    loop._epoll.close()
    polls = mock.patch.object(loop, "_epoll", clock)
    polls.start()
    test.addCleanup(polls.stop)
    return clock, loop


class TimersOfAFrozenSandbox(unittest.TestCase):
    def setUp(self) -> None:
        self.clock, self.loop = loop_on_fake_clock(self)
        self.fired: list[float] = []

    def _run_until(self, count: int) -> None:
        while len(self.fired) < count:
            self.loop.turn()

    def test_stand_still_with_it(self) -> None:
        self.loop.later(5, lambda: self.fired.append(self.clock.now))
        self.clock.frozen = [0, 0, 60]
        self._run_until(1)
        self.assertAlmostEqual(self.fired[0], 165, delta=0.01)

    def test_stand_still_also_where_they_would_be_due_before_its_end(self) -> None:
        self.loop.later(0.5, lambda: self.fired.append(self.clock.now))
        self.clock.frozen = [3600]
        self._run_until(1)
        self.assertAlmostEqual(self.fired[0], 3700.5, delta=0.01)
        self.assertEqual(len(self.fired), 1)

    def test_go_on_where_the_machine_is_only_busy(self) -> None:
        self.loop.later(5, lambda: self.fired.append(self.clock.now))
        self.clock.frozen = [0.7, 0.7, 0.7]
        self._run_until(1)
        self.assertAlmostEqual(self.fired[0], 105, delta=1)

    def test_keep_their_order(self) -> None:
        for seconds in (3, 1, 2):
            self.loop.later(seconds, lambda seconds=seconds: self.fired.append(seconds))
        self.clock.frozen = [10]
        self._run_until(3)
        self.assertEqual(self.fired, [1, 2, 3])

    def test_go_on_while_code_stops_the_agent(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
        self.addCleanup(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        self.loop.later(5, lambda: self.fired.append(self.clock.now))
        self.clock.frozen = [60]
        os.kill(os.getpid(), signal.SIGCONT)
        self._run_until(1)
        self.assertAlmostEqual(self.fired[0], 161, delta=0.01)
        self.assertNotIn(signal.SIGCONT, signal.sigpending())
