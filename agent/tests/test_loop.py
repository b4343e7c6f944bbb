"""The event loop: its timers, on a clock of the test's own, and what it does where the kernel gives it no more watches."""

from __future__ import annotations

import errno
import os
import select
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

class FullEpoll:
    """Has room for so many watches, as where the others are a program's."""

    def __init__(self, room: int) -> None:
        self._epoll = select.epoll()
        self.room = room
        self.poll = self._epoll.poll
        self.modify = self._epoll.modify
        self.fileno = self._epoll.fileno
        self.close = self._epoll.close

    def register(self, fd: int, events: int) -> None:
        if not self.room:
            raise OSError(errno.ENOSPC, "no watch is left")
        self._epoll.register(fd, events)
        self.room -= 1

    def unregister(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self.room += 1


class ALoopWithoutWatches(unittest.TestCase):
    def setUp(self) -> None:
        self.loop = loops.Loop()
        self.loop._epoll.close()
        self.epoll = FullEpoll(1)
        self.addCleanup(self.epoll.close)
        patch = mock.patch.object(self.loop, "_epoll", self.epoll)
        patch.start()
        self.addCleanup(patch.stop)
        self.heard: list[bytes] = []
        self.pipes = [os.pipe() for _ in range(3)]
        for reader, writer in self.pipes:
            self.addCleanup(os.close, reader)
            self.addCleanup(os.close, writer)
            self.loop.add(reader, loops.READ, lambda _, reader=reader: self.heard.append(os.read(reader, 10)))

    def _turn(self) -> set[bytes]:
        self.heard.clear()
        self.loop.soon(lambda: None)
        self.loop.turn()
        return set(self.heard)

    def _write_to_all(self) -> None:
        for number, (_, writer) in enumerate(self.pipes):
            os.write(writer, b"%d" % number)

    def test_hears_what_has_none_and_what_has_one(self) -> None:
        self._write_to_all()
        self.assertEqual(self._turn(), {b"0", b"1", b"2"})
        self.assertEqual(self._turn(), set())

    def test_waits_for_what_has_none(self) -> None:
        os.write(self.pipes[2][1], b"later")
        self.loop.turn()
        self.assertEqual(self.heard, [b"later"])

    def test_has_its_timers(self) -> None:
        self.loop.later(0.01, lambda: self.heard.append(b"due"))
        while not self.heard:
            self.loop.turn()
        self.assertEqual(self.heard, [b"due"])

    def test_waits_for_other_events_of_what_has_none_and_forgets_it(self) -> None:
        self.loop.modify(self.pipes[1][0], 0)
        self.loop.remove(self.pipes[2][0])
        self._write_to_all()
        self.assertEqual(self._turn(), {b"0"})
        self.loop.modify(self.pipes[1][0], loops.READ)
        self.assertEqual(self._turn(), {b"1"})

    def test_gives_them_watches_once_there_are_any(self) -> None:
        self.epoll.room = 2
        self._turn()
        self.assertEqual(self.epoll.room, 0)
        self._write_to_all()
        self.assertEqual(self._turn(), {b"0", b"1", b"2"})
        for reader, _ in self.pipes:
            self.loop.remove(reader)
        self.assertEqual(self.epoll.room, 3)



class TimersThatAreTakenBack(unittest.TestCase):
    def test_do_not_stay_until_their_time_and_the_others_come_in_order(self) -> None:
        _, loop = loop_on_fake_clock(self)
        due: list[int] = []
        for number in range(10_000):
            loop.later(3600, lambda: due.append(-1)).cancel()
            if number % 100 == 0:
                loop.later(number / 1000, lambda number=number: due.append(number))
        self.assertLess(len(loop._timers), 1000)
        while len(due) < 100:
            loop.turn()
        self.assertEqual(due, list(range(0, 10_000, 100)))
