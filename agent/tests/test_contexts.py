"""Contexts: interpreters whose variables live on between calls, with IPython where it is there, and the small shell where not."""

from __future__ import annotations

import json
import os
import unittest

from case import AgentCase
from client import CallFailed
from client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class ContextCase(AgentCase):
    def begin(self, code: str, name: str = "default", **parameters: Any) -> int:
        return self.client.open("cell", code.encode(), id=name, **dict({"make": {}, "timeoutMs": 20_000}, **parameters))

    def cell(self, code: str, name: str = "default", **parameters: Any) -> Answer:
        return self.client.finish(self.begin(code, name, **parameters))

    def shown(self, answer: Answer) -> list[Any]:
        return [json.loads(line) for line in bytes(answer.streams[0]).splitlines()]

    def value(self, code: str, name: str = "default") -> Any:
        """The text of the last expression."""
        return [line["data"].get("text/plain") for line in self.shown(self.cell(code, name)) if line["type"] == "result"][-1]

    def tearDown(self) -> None:
        for context in self.client.call("contexts").result["contexts"]:
            self.client.call("context_delete", id=context["id"])


class Cells(ContextCase):
    def test_variables_live_on(self) -> None:
        first = self.cell("x = 20\nprint('set')")
        self.assertEqual((first.out, first.result["exitCode"], first.result["executionCount"]), (b"set\n", 0, 1))
        self.assertFalse(first.result["restarted"])
        second = self.cell("x + 1")
        self.assertEqual(self.shown(second)[0]["data"], {"text/plain": "21"})
        self.assertTrue(self.shown(second)[0]["is_main"])
        self.assertEqual(second.result["executionCount"], 2)

    def test_an_exception_is_told_and_the_variables_stay(self) -> None:
        answer = self.cell("kept = 5\n1 / 0")
        self.assertEqual(answer.result["exitCode"], 1)
        error = self.shown(answer)[-1]
        self.assertEqual((error["type"], error["name"], error["value"]), ("error", "ZeroDivisionError", "division by zero"))
        self.assertEqual(answer.err.decode().splitlines(), error["traceback"])
        self.assertNotIn("clara", answer.err.decode())
        self.assertEqual(self.value("kept"), "5")

    def test_code_with_a_nul_is_told_without_frames_of_ipython(self) -> None:
        self.cell("kept = 5")
        error = self.shown(self.cell("a\0b"))[-1]
        self.assertNotIn("site-packages", "".join(error["traceback"]))
        self.assertNotIn("IPython", "".join(error["traceback"]))
        self.assertIn("null bytes", error["value"])
        self.assertEqual(self.value("kept"), "5")

    def test_await_stands_at_the_top_and_input_fails_at_once(self) -> None:
        self.assertEqual(self.value("import asyncio\nawait asyncio.sleep(0)\n7"), "7")
        answer = self.cell("input('name? ')")
        self.assertIn(b"nobody types", answer.err)

    def test_who_asks_for_a_kernel_finds_none_and_shows_text(self) -> None:
        """As tqdm.auto and ipywidgets ask, in one."""
        code = "kind = 'text'\ntry:\n    from IPython import get_ipython\n    shell = get_ipython()\n    if 'IPKernelApp' in shell.config or hasattr(shell, 'kernel'): kind = 'widget'\nexcept ImportError: pass\nkind"
        self.assertEqual(self.value(code), "'text'")

    def test_a_long_source_arrives_whole(self) -> None:
        self.assertEqual(self.value("text = '%s'\nlen(text)" % ("a" * 400_000)), "400000")

    def test_display_and_a_silent_cell(self) -> None:
        shown = self.shown(self.cell("class A:\n    def _repr_html_(self): return '<b>'\ndisplay(A())\n5", silent=True))
        self.assertEqual([line["data"].get("text/html") for line in shown], ["<b>"])

    def test_threads_show_one_line_after_the_other(self) -> None:
        code = "import threading\nclass Large:\n    def _repr_png_(self): return b'x' * 1_000_000\nthreads = [threading.Thread(target=display, args=(Large(),)) for _ in range(4)]\nfor each in threads: each.start()\nfor each in threads: each.join()"
        self.assertEqual([len(line["data"]["image/png"]) for line in self.shown(self.cell(code))], [1_333_336] * 4)

    def test_what_is_too_large_is_cut_and_said(self) -> None:
        answer = self.cell("class A:\n    def __repr__(self): return 'x' * 100_000\nA()")
        result = [line for line in self.shown(answer) if line["type"] == "result"][0]
        self.assertEqual(len(result["data"]["text/plain"]), 25_000)
        self.assertIn({"type": "truncated"}, self.shown(answer))

    def test_what_is_shown_in_the_place_of_something_is_not_counted_with_what_stays(self) -> None:
        for code in (
            "handle = display(0, display_id=True)\nfor number in range(1500): handle.update(number)",
            "for number in range(1500): display(number, clear=True)",
        ):
            shown = self.shown(self.cell(code))
            self.assertEqual(shown[-1]["data"]["text/plain"], "1499")
            self.assertNotIn({"type": "truncated"}, shown)

    def test_what_is_shown_without_end_is_cut_whatever_its_place(self) -> None:
        shown = self.shown(self.cell("handle = display(0, display_id=True)\nfor number in range(20_000): handle.update(number)"))
        self.assertEqual(shown[-1], {"type": "truncated"})
        self.assertLess(len(shown), 10_000)

    def test_a_picture_far_too_large_is_cut_before_it_is_encoded(self) -> None:
        code = "import tracemalloc\nclass Large:\n    def _repr_png_(self): return bytes(40_000_000)\nlarge = Large()\ntracemalloc.start()\ndisplay(large)\ntracemalloc.get_traced_memory()[1] < 60_000_000"
        self.assertEqual(self.value(code), "True")

    def test_a_child_that_comes_back_from_the_cell_does_not_answer(self) -> None:
        answer = self.cell("import os\nmine = os.fork()\nif mine: os.waitpid(mine, 0)")
        self.assertEqual(answer.result["executionCount"], 1)
        self.assertEqual(self.value("1 + 1"), "2")

    def test_cells_of_one_context_run_in_the_order_of_their_arrival(self) -> None:
        self.cell("seen = []")
        calls = [self.begin("seen.append(%d)" % number) for number in range(20)]
        for call in calls:
            self.client.finish(call)
        self.assertEqual(self.value("seen == list(range(20))"), "True")

    def test_a_cell_waits_for_those_before_it_as_long_as_it_may_run(self) -> None:
        os.mkfifo(self.sandbox.path("busy"))
        running = self.begin("open('busy').read()")
        with self.assertRaises(CallFailed) as caught:
            self.cell("1", timeoutMs=50)
        self.assertIn("did not run", caught.exception.message)
        with open(self.sandbox.path("busy"), "w"):
            pass
        self.assertEqual(self.client.finish(running).result["exitCode"], 0)

    def test_cells_of_two_contexts_run_side_by_side(self) -> None:
        os.mkfifo(self.sandbox.path("gate"))
        waiting = self.begin("open('gate').read()", "one")
        self.cell("open('gate', 'w').write('go')", "two")
        self.assertEqual(self.client.finish(waiting).result["exitCode"], 0)


