"""What an agent does that has no descriptor left: the call that needs one fails, and the agent and all others go on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import unittest
from unittest import mock

from case import AgentCase
from clara_agent.io import loop as loops
from clara_agent.io import tree
from clara_agent.network import proxy
from clara_agent.watching import folder_tree
from clara_agent.watching.changed_tree import ChangedTree
from clara_agent.watching.recording import Recording
from clara_agent.watching.watches import Watches
from clara_agent.wire import codec

MOST_DESCRIPTORS = 64


class WithoutDescriptors(AgentCase):
    @classmethod
    def setUpClass(cls) -> None:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, before[1]))
        try:
            super().setUpClass()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    def _use_up(self) -> list[int]:
        """Reads a file that is longer than what is taken of it, as often as it can be opened."""
        with open(self.sandbox.path("long"), "wb") as file:
            file.truncate(1 << 20)
        self.client.gives_credit = False
        opened: list[int] = []
        while True:
            number = self.client.open("read", path="long")
            answer = self.client.answers[number]
            self.client.wait(lambda: answer.events or answer.is_over)
            if answer.is_over:
                self.assertEqual(answer.error["code"], "limit")
                return opened
            opened.append(number)

    def _let_go(self, opened: list[int]) -> None:
        self.client.gives_credit = True
        for number in opened:
            self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: all(self.client.answers[number].is_over for number in opened))

    def test_a_run_ends_at_its_time(self) -> None:
        number = self.client.open("run", program="argv", argv=["sleep", "100"], timeoutMs=1500)
        opened = self._use_up()
        self.assertTrue(self.client.finish(number).result["timedOut"])
        self._let_go(opened)
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def test_a_tunnel_fails_alone(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            opened = self._use_up()
            # One for its socket, and none for what writes to that.
            self._let_go([opened.pop()])
            self.client.gives_credit = False
            self.assert_fails("limit", "tunnel", port=listener.getsockname()[1])
            self._let_go(opened)
        self.assertEqual(self.shell("echo on").out, b"on\n")


class AProxyWithoutDescriptors(unittest.TestCase):
    def test_listens_once_there_is_one(self) -> None:
        loop = loops.Loop()
        self.addCleanup(loop._epoll.close)
        refusals = [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]

        def make(*arguments: int, **options: int) -> socket.socket:
            if refusals:
                raise refusals.pop()
            return socket.socket(*arguments, **options)

        with mock.patch.object(proxy, "socket", make):
            made = proxy.Proxy(mock.Mock(loop=loop), 0)
            self.assertIsNone(made._listener)
            while not made._listener:
                loop.turn()
        made._listener.close()


class AFolderThatCannotBeKeptInMind(unittest.TestCase):
    def _look(self, names: int) -> tuple[ChangedTree, Recording]:
        loop = loops.Loop()
        self.addCleanup(loop._epoll.close)
        folder = tempfile.mkdtemp(prefix="clara-")
        self.addCleanup(shutil.rmtree, folder)
        for number in range(names):
            os.mknod(os.path.join(folder, "name %04d" % number))
        watched = ChangedTree(Watches(loop), os.fsencode(folder), [])
        watched.begin()
        recording = Recording()
        watched.recordings.add(recording)
        watched.work(1)
        return watched, recording

    def _assert_lost(self, watched: ChangedTree, recording: Recording) -> None:
        self.assertTrue(recording.is_lost)
        self.assertEqual(getattr(watched.failure, "code", None), "limit")

    def test_as_there_is_no_descriptor(self) -> None:
        with mock.patch.object(os, "scandir", side_effect=OSError(errno.ENFILE, os.strerror(errno.ENFILE))):
            self._assert_lost(*self._look(0))

    def test_as_its_names_are_too_many(self) -> None:
        with mock.patch.object(folder_tree, "MAX_NAME_BYTES", 900):
            watched, recording = self._look(100)
            self.assertTrue(watched.is_whole and not recording.is_lost)
            watched.close()
            self._assert_lost(*self._look(101))


class ATreeThatNobodyCanLookAt(unittest.TestCase):
    def setUp(self) -> None:
        self.loop = loops.Loop()
        self.addCleanup(self.loop._epoll.close)
        self.process = subprocess.Popen(["sh", "-c", "sleep 100 & wait"], start_new_session=True)
        self.addCleanup(self.process.wait)
        self.addCleanup(tree.signal_group, self.process.pid, 9)

    def _kill_without(self, call: str, times: int) -> None:
        """Kills it where a call of the system fails so many times."""
        real, left = getattr(os, call), [times]

        def fail(path: str, *arguments: int) -> object:
            if str(path).startswith("/proc") and left[0]:
                left[0] -= 1
                raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))
            return real(path, *arguments)

        gone: list[bool] = []
        with mock.patch.object(tree.os, call, fail), mock.patch.object(tree, "is_contained", lambda: False):
            tree.TreeKill(self.loop, [self.process.pid], lambda: gone.append(True))
            while not gone:
                self.loop.turn()
        self.assertEqual(self.process.wait(), -9)

    def test_is_looked_at_again(self) -> None:
        self._kill_without("listdir", 3)

    def test_is_looked_at_again_where_what_is_seen_cannot_be_read(self) -> None:
        self._kill_without("open", 3)

    def test_ends_with_its_group_where_nobody_ever_can(self) -> None:
        with mock.patch.object(tree, "GIVE_UP_SECONDS", 0.2):
            self._kill_without("listdir", 1 << 30)


if __name__ == "__main__":
    unittest.main()
