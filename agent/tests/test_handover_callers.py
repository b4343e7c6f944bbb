"""Who calls the agent's socket, which any code of the sandbox can."""

from __future__ import annotations

import array
import errno
import os
import socket
import subprocess
import unittest
from unittest import mock

import client  # noqa: F401 (makes the agent importable)

import bootstrap
from clara_agent.io.loop import Loop
from clara_agent.wire.handover import MAX_WAITING, Handover, Keeper


class Callers(unittest.TestCase):
    def setUp(self) -> None:
        self.loop = Loop()
        self.addCleanup(self.loop._epoll.close)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.listener.close)
        self.listener.bind("\0clara-test-" + os.urandom(8).hex())
        self.taken: list[int] = []
        self.handover = Handover(self.loop, self.listener, "secret", self._take)

    def _take(self, read_fd: int, write_fd: int, keeper: Keeper) -> None:
        self.taken += [read_fd, write_fd]
        for fd in read_fd, write_fd:
            self.addCleanup(os.close, fd)
        self.addCleanup(keeper._line.close)
        if keeper._handle is not None:
            self.addCleanup(os.close, keeper._handle)

    def _call(self) -> socket.socket:
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(caller.close)
        caller.connect(self.listener.getsockname())
        self.loop.turn()
        return caller

    def test_are_no_more_than_some_at_once_and_who_is_right_comes_through(self) -> None:
        callers = [self._call() for _ in range(MAX_WAITING + 50)]
        self.assertEqual(len(self.handover._waiting), MAX_WAITING)
        self.assertEqual(callers[0].recv(1), b"")
        pipe = os.pipe()
        for fd in pipe:
            self.addCleanup(os.close, fd)
        last = self._call()
        last.sendmsg([b'{"secret":"secret"}'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", pipe))])
        while not self.taken:
            self.loop.turn()
        self.assertEqual(last.recv(16), b"taken")

    def test_that_there_is_no_descriptor_for_do_not_keep_the_agent_busy(self) -> None:
        refused: list[bool] = []

        def refuse() -> None:
            refused.append(True)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        with mock.patch.object(self.handover, "_listener", mock.Mock(fileno=self.listener.fileno, _accept=refuse)):
            self._call()
            for _ in range(10):
                self.loop.soon(lambda: None)
                self.loop.turn()
        self.assertEqual(len(refused), 1)
        while not self.handover._waiting:
            self.loop.turn()


class KeepersOfStreams(unittest.TestCase):
    def test_that_have_ended_by_themselves_leave_nothing_open(self) -> None:
        before = os.listdir("/proc/self/fd")
        ours, theirs = socket.socketpair()
        child = subprocess.Popen(["true"])
        keeper = Keeper(child.pid, ours)
        child.wait()
        keeper.end()
        theirs.close()
        self.assertEqual(os.listdir("/proc/self/fd"), before)


class HoldersOfASocket(unittest.TestCase):
    def test_are_found_whatever_names_others_have(self) -> None:
        name = "clara-test-" + os.urandom(8).hex()
        sockets = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        for one, address in zip(sockets, (b"\0clara-\xff\n" + os.urandom(8), b"\0" + name.encode())):
            self.addCleanup(one.close)
            one.bind(address)
        child = subprocess.Popen(["sleep", "1000"], pass_fds=[sockets[1].fileno()])
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertIn(child.pid, list(bootstrap.holders(name)))


if __name__ == "__main__":
    unittest.main()
