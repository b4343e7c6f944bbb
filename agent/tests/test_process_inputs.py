"""What processes that are kept read: written as they take it, by one writer at a time."""

from __future__ import annotations

import unittest

from client import CallFailed
from kept_case import KeptCase


class Inputs(KeptCase):
    def test_input_is_written_as_it_is_read_and_closed_where_that_is_asked_for(self) -> None:
        number = self.begin(program="argv", argv=["cat"], stdin=True)
        self.assertEqual(self.client.call("input", b"one ", id=number).result, {"written": 4})
        self.assertEqual(self.client.call("input", b"x" * 500000, id=number, close=True).result, {"written": 500000})
        self.assertEqual(self.client.call("wait", id=number, timeoutMs=20000).result["exit"]["stdout"]["bytes"], 500004)
        self.assert_fails("exists", "input", b"late", id=number)

    def test_code_that_reads_is_code_as_any_other_however_long_it_is(self) -> None:
        code = "#%s\nimport sys\ndisplay(sys.stdin.read())\nprint(__file__ == sys.argv[0])" % ("x" * 200_000)
        number = self.begin(code, "python", stdin=True)
        self.client.call("input", b"typed", id=number, close=True)
        answer = self.read(number)
        self.assertEqual((answer.out, answer.result["exit"]["exitCode"]), (b"True\n", 0))
        self.assertIn(b'"\'typed\'"', answer.streams[0])
        self.assert_fails("exists", "input", b"late", id=number)

    def test_a_command_that_reads_may_be_longer_than_an_argument(self) -> None:
        number = self.begin("#%s\nread -r line; echo $line" % ("x" * 200_000), stdin=True)
        self.client.call("input", b"typed\n", id=number)
        self.assertEqual(self.read(number).out, b"typed\n")

    def test_input_that_its_writer_gave_up_is_dropped_and_not_taken_for_that_of_the_next(self) -> None:
        self.fifo()
        number = self.begin(program="argv", argv=["sh", "-c", "read go < fifo; exec wc -c"], stdin=True)
        first = self.client.open("input", id=number)
        for _ in range(4):
            self.client.send(3, first, 0, b"x" * 60000)
        self.client.send(9, first)
        self.until(lambda: self.client.answers[first].is_over)
        second = self.client.open("input", id=number, close=True)
        self.client.send(3, second, 0, b"y" * 1000)
        self.client.send(4, second)
        self.client.call("processes", id=number)
        self.assertFalse(self.client.answers[second].is_over)
        self.write_file("fifo", b"go\n")
        self.assertEqual(self.client.finish(second).result, {"written": 1000})
        # A pipe holds 64 KiB of the first.
        self.assertLessEqual(int(self.read(number).out), 66536)

    def test_input_that_is_given_up_is_answered_with_what_was_read_of_it(self) -> None:
        number = self.begin(program="argv", argv=["sh", "-c", "head -c 3; exec sleep 60"], stdin=True)
        reader = self.attach(number)
        first = self.client.open("input", id=number)
        self.client.put(first, b"abc")
        self.until(lambda: self.client.answers[reader].out == b"abc")
        self.client.put(first, b"x" * 200000)
        self.client.send(9, first)
        written = self.client.finish(first).result["written"]
        self.assertGreaterEqual(written, 3)
        self.assertLess(written, 200003)
        self.end(number)

    def ended_within_its_input(self) -> int:
        """An input of which a process has read three bytes before it ended; more of it, or its end, may come."""
        number = self.begin(program="argv", argv=["head", "-c", "3"], stdin=True)
        writing = self.client.open("input", id=number)
        self.client.send(3, writing, 0, b"abc")
        self.assertEqual(self.read(number).out, b"abc")
        return writing

    def test_input_that_a_process_has_read_before_it_ended_was_written(self) -> None:
        writing = self.ended_within_its_input()
        self.client.send(4, writing)
        self.assertEqual(self.client.finish(writing).result, {"written": 3})

    def test_what_comes_after_the_end_of_a_process_is_refused_and_what_does_not_come_is_not_waited_for(self) -> None:
        writing = self.ended_within_its_input()
        self.client.send(3, writing, 0, b"d")
        for number in writing, self.ended_within_its_input():
            with self.assertRaises(CallFailed) as caught:
                self.client.finish(number)
            self.assertEqual(caught.exception.code, "exists")

    def test_input_is_refused_where_there_is_none(self) -> None:
        number = self.begin("sleep 1000")
        self.assert_fails("exists", "input", b"x", id=number)
        self.end(number)


if __name__ == "__main__":
    unittest.main()