class Ends(ContextCase):
    def test_a_timeout_interrupts_and_the_variables_stay(self) -> None:
        self.cell("kept = 1")
        answer = self.cell("import time\ntime.sleep(60)", timeoutMs=100)
        self.assertTrue(answer.result["timedOut"])
        self.assertFalse(answer.result["restarted"])
        self.assertEqual(self.shown(answer)[-1]["name"], "KeyboardInterrupt")
        self.assertEqual(self.value("kept"), "1")

    def test_a_cell_that_ignores_the_interrupt_is_killed_and_the_next_one_is_told(self) -> None:
        self.cell("gone = 1")
        answer = self.cell("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)", timeoutMs=100)
        self.assertTrue(answer.result["timedOut"] and answer.result["restarted"])
        after = self.cell("'gone' in dir()")
        self.assertTrue(after.result["restarted"])
        self.assertEqual(self.shown(after)[0]["data"]["text/plain"], "False")
        self.assertFalse(self.cell("1").result["restarted"])

    def test_a_crash_ends_that_context_only(self) -> None:
        self.cell("kept = 2", "other")
        answer = self.cell("import os\nos.kill(os.getpid(), 11)")
        self.assertEqual((answer.result["exitCode"], answer.result["signal"], answer.result["restarted"]), (139, "SIGSEGV", True))
        self.assertEqual([context["state"] for context in self.client.call("contexts").result["contexts"]], ["idle", "dead"])
        self.assertEqual(self.value("kept", "other"), "2")

    def test_exit_ends_it_with_its_status_after_its_output(self) -> None:
        answer = self.cell("print('bye')\nexit(3)")
        self.assertEqual((answer.out, answer.result["exitCode"], answer.result["restarted"]), (b"bye\n", 3, True))
        self.assertTrue(self.cell("1").result["restarted"])

    def test_interrupt_restart_and_delete(self) -> None:
        running = self.begin("print('in')\nimport time\nwhile True: time.sleep(0.01)")
        self.client.wait(lambda: self.client.answers[running].out)
        self.client.call("context_interrupt", id="default")
        self.assertEqual(self.shown(self.client.finish(running))[-1]["name"], "KeyboardInterrupt")
        self.cell("kept = 1")
        self.client.call("context_restart", id="default")
        after = self.cell("'kept' in dir()")
        self.assertEqual((self.shown(after)[0]["data"]["text/plain"], after.result["restarted"], after.result["executionCount"]), ("False", True, 1))
        self.assertFalse(self.cell("1").result["restarted"])
        running = self.begin("print('in')\nimport time\ntime.sleep(60)")
        self.client.wait(lambda: self.client.answers[running].out)
        self.client.call("context_restart", id="default")
        self.assertTrue(self.client.finish(running).result["restarted"])
        self.assertEqual([self.cell("1").result["restarted"] for _ in range(2)], [True, False])
        self.client.call("context_delete", id="default")
        self.assert_fails("not_found", "context_interrupt", id="default")

    def test_a_restart_of_a_busy_one_is_answered_with_its_fresh_interpreter(self) -> None:
        self.cell("1")
        running = self.begin("print('in')\nimport time\ntime.sleep(60)")
        self.client.wait(lambda: self.client.answers[running].out)
        fresh = self.client.call("context_restart", id="default").result
        self.assertEqual((fresh["state"], fresh["executionCount"]), ("idle", 0))
        self.assertEqual(self.client.finish(running).result["signal"], "SIGKILL")
        self.assertEqual(self.cell("1").result["executionCount"], 1)

    def test_a_caller_that_leaves_interrupts_its_cell_and_one_that_waits_never_runs(self) -> None:
        running = self.begin("kept = 1\nprint('in')\nimport time\nwhile True: time.sleep(0.01)")
        waiting = self.begin("kept = 2")
        self.client.wait(lambda: self.client.answers[running].out)
        self.client.send(codec.CANCEL, waiting)
        self.client.send(codec.CANCEL, running)
        self.assertTrue(self.client.finish(running).result["cancelled"])
        self.assertEqual(self.value("kept"), "1")

    def test_another_connection_finds_the_variables(self) -> None:
        self.cell("kept = 4")
        type(self).client = self.sandbox.start()
        self.assertEqual(self.value("kept"), "4")


