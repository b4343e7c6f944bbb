"""What is typed to cells that ask for lines: in pieces, ahead of the question, and more than is taken."""

from __future__ import annotations

import os
import unittest

from client import codec
from test_streamed_cells import StreamCase


class Typed(StreamCase):
    def asking(self, code: str) -> int:
        """A cell that runs this once `go` is opened for writing."""
        os.mkfifo(self.sandbox.path("go"))
        return self.stream("open('go').close()\n" + code)

    def go(self) -> None:
        with open(self.sandbox.path("go"), "w"):
            pass
        os.unlink(self.sandbox.path("go"))

    def test_more_than_is_kept_ahead_waits_until_it_is_asked_for(self) -> None:
        number = self.asking("sum(len(input()) for _ in range(6))")
        text = b"y" * 50_000 + b"\n"
        writer = self.client.open("input", id=number)
        self.client.send(codec.DATA, writer, 0, (text * 5)[:65536])
        for begin in range(65536, len(text) * 5, 65536):
            self.client.send(codec.DATA, writer, 0, (text * 5)[begin : begin + 65536])
        self.client.send(codec.END, writer)
        self.client.call("contexts")
        self.assertFalse(self.client.answers[writer].is_over)
        self.go()
        self.assertEqual(self.client.finish(writer).result, {"written": len(text) * 5})
        self.client.call("input", b"z\n", id=number)
        self.assertEqual(self.lines(self.client.finish(self.attach(number)))[-1]["data"]["text/plain"], "250001")

    def test_who_gives_up_writing_goes_on_behind_what_was_taken(self) -> None:
        number = self.asking("[len(input()) for _ in range(3)]")
        text = b"y" * 50_000 + b"\n"
        writer = self.client.open("input", id=number)
        for part in (text, text):
            self.client.send(codec.DATA, writer, 0, part)
        self.client.send(codec.CANCEL, writer)
        taken = self.client.finish(writer).result["written"]
        self.assertEqual(taken, 65536)
        rest = self.client.open("input", (text + text + text)[taken:], id=number)
        self.go()
        self.client.finish(rest)
        self.assertEqual(self.lines(self.client.finish(self.attach(number)))[-1]["data"]["text/plain"], "[50000, 50000, 50000]")

    def test_a_line_that_comes_in_pieces_is_one(self) -> None:
        number = self.stream("[input(), input()]")
        reader = self.attach(number)
        self.client.wait(lambda: len(self.client.answers[reader].events) > 1)
        writer = self.client.open("input", id=number)
        for piece in (b"o", b"ne\ntw"):
            self.client.send(codec.DATA, writer, 0, piece)
        self.client.wait(lambda: len(self.client.answers[reader].events) > 2)
        self.client.send(codec.DATA, writer, 0, b"o")
        self.client.call("contexts")
        self.client.send(codec.END, writer)
        self.assertEqual(self.lines(self.client.finish(reader))[-1]["data"]["text/plain"], "['one', 'two']")

    def test_half_a_line_of_who_leaves_waits_for_its_end_whenever_it_is_asked_for(self) -> None:
        number = self.asking("[input(), input()]")
        reader = self.attach(number)
        self.leave(number, b"one\ntw")
        self.go()
        self.client.wait(lambda: len(self.client.answers[reader].events) > 2)
        self.leave(number, b"o\nthree")
        self.assertEqual(self.lines(self.client.finish(reader))[-1]["data"]["text/plain"], "['one', 'two']")

    def test_a_request_without_a_body_ends_half_a_line(self) -> None:
        number = self.asking("[input(), input()]")
        reader = self.attach(number)
        self.leave(number, b"half")
        self.client.call("input", b"", id=number)
        self.go()
        self.client.wait(lambda: len(self.client.answers[reader].events) > 2)
        self.client.call("input", b"whole\n", id=number)
        self.assertEqual(self.lines(self.client.finish(reader))[-1]["data"]["text/plain"], "['half', 'whole']")

    def leave(self, number: int, text: bytes) -> None:
        """Writes that and gives up."""
        writer = self.client.open("input", id=number)
        self.client.send(codec.DATA, writer, 0, text)
        self.client.send(codec.CANCEL, writer)
        self.assertEqual(self.client.finish(writer).result, {"written": len(text)})

    def test_a_longer_line_than_is_taken_comes_in_parts(self) -> None:
        number = self.asking("[len(input()), len(input())]")
        writer = self.client.open("input", b"y" * 100_000 + b"\n", id=number)
        self.go()
        self.client.finish(writer)
        self.assertEqual(self.lines(self.client.finish(self.attach(number)))[-1]["data"]["text/plain"], "[65536, 34464]")

    def test_a_question_without_a_number_that_there_can_be_asks_nothing(self) -> None:
        number = self.stream("import os\nos.write(4, b'{\"type\": \"input_request\", \"number\": 1e999}\\n')\n'on'")
        self.assertEqual(self.lines(self.client.finish(self.attach(number)))[-1]["data"]["text/plain"], "'on'")


del StreamCase


if __name__ == "__main__":
    unittest.main()
