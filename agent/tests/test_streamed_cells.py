"""Cells that are kept processes: their events come as they happen, several read them, and lines are asked for."""

from __future__ import annotations

import json
import os
import unittest

from client import CallFailed, codec
from test_contexts import ContextCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class StreamCase(ContextCase):
    def stream(self, code: str, name: str = "default", caller: bool = True, **parameters: Any) -> int:
        """Starts a cell; its process."""
        asked = dict({"make": {}, "timeoutMs": 20_000, "caller": caller, "about": {"kind": "context"}}, **parameters)
        return self.client.call("cell_start", code.encode(), id=name, **asked).result["id"]

    def attach(self, number: int, **parameters: Any) -> int:
        return self.client.open("attach", id=number, **dict({"caller": True}, **parameters))

    def read(self, code: str, **parameters: Any) -> Answer:
        return self.client.finish(self.attach(self.stream(code, **parameters)))

    def lines(self, answer: Answer) -> list[Any]:
        """What was shown: on stream 0 one after the other."""
        text, found = answer.streams[0].decode(), []
        while text:
            value, end = json.JSONDecoder().raw_decode(text)
            found.append(value)
            text = text[end:]
        return found


class InOrder(StreamCase):
    def test_cells_keep_their_places_while_folders_are_looked_through(self) -> None:
        """For the first cells that tell what they change."""
        for number in range(2000):
            os.makedirs(self.sandbox.path("many/%d" % number))
        self.cell("seen = []")
        begun = [self.client.open("cell_start", b"seen.append('streamed')", id="default", timeoutMs=20_000, trackFiles=True)]
        begun += [self.begin("seen.append('plain')", trackFiles=True), self.begin("seen.append('not looking')")]
        for number in begun:
            self.client.finish(number)
        self.assertEqual(self.value("seen"), "['streamed', 'plain', 'not looking']")


