"""What is there to be read without waiting."""

from __future__ import annotations

import errno
import os
import pty
import tempfile
import unittest
from unittest import mock

import client  # noqa: F401 (makes the agent importable)

from clara_agent.io.waiting import TERMINAL_BYTES, waiting_in


class WaitingTest(unittest.TestCase):
    def test_a_pipe_has_what_was_written_and_not_read(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        self.assertEqual(waiting_in(reader), 0)
        os.write(writer, b"12345")
        os.read(reader, 2)
        self.assertEqual(waiting_in(reader), 3)

    def test_a_file_has_what_is_left_of_it_on_kernels_that_cannot_be_asked_too(self) -> None:
        with tempfile.TemporaryFile() as file, mock.patch("clara_agent.io.waiting.ioctl", side_effect=OSError(errno.ENOTTY, "")):
            file.write(b"12345")
            file.flush()
            file.seek(2)
            self.assertEqual(waiting_in(file.fileno()), 3)
            file.seek(9)
            self.assertEqual(waiting_in(file.fileno()), 0)

    def test_a_terminal_may_have_the_most_that_it_holds(self) -> None:
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.assertEqual(waiting_in(master), TERMINAL_BYTES)


if __name__ == "__main__":
    unittest.main()
