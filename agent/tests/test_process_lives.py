"""How processes that are kept begin, and that they outlive the connection that started them."""

from __future__ import annotations

import os
import unittest

from kept_case import KeptCase
from client import CallFailed, codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Starts(KeptCase):
    def test_a_program_that_must_start_and_cannot_be_run_is_an_error_and_not_kept(self) -> None:
        self.write_file("plain", b"x")
        self.write_file("wrong", b"no program")
        os.chmod(self.sandbox.path("wrong"), 0o755)
        before = self.client.call("processes").result
        for name, code in ("not-there", "not_found"), ("./not-there", "not_found"), ("./plain", "denied"), ("/", "denied"), ("./wrong", "invalid"):
            terminals: list[dict[str, Any]] = [{}, {"tty": {"rows": 24, "cols": 80}}]
            for terminal in terminals:
                with self.subTest(name=name, terminal=terminal), self.assertRaises(CallFailed) as caught:
                    self.begin(program="argv", argv=[name], mustStart=True, **terminal)
                self.assertEqual(caught.exception.code, code)
                self.assertIn(name, str(caught.exception))
        self.assertEqual(self.client.call("processes").result, before)

    def test_a_program_that_must_start_and_can_be_run_is_as_any_other(self) -> None:
        answer = self.read(self.begin(program="argv", argv=["sh", "-c", "ls /proc/self/fd; exit 127"], mustStart=True))
        self.assertEqual((answer.out.split()[:4], answer.result["exit"]["exitCode"]), ([b"0", b"1", b"2", b"3"], 127))
        self.assertEqual(answer.err, b"")


class Lost(KeptCase):
    def test_processes_and_what_they_said_outlive_the_server(self) -> None:
        number = self.begin("echo before; sleep 1000")
        reader = self.attach(number)
        self.until(lambda: self.client.answers[reader].out)
        type(self).client = self.sandbox.start()
        found = self.describe(number)
        self.assertIsNone(found["exit"])
        reader = self.attach(number)
        self.until(lambda: self.client.answers[reader].out == b"before\n")
        self.end(number)

    def test_one_whose_caller_was_lost_goes_on_for_who_asks_in_time(self) -> None:
        number = self.begin(program="argv", argv=["sh", "-c", "echo before; read go; echo after"], stdin=True, caller=True)
        reader = self.attach(number, caller=True)
        self.until(lambda: self.client.answers[reader].out)
        type(self).client = self.sandbox.start()
        reader = self.attach(number, after=2)
        self.client.call("input", b"go\n", id=number)
        self.assertEqual(self.client.finish(reader).out, b"after\n")


class EarlySignals(KeptCase):
    def test_a_signal_right_behind_the_start_ends_every_kind_of_program(self) -> None:
        # Neither waits in the kernel: Python's `sleep` and bash's `exec` lose a signal that comes between their last look and the call.
        endless = {"argv": "", "shell": "while :; do :; done", "python": "while True: pass"}
        for program, source in endless.items():
            more = {"argv": ["sleep", "600"]} if program == "argv" else {}
            for number, name in ((2, "SIGINT"), (15, "SIGTERM")) * 12:
                started = self.begin(source, program, **more)
                self.client.call("signal", id=started, signal=number)
                self.assertEqual(self.read(started).result["exit"]["signal"], name, program)

    def test_what_somebody_traces_ends_once(self) -> None:
        number = self.begin("import time; time.sleep(1000)", "python", timeoutMs=1000)
        pid = self.client.call("processes", id=number).result["processes"][0]["pid"]
        trace = "import ctypes, time\nprint(ctypes.CDLL(None).ptrace(0x4206, %d, 0, 0), flush=True)\ntime.sleep(1000)" % pid
        tracer = self.client.open("run", trace.encode(), program="python", timeoutMs=60000)
        self.client.wait(lambda: self.client.answers[tracer].out == b"0\n")
        ended = self.client.call("wait", id=number, timeoutMs=20000).result
        self.assertTrue(ended["exit"]["timedOut"])
        # Only now its own end is told.
        self.client.send(codec.CANCEL, tracer)
        self.client.finish(tracer)
        while os.path.exists("/proc/%d" % pid):
            self.client.call("contexts")
        self.assertEqual(self.client.call("processes", id=number).result["processes"], [ended])


if __name__ == "__main__":
    unittest.main()
