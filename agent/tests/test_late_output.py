"""What is written after the end of a process by others that have its outputs: it comes to nobody, and costs nothing."""

from __future__ import annotations

import unittest

from kept_case import KeptCase
from test_streamed_cells import StreamCase

# What it leaves is not ended with it, speaks once it is let, and says how that went.
LATE = "trap '' HUP PIPE; mkfifo tried; (read go < fifo; echo late; echo $? > tried) & echo early"


class AfterTheEnd(KeptCase):
    def setUp(self) -> None:
        super().setUp()
        self.fifo()

    def speak_late(self, number: int) -> None:
        """Lets what is left of an ended process write, and looks that nothing of that is kept."""
        before = self.describe(number)
        self.assertEqual(self.shell("echo go > fifo; cat tried; rm tried").out, b"1\n")
        self.assertEqual(self.describe(number), before)
        self.assertEqual(self.client.call("output", id=number).out.replace(b"\r", b""), b"early\n")
        again = self.read(number)
        self.assertEqual((again.out.replace(b"\r", b""), again.result["id"]), (b"early\n", before["lastEvent"]))

    def test_of_a_program_is_refused(self) -> None:
        number = self.begin(LATE)
        self.assertEqual(self.read(number).result["exit"]["exitCode"], 0)
        self.speak_late(number)

    def test_of_a_program_at_a_terminal_is_refused(self) -> None:
        number = self.begin(LATE, tty={"rows": 24, "cols": 80})
        self.assertEqual(self.read(number).result["exit"]["exitCode"], 0)
        self.speak_late(number)


class AfterTheCell(StreamCase):
    def test_of_a_cell_is_told_in_the_next_one(self) -> None:
        begin = "import os, subprocess\nos.mkfifo('fifo')\nchild = subprocess.Popen(['sh', '-c', 'read go < fifo; echo late'])\nprint('early')"
        number = self.stream(begin)
        ended = self.client.finish(self.attach(number))
        self.assertEqual(ended.out, b"early\n")
        self.shell("echo go > fifo")
        following = self.read("_ = child.wait()")
        self.assertEqual(following.out, b"late\n")
        again = self.client.finish(self.attach(number, caller=False))
        self.assertEqual((again.out, again.result["id"]), (b"early\n", ended.result["id"]))


del KeptCase, StreamCase

if __name__ == "__main__":
    unittest.main()
