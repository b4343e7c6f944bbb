"""Interrupts that come at odd moments: before a cell has begun, when it is over, while its code does not hear them."""

from __future__ import annotations

import json
import os
import signal
import socket
import unittest

from client import codec
from test_contexts import ContextCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any

ENDLESS = {"python": "while True: pass", "javascript": "while (true) {}", "bash": "while :; do :; done"}
WAITING = {"python": "import asyncio\nawait asyncio.sleep(600)", "javascript": "await new Promise((done) => setTimeout(done, 600_000))", "bash": "sleep 600"}
KEEPING = {"python": "kept = 1", "javascript": "kept = 1", "bash": "kept=1"}
LOOKING = {"python": "print(kept)", "javascript": "console.log(kept)", "bash": "echo $kept"}
PROCESS = {"python": "import os\nprint(os.getpid())", "javascript": "console.log(process.pid)", "bash": "echo $$"}


class Interrupts(ContextCase):
    def begin(self, code: str, name: str = "default", **parameters: Any) -> int:
        return super().begin(code, name, **dict({"make": {"language": name}}, **parameters))

    def interrupt(self, name: str) -> None:
        self.client.call("context_interrupt", id=name)

    def assert_interrupted(self, answer: Answer, name: str, code: str) -> None:
        told = (answer.result["timedOut"], answer.result["restarted"], answer.result["executionCount"])
        self.assertEqual((told[:2], bool(answer.result["exitCode"])), ((False, False), True), (name, code))
        self.assertIn(b"nterrupt" if name != "bash" else b"", bytes(answer.streams[0]))

    def test_a_cell_that_waits_for_its_interpreter_is_interrupted(self) -> None:
        for codes in ENDLESS, WAITING:
            for name, code in codes.items():
                running = self.begin(code, name)
                self.interrupt(name)
                self.assert_interrupted(self.client.finish(running), name, code)
                self.client.call("context_delete", id=name)

    def test_a_cell_that_has_not_begun_is_interrupted_and_is_counted(self) -> None:
        for codes in ENDLESS, WAITING:
            for name, code in codes.items():
                first = self.cell(KEEPING[name], name).result["executionCount"]
                pid = int(self.cell(PROCESS[name], name, silent=True).out)
                os.kill(pid, signal.SIGSTOP)
                try:
                    running = self.begin(code, name)
                    self.interrupt(name)
                finally:
                    os.kill(pid, signal.SIGCONT)
                answer = self.client.finish(running)
                self.assert_interrupted(answer, name, code)
                self.assertEqual(answer.result["executionCount"], first + 1)
                self.assertEqual(self.cell(LOOKING[name], name).out, b"1\n")

    def test_one_that_comes_when_the_code_has_ended_reaches_nothing(self) -> None:
        ends = {"python": "print('x' * 400_000)", "javascript": "console.log('x'.repeat(400_000))", "bash": "printf %0400000d 0"}
        after = {"python": "import time\ntime.sleep(0.5)\nprint('whole')", "javascript": "await new Promise((done) => setTimeout(done, 500))\nconsole.log('whole')", "bash": "sleep 0.5\necho whole"}
        for name in ends:
            self.client.gives_credit = False
            running = self.begin(ends[name], name)
            while not self.client.call("contexts").result["contexts"][-1]["executionCount"]:
                pass
            following = self.begin(after[name], name)
            self.interrupt(name)
            self.client.gives_credit = True
            self.client.send(codec.CREDIT, running, 0, len(self.client.answers[running].out).to_bytes(4, "big"))
            self.client.finish(running)
            answer = self.client.finish(following)
            self.assertEqual((bytes(answer.out), answer.result["exitCode"]), (b"whole\n", 0), name)

    def test_what_waits_in_os_system_is_interrupted_with_its_program(self) -> None:
        self.cell(KEEPING["python"], "python")
        running = self.begin("import os\nprint('in', flush=True)\nos.system('sleep 600')\nwhile True: pass", "python")
        self.client.wait(lambda: self.client.answers[running].out)
        self.interrupt("python")
        self.assert_interrupted(self.client.finish(running), "python", "os.system")
        self.assertEqual(self.cell(LOOKING["python"], "python").out, b"1\n")

    def test_a_program_that_a_node_waits_for_is_interrupted(self) -> None:
        self.cell(KEEPING["javascript"], "javascript")
        running = self.begin("console.log('in'); await 0; require('child_process').execSync('sleep 600')", "javascript")
        self.interrupt("javascript")
        self.assertFalse(self.client.finish(running).result["timedOut"])
        self.assertEqual(self.cell(LOOKING["javascript"], "javascript").out, b"1\n")

    def test_what_it_cuts_in_the_middle_of_a_line_costs_no_other_line(self) -> None:
        self.cell(KEEPING["python"], "python")
        self.client.gives_credit = False
        running = self.begin("class Large:\n    def _repr_png_(self): return b'x' * 4_000_000\ndisplay('before')\ndisplay(Large())", "python")
        shown = self.client.answers[running].streams
        self.client.wait(lambda: len(shown[0]) > 150_000)
        self.interrupt("python")
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, running, 0, len(shown[0]).to_bytes(4, "big"))
        before, half, error = bytes(self.client.finish(running).streams[0]).splitlines()
        self.assertEqual([json.loads(before)["data"], json.loads(error)["name"]], [{"text/plain": "'before'"}, "KeyboardInterrupt"])
        self.assertEqual((half[:17], half.endswith(b"}")), (b'{"type": "result"', False))
        self.assertEqual(self.shown(self.cell("kept", "python"))[0]["data"], {"text/plain": "1"})

    def test_one_that_comes_before_something_is_shown_is_heard(self) -> None:
        code = "import signal, sys\ndef interrupted():\n    del sys.stdout.flush\n    signal.raise_signal(signal.SIGINT)\nsys.stdout.flush = interrupted\ndisplay(1)\nprint('went on')"
        answer = self.cell(code, "python")
        self.assertEqual((answer.out, [line["name"] for line in self.shown(answer)]), (b"", ["KeyboardInterrupt"]))

    def test_a_handler_that_raises_between_two_cells_costs_no_variables(self) -> None:
        os.mkfifo(self.sandbox.path("rung"))
        self.cell("import signal\ndef ring(*_):\n    open('rung', 'w').close()\n    raise TimeoutError('rang')\nsignal.signal(signal.SIGALRM, ring)\nkept = 1", "python")
        self.cell("_ = signal.setitimer(signal.ITIMER_REAL, 0.05)", "python")
        with open(self.sandbox.path("rung")):
            pass
        answer = self.cell(LOOKING["python"], "python")
        self.assertEqual((answer.out, answer.result["restarted"]), (b"1\n", False))
        self.assertIn(b"TimeoutError: rang", answer.err)


class Messages(unittest.TestCase):
    def test_the_end_of_a_cell_of_bash_is_heard_once(self) -> None:
        from clara_agent.contexts.bash import BashMessages
        from clara_agent.contexts.messages import DONE

        messages = BashMessages()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            messages.encode({"file": b"/a", "silent": False})
            over = messages.encode({"over": True})
            self.assertIn(b"done 1 %d", over)
            theirs.send(b"done 1 130\ndone 1 0\n")
            self.assertEqual(messages.receive(ours), [(DONE, 1, 130)])
            messages.encode({"file": b"/b", "silent": True})
            theirs.send(b"done 1 130\ndone 2 3\n")
            self.assertEqual(messages.receive(ours), [(DONE, 1, 3)])


del ContextCase

if __name__ == "__main__":
    unittest.main()
