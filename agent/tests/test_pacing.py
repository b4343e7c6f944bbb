"""The caller that started a stream paces it and never misses an event; other readers never pace anybody."""

from __future__ import annotations

import unittest

import client  # noqa: F401 (makes the agent importable)

from clara_agent.processes.kept import Kept as KeptProcess
from clara_agent.processes.table import ProcessTable
from kept_case import KeptCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STDOUT, SHOWN = 1, 4


class Stalled:
    """A reader that takes nothing."""

    def __init__(self, kept: KeptProcess) -> None:
        self.history = kept.history
        self.next_id = 1

    @property
    def backlog(self) -> int:
        return self.history.size

    def pump(self) -> None:
        pass

    def on_forgotten(self) -> None:
        pass


class Loop:
    """Never calls anybody."""

    def later(self, seconds: float, callback: Any) -> Loop:
        return self

    def cancel(self) -> None:
        pass


class Host:
    loop = Loop()


def started(memory_bytes: int = 512 << 20, callers: int = 1) -> list[Any]:
    """Processes of one table, each with a caller that takes nothing."""
    table = ProcessTable(Host(), memory_bytes)  # pyright: ignore[reportArgumentType]
    found = []
    for _ in range(callers):
        kept = table.add({}, True, 1024)
        kept.attach(Stalled(kept), True)
        found.append(kept)
    return found


class Bounds(unittest.TestCase):
    def test_many_small_events_stop_the_program_before_one_is_dropped(self) -> None:
        (kept,) = started()
        for _ in range(20000):
            if not kept.room():
                break
            kept.data(STDOUT, b"x")
        self.assertEqual(kept.room(), 0)
        self.assertEqual(kept.history.first_id, 1)

    def test_all_callers_together_keep_within_the_budget_and_none_loses_an_event(self) -> None:
        all_of_them = started(memory_bytes=64 << 20, callers=40)
        for _ in range(20):
            for kept in all_of_them:
                if kept.room():
                    kept.data(STDOUT, b"x" * min(kept.room(), 30000))
        self.assertEqual([kept.history.first_id for kept in all_of_them], [1] * 40)
        self.assertLess(sum(kept.history.size for kept in all_of_them), 4 << 20)

    def test_what_is_shown_drops_nothing_that_a_caller_has_not_read(self) -> None:
        (kept,) = started()
        kept.data(STDOUT, b"before")
        kept._tell(SHOWN, b"x" * (2 << 20))
        self.assertEqual(kept.history.first_id, 1)
        self.assertEqual(kept.room(), 0)

    def test_without_a_caller_only_the_latest_is_kept(self) -> None:
        table = ProcessTable(Host(), 512 << 20)  # pyright: ignore[reportArgumentType]
        kept = table.add({}, False, 1024)
        reader: Any = Stalled(kept)
        kept.attach(reader, False)
        for _ in range(9000):
            kept.data(STDOUT, b"x")
        self.assertGreater(kept.room(), 0)
        self.assertEqual(kept.history.next_id - kept.history.first_id, 8192)


class Callers(KeptCase):
    def test_callers_of_many_programs_at_once_are_told_no_gap(self) -> None:
        self.client.gives_credit = False
        numbers = [self.begin("head -c 800000 /dev/zero", caller=True, most=1024) for _ in range(80)]
        readers = [self.attach(number, caller=True) for number in numbers]
        self.until(lambda: all(len(self.client.answers[reader].out) >= 200000 for reader in readers))
        self.client.gives_credit = True
        for reader in readers:
            self.client.send(5, reader, 0, len(self.client.answers[reader].out).to_bytes(4, "big"))
        for reader in readers:
            answer = self.client.finish(reader)
            self.assertEqual(len(answer.out), 800000)
            self.assertEqual([event for event in answer.events if "gap" in event], [])


if __name__ == "__main__":
    unittest.main()
