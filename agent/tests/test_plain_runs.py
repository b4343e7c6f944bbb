"""Plain runs in lists of processes: there while they run, gone without a trace afterwards."""

from __future__ import annotations

import os
import unittest

from kept_case import KeptCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PlainRuns(KeptCase):
    def setUp(self) -> None:
        super().setUp()
        for name in ("there", "go"):
            path = self.sandbox.path(name)
            if os.path.exists(path):
                os.unlink(path)
            os.mkfifo(path)

    def under_way(self, source: str = "echo out; echo > there; read go < go; exit 3", program: str = "shell") -> int:
        """A plain run that waits; its channel."""
        channel = self.client.open("run", program=program)
        self.client.send(3, channel, 0, source.encode())
        self.client.send(4, channel)
        self.assertEqual(self.read_file("there"), b"\n")
        return channel

    def listed(self) -> list[dict[str, Any]]:
        return [found for found in self.client.call("processes").result["processes"] if "plain" in found]

    def test_one_is_listed_with_its_program_while_it_runs_and_leaves_no_entry(self) -> None:
        channel = self.under_way()
        (found,) = self.listed()
        self.assertEqual(found["plain"]["program"], "shell")
        self.assertIn("echo > there", found["plain"]["command"])
        self.assertTrue(os.path.exists("/proc/%d" % found["pid"]))
        self.assertIsNone(found["exit"])
        self.assertEqual(self.client.call("processes", id=found["id"]).result["processes"][0]["pid"], found["pid"])
        self.write_file("go", b"\n")
        self.assertEqual(self.client.finish(channel).result["exitCode"], 3)
        self.assertEqual(self.listed(), [])
        self.assert_fails("not_found", "processes", id=found["id"])

    def test_its_number_is_its_own_and_no_kept_process_gets_it(self) -> None:
        channel = self.under_way()
        number = self.listed()[0]["id"]
        other = self.begin("exit 0")
        self.assertNotEqual(other, number)
        self.assertEqual(self.listed()[0]["id"], number)
        self.write_file("go", b"\n")
        self.client.finish(channel)

    def test_it_can_be_signalled_waited_for_and_ended_and_what_it_says_is_its_callers(self) -> None:
        channel = self.under_way("trap 'exit 9' TERM; echo > there; while :; do read go < go; done")
        number = self.listed()[0]["id"]
        self.assert_fails("exists", "attach", id=number)
        self.assert_fails("exists", "output", id=number)
        self.assert_fails("exists", "input", b"x", id=number)
        waiting = self.client.open("wait", id=number, timeoutMs=20000)
        self.client.call("signal", id=number, signal=15)
        self.assertEqual(self.client.finish(channel).result["exitCode"], 9)
        self.assertEqual(self.client.finish(waiting).result["exit"]["exitCode"], 9)
        channel = self.under_way("echo > there; sleep 1000")
        number = self.listed()[0]["id"]
        self.assertTrue(self.client.call("forget", id=number).result["exit"]["cancelled"])
        self.assertTrue(self.client.finish(channel).result["cancelled"])


class Awake(KeptCase):
    def work(self) -> dict[str, int]:
        return self.client.call("awake").result

    def test_processes_that_are_to_keep_it_awake_count_while_they_run(self) -> None:
        self.assertEqual(self.work(), {"processes": 0, "contexts": 0})
        number = self.begin("sleep 1000", keepAwake=True)
        other = self.begin("sleep 1000")
        self.assertEqual(self.work(), {"processes": 1, "contexts": 0})
        self.assertTrue(self.describe(number)["keepAwake"])
        self.assertFalse(self.describe(other)["keepAwake"])
        self.end(number)
        self.end(other)
        self.assertEqual(self.work(), {"processes": 0, "contexts": 0})

    def test_a_context_counts_while_a_cell_runs(self) -> None:
        for name in ("there", "go"):
            os.mkfifo(self.sandbox.path(name))
        code = "open('there', 'w').close(); open('go').read()"
        channel = self.client.open("cell", id="one", make={"about": {}})
        self.client.send(3, channel, 0, code.encode())
        self.client.send(4, channel)
        self.read_file("there")
        self.assertEqual(self.work()["contexts"], 1)
        self.write_file("go")
        self.client.finish(channel)
        self.assertEqual(self.work()["contexts"], 0)


if __name__ == "__main__":
    unittest.main()
