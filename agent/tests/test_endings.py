"""Runs that are ended: timeout, CANCEL, a closed stream; and what tries to escape."""

from __future__ import annotations

import os
import unittest

from case import AgentCase
from client import Closed
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ESCAPES = {
    "a child": "sleep 100 & echo $!; wait",
    "a session of its own": "setsid sleep 100 & echo $!; wait",
    "a daemon": "(setsid sleep 100 & echo $!) ; sleep 100",
    "a stopped process": "sleep 100 & echo $!; kill -STOP $!; wait",
    "a process that ignores signals": "trap '' TERM INT HUP; sleep 100 & echo $!; wait",
    "a tree": "for i in 1 2 3 4 5; do (sleep 100 & echo $!; setsid sh -c 'sleep 100 & echo $!; wait' & wait) & done; wait",
}
DAEMON = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.write(1, b'%d\\n' % os.getpid())
            time.sleep(100)
        os._exit(0)
time.sleep(100)
"""


def is_alive(pid: int) -> bool:
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


# Neither those that end no process, nor SIGQUIT, which bash ignores, nor the two that the C library keeps for itself.
DEADLY = sorted(set(range(1, 65)) - {3, 17, 18, 19, 20, 21, 22, 23, 28, 32, 33})


class Endings(AgentCase):
    def started(self, program: str, source: Any, lines: Any, timeout: Any = None) -> tuple[int, list[int]]:
        """A run that has written N lines, and its number."""
        number = self.client.open("run", source.encode(), program=program, timeoutMs=timeout or 20000)
        answer = self.client.answers[number]
        self.client.wait(lambda: answer.out.count(b"\n") >= lines or answer.is_over)
        return number, [int(word) for word in answer.out.split()]

    def assert_gone(self, pids: Any) -> None:
        self.assertTrue(pids)
        self.assertEqual([pid for pid in pids if is_alive(pid)], [])

    def test_a_signal_has_the_name_that_the_shell_has_for_it(self) -> None:
        names = self.shell("for number in %s; do kill -l $number; done" % " ".join(map(str, DEADLY))).out.decode().split()
        found = {number: self.shell("kill -%d $$" % number).result for number in DEADLY}
        self.assertEqual({number: result["signal"] for number, result in found.items()}, {number: "SIG" + name for number, name in zip(DEADLY, names)})
        self.assertEqual([result["exitCode"] for result in found.values()], [128 + number for number in DEADLY])

    def test_an_abort_has_one_name(self) -> None:
        self.assertEqual(self.python("import os; os.abort()").result["signal"], "SIGABRT")

    def test_a_timeout_ends_the_tree_and_keeps_the_output(self) -> None:
        for name, source in ESCAPES.items():
            answer = self.shell(source, timeoutMs=300)
            self.assertEqual((answer.result["timedOut"], answer.result["exitCode"], answer.result["signal"]), (True, 137, "SIGKILL"), name)
            self.assert_gone([int(word) for word in answer.out.split()])

    def test_a_timeout_ends_a_python_run_and_its_daemons(self) -> None:
        answer = self.python(DAEMON, timeoutMs=400)
        self.assertEqual((answer.result["timedOut"], answer.result["signal"]), (True, "SIGKILL"))
        self.assertEqual(len(answer.out.split()), 3)
        self.assert_gone([int(word) for word in answer.out.split()])

    def test_a_timeout_of_a_program_that_ends_itself_too(self) -> None:
        for _ in range(20):
            result = self.shell("sleep 0.02", timeoutMs=20).result
            self.assertIn((result["timedOut"], result["exitCode"]), [(True, 137), (False, 0), (True, 0)])

    def test_cancel_ends_the_tree(self) -> None:
        for program, source, lines in (("shell", ESCAPES["a tree"], 10), ("python", DAEMON, 3)):
            number, pids = self.started(program, source, lines)
            self.client.send(codec.CANCEL, number)
            result = self.client.finish(number).result
            self.assertEqual((result["cancelled"], result["timedOut"], result["exitCode"]), (True, False, 137))
            self.assert_gone(pids)

    def test_cancel_ends_what_waits_for_its_reader(self) -> None:
        self.write_file("big", os.urandom(1_000_000))
        flood = "head -c 1000000 /dev/zero; sleep 100"
        kept = self.client.call("start", b"head -c 1000000 /dev/zero", program="shell").result["id"]
        self.client.gives_credit = False
        for op, body, parameters in (
            ("pack", None, {"path": "big", "format": "tar"}),
            ("pack", None, {"path": "big", "format": "zip"}),
            ("read", None, {"path": "big"}),
            ("output", None, {"id": kept}),
            ("attach", None, {"id": kept}),
            ("run", flood.encode(), {"program": "shell", "timeoutMs": 60000}),
        ):
            with self.subTest(op=op):
                number = self.client.open(op, body, **parameters)
                answer = self.client.answers[number]
                self.client.wait(lambda: len(answer.out) > 262144 - 65536)
                self.client.send(codec.CANCEL, number)
                self.client.wait(lambda: answer.is_over)
        self.client.gives_credit = True

    def test_cancel_before_the_source_is_whole_answers(self) -> None:
        number = self.client.open("run", program="shell", timeoutMs=1000)
        self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: self.client.answers[number].is_over)
        self.assertEqual(self.client.answers[number].error["code"], "cancelled")

    def test_cancel_of_a_run_that_is_over_is_ignored(self) -> None:
        number = self.client.open("run", b"true", program="shell")
        self.client.finish(number)
        self.client.send(codec.CANCEL, number)
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def test_a_run_with_a_debugged_child_ends(self) -> None:
        source = "import os, ctypes, time\npid = os.fork()\nif not pid:\n ctypes.CDLL(None).ptrace(0, 0, 0, 0)\n os.kill(os.getpid(), 19)\nprint(pid)\ntime.sleep(100)"
        number, pids = self.started("python", source, 1)
        self.client.send(codec.CANCEL, number)
        self.assertTrue(self.client.finish(number).result["cancelled"])
        self.assert_gone(pids)

    def test_what_an_earlier_run_left_in_the_background_survives_the_end_of_another(self) -> None:
        pid = int(self.shell("setsid sleep 100 >/dev/null 2>&1 & echo $!").out)
        self.assertTrue(self.shell("sleep 100", timeoutMs=100).result["timedOut"])
        self.assertTrue(is_alive(pid))
        os.kill(pid, 9)

    def test_the_end_of_the_stream_ends_foreground_runs_only(self) -> None:
        left = int(self.shell("setsid sleep 100 >/dev/null 2>&1 & echo $!").out)
        pids = [self.started(*run)[1] for run in (("shell", ESCAPES["a tree"], 10), ("python", DAEMON, 3))]
        old = self.client
        new = type(self).client = self.sandbox.start()
        with self.assertRaises(Closed):
            while True:
                old.read()
        self.assertTrue(new.hello["resumed"])
        waiting = [pid for found in pids for pid in found]
        while any(is_alive(pid) for pid in waiting):
            self.python("1")
        self.assertTrue(is_alive(left))
        os.kill(left, 9)


class Zygotes(AgentCase):
    def zygote(self) -> int:
        return int(self.python("import os; print(os.getppid())").out)

    def test_a_killed_zygote_is_replaced_before_anybody_notices(self) -> None:
        for _ in range(5):
            os.kill(self.zygote(), 9)
            self.assertEqual(self.python("print(1)").out, b"1\n")

    def test_a_run_that_kills_its_zygote_keeps_its_own_result(self) -> None:
        answer = self.python("import os\nos.kill(os.getppid(), 9)\nwhile os.getppid() == %d: pass\nprint('on')\nraise SystemExit(4)" % self.zygote())
        self.assertEqual((answer.out, answer.result["exitCode"]), (b"on\n", 4))

    def test_a_run_whose_zygote_was_killed_still_times_out(self) -> None:
        answer = self.python("import os, time\nos.kill(os.getppid(), 9)\nprint(os.getpid())\ntime.sleep(100)", timeoutMs=3000)
        self.assertTrue(answer.result["timedOut"])
        self.assertFalse(is_alive(int(answer.out)))

    def test_a_stopped_zygote_is_continued(self) -> None:
        os.kill(self.zygote(), 19)
        self.assertEqual(self.python("print(1)").out, b"1\n")

    def test_a_zygote_that_is_killed_with_many_runs_waiting_loses_none(self) -> None:
        pid = self.zygote()
        os.kill(pid, 19)
        numbers = [self.client.open("run", b"print(%d)" % n, program="python", timeoutMs=20000) for n in range(10)]
        self.shell("true")
        os.kill(pid, 9)
        self.assertEqual([int(self.client.finish(number).out) for number in numbers], list(range(10)))

    def test_a_signal_to_everything_a_run_can_see_in_its_session_leaves_the_agent(self) -> None:
        self.assertEqual(self.shell("kill -9 0").result["signal"], "SIGKILL")
        self.assertEqual(self.python("print(1)").out, b"1\n")

    def test_the_zygote_can_be_inspected_but_the_agent_cannot(self) -> None:
        source = "import os\nfor pid in (os.getppid(), %d):\n    print(oct(os.stat('/proc/%%d/mem' %% pid).st_mode), os.stat('/proc/%%d/environ' %% pid).st_uid)" % self.client.hello["pid"]
        self.assertEqual(self.python(source).result["exitCode"], 0)

    def test_a_run_may_change_what_a_fork_cannot_have(self) -> None:
        answer = self.python("import os, time, sys\nprint(time.tzname[0], sys.flags.optimize, os.environ['PYTHONOPTIMIZE'], sys.path[0])", env={"TZ": "Asia/Tokyo", "PYTHONOPTIMIZE": "1"})
        self.assertEqual(answer.out.decode(), "JST 1 1 %s\n" % self.sandbox.workspace)

    def test_random_numbers_differ_between_runs(self) -> None:
        source = "import random, uuid, tempfile, os\nprint(random.random(), uuid.uuid4(), os.urandom(4).hex())"
        self.assertEqual(len({self.python(source).out for _ in range(10)}), 10)

    def test_a_full_scratch_falls_back(self) -> None:
        os.rename(self.sandbox.scratch, self.sandbox.scratch + ".away")
        try:
            self.assertEqual(self.python("print(open(__file__).read() != '')").out, b"True\n")
        finally:
            os.rename(self.sandbox.scratch + ".away", self.sandbox.scratch)

    def test_packages_that_appear_are_found_by_the_next_run(self) -> None:
        site = self.python("import site; print(site.getusersitepackages())").out.decode().strip()
        self.assertTrue(site.startswith(self.sandbox.packages))
        self.assertTrue(os.path.isdir(site))
        for name in "one", "two":
            with open(os.path.join(site, "clara_%s.py" % name), "w") as file:
                file.write("value = 1")
            self.assertEqual(self.python("import clara_%s\nprint(clara_%s.value)" % (name, name)).out, b"1\n")

    def test_a_file_left_open_is_flushed(self) -> None:
        for number, rest in enumerate(("", "def g(): return f", "class A: h = f", "def g(): return f\nclass A: h = f", "l = [f]; l.append(l)")):
            source = "f = open('left%d.txt', 'w')\nf.write('kept')\n%s" % (number, rest)
            self.assertEqual(self.python(source).result["exitCode"], 0)
            self.assertEqual(self.read_file("left%d.txt" % number), b"kept", rest)


if __name__ == "__main__":
    unittest.main()
