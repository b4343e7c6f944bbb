"""How long a process whose caller is lost waits for another reader, on a clock of the test's own."""

from __future__ import annotations

import unittest
from types import SimpleNamespace
from unittest import mock

from test_loop import loop_on_fake_clock

from clara_agent.contexts.kept_cell import KeptCell
from clara_agent.processes.kept import Kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FakeProgram:
    """Runs until it is ended."""

    pid = 7
    has_exited = False

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.goings_on = 0

    def end(self, reason: str) -> None:
        self.ends.append(reason)

    def on_room(self) -> None:
        self.goings_on += 1


class Grace(unittest.TestCase):
    def setUp(self) -> None:
        self.clock, self.loop = loop_on_fake_clock(self)
        self.program = FakeProgram()

    def keep(self, kind: type[Kept] = Kept) -> Any:
        """A process whose caller is still to come."""
        table: Any = SimpleNamespace(backlog=1000, trim=lambda: None)
        agent: Any = SimpleNamespace(loop=self.loop)
        kept: Any = kind(agent, table, 1, {}, True)
        kept.process = self.program
        return kept

    def pass_by(self, seconds: float) -> None:
        """Lets so much time pass."""
        passed: list[bool] = []
        self.loop.later(seconds, lambda: passed.append(True))
        while not passed:
            self.loop.turn()

    def test_one_that_nobody_reads_in_time_is_ended(self) -> None:
        kept, caller = self.keep(), mock.Mock(next_id=1)
        kept.attach(caller, True)
        self.pass_by(1000)
        kept.detach(caller, True, False)
        self.pass_by(59)
        self.assertEqual((self.program.ends, kept.is_paced), ([], True))
        self.pass_by(2)
        self.assertEqual((self.program.ends, kept.is_paced), (["cancelled"], False))

    def test_one_whose_caller_never_comes_is_ended(self) -> None:
        self.keep()
        self.pass_by(59)
        self.assertEqual(self.program.ends, [])
        self.pass_by(2)
        self.assertEqual(self.program.ends, ["cancelled"])

    def test_who_reads_in_time_takes_the_place_of_the_caller(self) -> None:
        kept, caller, other, late = self.keep(), mock.Mock(next_id=1), mock.Mock(next_id=1), mock.Mock(next_id=1)
        kept.attach(caller, True)
        kept.detach(caller, True, False)
        self.pass_by(59)
        kept.attach(other, False)
        kept.attach(late, False)
        self.pass_by(1000)
        kept.detach(late, False, False)
        self.assertEqual((self.program.ends, kept.is_paced), ([], True))
        kept.detach(other, False, False)
        self.assertEqual((self.program.ends, kept.is_paced), (["cancelled"], False))

    def test_one_that_is_to_run_on_waits_for_nobody(self) -> None:
        kept, caller = self.keep(), mock.Mock(next_id=1)
        kept.attach(caller, True)
        kept.detach(caller, True, True)
        self.assertEqual((kept.is_paced, self.program.goings_on), (False, 1))
        self.pass_by(1000)
        self.assertEqual(self.program.ends, [])

    def test_a_cell_runs_on_and_what_it_says_waits_no_longer(self) -> None:
        kept, caller = self.keep(KeptCell), mock.Mock(next_id=1)
        kept.attach(caller, True)
        kept.detach(caller, True, False)
        self.assertEqual((kept.is_paced, self.program.goings_on), (True, 0))
        self.pass_by(61)
        self.assertEqual((self.program.ends, kept.is_paced, self.program.goings_on), ([], False, 1))


if __name__ == "__main__":
    unittest.main()