class Streamed(StreamCase):
    def test_it_says_what_it_says_and_shows_and_ends(self) -> None:
        answer = self.read("print('a')\ndisplay(1)\nprint('b')\n2")
        self.assertEqual(answer.out, b"a\nb\n")
        self.assertEqual([line["data"]["text/plain"] for line in self.lines(answer)], ["1", "2"])
        first, second = [event["shown"] for event in answer.events[1:]]
        self.assertGreater(second - first, 1, "what is written between two that are shown is between them")
        self.assertEqual((answer.result["id"], answer.result["exit"]["exitCode"], answer.result["exit"]["executionCount"]), (second + 1, 0, 1))

    def test_its_number_is_told_before_it_runs(self) -> None:
        self.cell("1")
        number = self.stream("2")
        answer = self.client.finish(self.attach(number))
        self.assertEqual(answer.events[0]["process"]["cellNumber"], 2)
        self.assertEqual(answer.result["exit"]["executionCount"], 2)

    def test_values_are_data_too_where_that_is_asked(self) -> None:
        answer = self.read("{'a': [1, float('nan')]}", name="rich", make={"rich": True})
        self.assertEqual(self.lines(answer)[0]["data"].get("application/json"), {"a": [1, None]})
        failed = self.read("1/0", name="rich")
        self.assertEqual((failed.err, self.lines(failed)[0]["name"]), (b"", "ZeroDivisionError"))

    def test_the_variables_are_those_of_plain_cells(self) -> None:
        self.cell("x = 3")
        self.assertEqual(self.lines(self.read("x += 1\nx"))[0]["data"]["text/plain"], "4")
        self.assertEqual(self.value("x"), "4")

    def test_a_picture_of_five_megabytes_arrives_whole_and_a_late_reader_is_told_of_the_gap(self) -> None:
        code = "import os\nclass A:\n    def _repr_png_(self): return os.urandom(5_000_000)\ndisplay(A())"
        number = self.stream(code)
        answer = self.client.finish(self.attach(number))
        self.assertEqual(len(self.lines(answer)[0]["data"]["image/png"]), 6_666_668)
        late = self.client.finish(self.attach(number, caller=False))
        self.assertEqual((late.events[0]["first"], bytes(late.streams[0])), (3, b""))

    def test_code_asks_for_lines(self) -> None:
        number = self.stream("name = input('who? ')\nprint('hello', name)\ninput()")
        reader = self.attach(number)
        self.client.wait(lambda: len(self.client.answers[reader].events) > 1)
        asked = self.lines(self.client.answers[reader])[0]
        self.assertEqual((asked["type"], asked["prompt"], asked["password"]), ("input_request", "who? ", False))
        self.assertEqual(self.client.call("input", b"Ada\n", id=number).result, {"written": 4})
        self.client.wait(lambda: len(self.client.answers[reader].events) > 2)
        self.client.call("input", b"", id=number, close=True)
        answer = self.client.finish(reader)
        self.assertEqual(answer.out, b"hello Ada\n")
        self.assertEqual(self.lines(answer)[-1]["name"], "EOFError")

    def test_code_that_nobody_answers_is_told_so_at_once(self) -> None:
        number = self.stream("input('who? ')", input=False)
        answer = self.client.finish(self.attach(number))
        self.assertEqual([line["type"] for line in self.lines(answer)], ["error"])
        self.assertIn("nobody types", self.lines(answer)[0]["value"])

    def test_a_line_may_be_typed_before_it_is_asked_for(self) -> None:
        number = self.stream("import time\ntime.sleep(0.2)\n[input(), input()]")
        self.client.call("input", b"one\ntwo\n", id=number)
        self.assertEqual(self.lines(self.client.finish(self.attach(number)))[-1]["data"]["text/plain"], "['one', 'two']")

    def test_a_signal_interrupts_and_the_variables_stay(self) -> None:
        number = self.stream("kept = 1\nprint('in')\nimport time\nwhile True: time.sleep(0.01)")
        reader = self.attach(number)
        self.client.wait(lambda: self.client.answers[reader].out)
        self.assertTrue(self.client.call("signal", id=number, signal=15).result["sent"])
        self.assertEqual(self.lines(self.client.finish(reader))[-1]["name"], "KeyboardInterrupt")
        self.assertFalse(self.client.call("signal", id=number, signal=15).result["sent"])
        self.assertEqual(self.value("kept"), "1")

    def test_half_a_line_that_an_interrupt_leaves_is_no_event(self) -> None:
        answer = self.read("import os\n_ = os.write(4, b'{\"type\": \"result\", \"da\\n\\n')\n5")
        self.assertEqual([event["shown"] for event in answer.events[1:]], [2])
        self.assertEqual(self.lines(answer)[0]["data"], {"text/plain": "5"})

    def test_its_deletion_and_the_going_of_its_caller_interrupt_it(self) -> None:
        for leave in (lambda number, reader: self.client.call("forget", id=number), lambda number, reader: self.client.send(codec.CANCEL, reader)):
            number = self.stream("print('in')\nimport time\nwhile True: time.sleep(0.01)")
            reader = self.attach(number)
            self.client.wait(lambda: self.client.answers[reader].out)
            leave(number, reader)
            self.assertEqual(self.value("'next'"), "\"'next'\"".strip('"'))

    def test_one_whose_caller_goes_before_it_is_told_of_its_process_never_gets_to_run(self) -> None:
        call = self.client.open("cell_start", b"open('ran', 'w')\nwhile True: pass", id="fresh", make={}, timeoutMs=20_000, caller=True)
        self.client.send(codec.CANCEL, call)
        with self.assertRaises(CallFailed) as caught:
            self.client.finish(call)
        self.assertEqual(caught.exception.code, "cancelled")
        self.assertEqual([kept for kept in self.client.call("processes").result["processes"] if kept["exit"] is None], [])
        self.assertEqual(self.value("import os\nos.path.exists('ran')", "fresh"), "False")

    def test_one_that_waits_never_runs_when_it_is_deleted(self) -> None:
        running = self.stream("import time\nseen = []\nprint('in')\nwhile True: time.sleep(0.01)")
        reader = self.attach(running)
        self.client.wait(lambda: self.client.answers[reader].out)
        waiting = self.stream("seen.append(1)", caller=False)
        self.assertTrue(self.client.call("forget", id=waiting).result["exit"]["cancelled"])
        self.client.call("signal", id=running, signal=2)
        self.client.finish(reader)
        self.assertEqual(self.value("seen"), "[]")

    def test_it_waits_for_those_before_it_as_long_as_it_may_run(self) -> None:
        os.mkfifo(self.sandbox.path("busy"))
        running = self.begin("open('busy').read()")
        answer = self.read("1", timeoutMs=50)
        self.assertEqual(answer.result["exit"]["failure"]["code"], "cancelled")
        with open(self.sandbox.path("busy"), "w"):
            pass
        self.assertEqual(self.client.finish(running).result["executionCount"], 1)

    def test_a_slow_caller_paces_it_and_loses_nothing(self) -> None:
        number = self.stream("for i in range(20): print('x' * 99_999)")
        self.client.gives_credit = False
        reader = self.attach(number)
        self.client.wait(lambda: len(self.client.answers[reader].out) > 150_000)
        self.client.gives_credit = True
        seen = len(self.client.answers[reader].out)
        self.client.send(codec.CREDIT, reader, 0, seen.to_bytes(4, "big"))
        self.assertEqual(len(self.client.finish(reader).out), 2_000_000)

    def test_a_lost_interpreter_ends_the_process(self) -> None:
        answer = self.read("print('last')\nimport os\nos.abort()")
        end = answer.result["exit"]
        self.assertEqual((answer.out, end["exitCode"], end["signal"], end["restarted"]), (b"last\n", 134, "SIGABRT", True))

    def test_a_cell_whose_server_is_lost_goes_on_and_is_read_by_the_next(self) -> None:
        number = self.stream("import os, time\nprint('one', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('two')")
        reader = self.attach(number)
        self.client.wait(lambda: self.client.answers[reader].out)
        type(self).client = self.sandbox.start()
        self.write_file("go")
        answer = self.client.finish(self.attach(number, caller=False))
        self.assertEqual(answer.out, b"one\ntwo\n")


del ContextCase

if __name__ == "__main__":
    unittest.main()
