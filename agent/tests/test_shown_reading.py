"""What a streamed cell shows, read between what it writes before and after."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import unittest
from unittest import mock

import client  # noqa: F401 (makes the agent importable)

from clara_agent.io.loop import Loop
from clara_agent.processes import launch
from clara_agent.processes.shown_outputs import ShownOutputs
from clara_agent.processes.shown_reading import ShownReading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from clara_agent.io.contracts import Bytes


class Sink:
    """Takes everything, and keeps the order."""

    def __init__(self) -> None:
        self.told: list[bytes] = []

    def room(self) -> int:
        return 1 << 20

    def data(self, stream: int, payload: Bytes) -> None:
        self.told.append(bytes(payload))

    def consumed(self, size: int) -> None:
        """Nothing is typed."""


class OrderOfWhatIsShown(unittest.TestCase):
    def test_code_that_goes_on_while_its_line_is_read_is_not_overtaken_by_its_next_one(self) -> None:
        readers, writers = zip(*(os.pipe() for _ in range(3)))
        for writer in writers:
            self.addCleanup(os.close, writer)
        out, _, shown = writers
        sink, loop = Sink(), Loop()

        def on_line(line: bytes) -> None:
            sink.told.append(line)
            if line == b"first":
                os.write(out, b"between")
                os.write(shown, b"second\n")

        reading = ShownReading(loop, sink, list(readers), on_line, lambda: None)
        self.addCleanup(reading.close)
        os.write(shown, b"first\n")
        while b"second" not in sink.told:
            loop.turn()
        self.assertEqual(sink.told, [b"first", b"between", b"second"])

    def test_what_nobody_can_write_to_any_more_is_closed(self) -> None:
        readers, writers = zip(*(os.pipe() for _ in range(3)))
        for writer in writers[:2]:
            self.addCleanup(os.close, writer)
        loop = Loop()
        reading = ShownReading(loop, Sink(), list(readers), lambda line: None, lambda: None)
        self.addCleanup(reading.close)
        os.close(writers[2])
        loop.turn()
        self.assertRaises(OSError, os.fstat, readers[2])



class StartsOfAScriptThatShows(unittest.TestCase):
    def test_each_of_them_has_a_reader(self) -> None:
        folder = os.fsencode(tempfile.mkdtemp(prefix="clara-"))
        self.addCleanup(shutil.rmtree, folder)
        outputs = ShownOutputs(Loop(), Sink(), lambda line: None, lambda: None)
        self.addCleanup(outputs.close)
        run = mock.Mock(script=None, show_in=outputs.show_in)
        run.agent.scratch.put.return_value = folder + b"/main.py"
        run.request.environment = {}
        with mock.patch.object(launch, "_start_warm"):
            for _ in range(2):
                outputs.close()
                theirs = outputs.open()
                for fd in theirs:
                    self.addCleanup(os.close, fd)
                launch.launch_python(run, theirs)
        os.close(os.open(folder + b"/shown", os.O_WRONLY | os.O_NONBLOCK))

    def test_where_there_can_be_no_reader_a_script_waits_for_none(self) -> None:
        folder = os.fsencode(tempfile.mkdtemp(prefix="clara-"))
        self.addCleanup(shutil.rmtree, folder)
        outputs = ShownOutputs(Loop(), Sink(), lambda line: None, lambda: None)
        self.addCleanup(outputs.close)
        with mock.patch.object(os, "open", side_effect=OSError(errno.EMFILE, "none is left")):
            outputs.show_in(folder)
        self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