class Tables(ContextCase):
    def test_contexts_are_made_once_and_counted(self) -> None:
        made = self.client.call("context", id="a", most=2, about={"name": "mine"}).result
        self.assertEqual((made["made"], made["context"]["about"], made["context"]["state"]), (True, {"name": "mine"}, "idle"))
        self.assertFalse(self.client.call("context", id="a", most=2).result["made"])
        self.client.call("context", id="b", most=2)
        self.assert_fails("exists", "context", id="c", most=2)
        self.assert_fails("not_directory", "context", id="d", cwd="missing")
        self.assert_fails("not_found", "cell", b"1", id="unknown")

    def test_folder_and_variables_are_its_own(self) -> None:
        os.mkdir(self.sandbox.path("sub"))
        self.client.call("context", id="a", cwd="sub", env={"MINE": "1", "TZ": "Asia/Tokyo"})
        self.client.call("context", id="b", env={"MINE": "2"})
        self.assertEqual(self.value("import os\nos.getcwd(), os.environ['MINE'], __import__('time').tzname[0]", "a"), repr((self.sandbox.path("sub"), "1", "JST")))
        self.assertEqual(self.value("import os\nos.environ['MINE']", "b"), "'2'")


class WithoutIPython(Cells):
    """The same where the image has no IPython."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = os.path.join(cls.sandbox.packages, "lib", "python%d.%d" % __import__("sys").version_info[:2], "site-packages", "IPython")
        os.makedirs(folder)
        with open(os.path.join(folder, "__init__.py"), "w") as file:
            file.write("raise ImportError('none here')")

    def test_it_says_what_needs_ipython(self) -> None:
        answer = self.cell("%timeit 1")
        self.assertIn(b"this image has no IPython", answer.err)


if __name__ == "__main__":
    unittest.main()
