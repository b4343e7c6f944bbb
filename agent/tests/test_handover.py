"""Start, hand-over and replacement of an agent."""

from __future__ import annotations

import os
import signal
import unittest

from client import Closed
from sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Client


class Handover(unittest.TestCase):
    def setUp(self) -> None:
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        self.client = self.sandbox.start()

    def read_to_end(self, client: Client) -> None:
        with self.assertRaises(Closed):
            client.wait(lambda: False)

    def test_the_first_stream_starts_an_agent(self) -> None:
        hello = self.client.hello
        self.assertEqual((hello["protocol"], hello["hash"], hello["resumed"]), (1, "h", False))
        os.kill(hello["pid"], 0)

    def test_a_later_stream_reaches_the_same_agent(self) -> None:
        second = self.sandbox.start()
        self.assertEqual((second.hello["pid"], second.hello["boot"], second.hello["resumed"]), (self.client.hello["pid"], self.client.hello["boot"], True))
        self.read_to_end(self.client)

    def test_the_keeper_of_a_stream_ends_with_it(self) -> None:
        self.sandbox.start()
        self.assertEqual(self.sandbox.keepers[0].wait(10), -9)
        self.assertIsNone(self.sandbox.keepers[1].poll())

    def test_the_agent_outlives_its_stream(self) -> None:
        os.close(self.client.write_fd)
        self.client.write_fd = os.dup(self.client.read_fd)
        self.read_to_end(self.client)
        self.assertEqual(self.sandbox.keepers[0].wait(10), -9)
        self.assertTrue(self.sandbox.start().hello["resumed"])

    def test_a_wrong_secret_is_turned_away(self) -> None:
        stranger = self.sandbox.connect(secret="guess")
        self.read_to_end(stranger)
        self.assertEqual(self.sandbox.keepers[-1].wait(10), 1)
        self.assertEqual(self.client.run("shell", "echo on").out, b"on\n")

    def test_a_stopped_agent_is_replaced(self) -> None:
        pid = self.client.hello["pid"]
        os.kill(pid, signal.SIGSTOP)
        second = self.sandbox.start(replace=True)
        self.assertFalse(second.hello["resumed"])
        self.assertNotEqual(second.hello["pid"], pid)
        self.assertEqual(second.run("python", "print(1)").out, b"1\n")

    def test_a_killed_agent_ends_its_stream_and_another_starts(self) -> None:
        os.kill(self.client.hello["pid"], 9)
        self.read_to_end(self.client)
        self.assertEqual(self.sandbox.start().run("shell", "echo on").out, b"on\n")

    def test_a_killed_agent_takes_the_keepers_of_its_streams_along(self) -> None:
        second = self.sandbox.start()
        os.kill(second.hello["pid"], 9)
        self.assertEqual(self.sandbox.keepers[1].wait(10), 0)
        self.client = self.sandbox.start()
        os.kill(self.client.hello["pid"], 9)
        self.assertEqual(self.sandbox.keepers[2].wait(10), 0)

    def test_replace_without_an_agent_starts_one(self) -> None:
        other = Sandbox()
        self.addCleanup(other.close)
        self.assertFalse(other.start(replace=True).hello["resumed"])

    def test_a_stream_that_was_given_up_takes_no_agent_from_another(self) -> None:
        pid = self.client.hello["pid"]
        os.kill(pid, signal.SIGSTOP)
        given_up = self.sandbox.connect()
        os.close(given_up.write_fd)
        given_up.write_fd = os.dup(given_up.read_fd)
        os.kill(pid, signal.SIGCONT)
        self.sandbox.keepers[1].wait(10)
        self.assertEqual(self.client.run("shell", "echo on").out, b"on\n")

    def test_many_streams_at_once_find_one_agent(self) -> None:
        other = Sandbox()
        self.addCleanup(other.close)
        clients = [other.connect() for _ in range(5)]
        pids = set()
        for client in clients:
            try:
                pids.add(client.greet()["pid"])
            except Closed:
                pass
        self.assertEqual(len(pids), 1)

    def test_the_secret_is_in_no_environment(self) -> None:
        secret = self.sandbox.header["secret"]
        self.assertNotIn(secret.encode(), self.client.run("shell", "env").out)
        self.assertNotIn(secret.encode(), self.client.run("python", "import os; print(os.environ)").out)
        with open("/proc/%d/cmdline" % self.client.hello["pid"]) as file:
            self.assertNotIn(secret, file.read())

    def test_a_header_may_hold_an_environment_of_any_size(self) -> None:
        other = Sandbox(env={"LARGE": "x" * 120000})
        self.addCleanup(other.close)
        client = other.start()
        self.assertEqual(client.run("shell", "echo ${#LARGE}").out, b"120000\n")
        self.assertTrue(other.start().hello["resumed"])

    def test_a_truncated_source_ends_the_bootstrap(self) -> None:
        other = Sandbox()
        self.addCleanup(other.close)
        client = other.connect(source=10**9)
        os.close(client.write_fd)
        client.write_fd = os.dup(client.read_fd)
        self.read_to_end(client)
        self.assertEqual(other.keepers[0].wait(10), 1)


if __name__ == "__main__":
    unittest.main()
