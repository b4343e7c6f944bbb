"""The operation socket."""

from __future__ import annotations

import os
import socket

from case import AgentCase
from client import Client, Closed

TOKEN = bytes(range(32))


class SocketTransport(AgentCase):
    def listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.sandbox.path("socket"))
        self.addCleanup(os.unlink, self.sandbox.path("socket"))
        listener.listen(1)
        return listener

    def move(self) -> tuple[Client, socket.socket]:
        """The agent's client on a socket, after the agent has moved there."""
        listener = self.listen()
        self.client.call("socket", path=self.sandbox.path("socket"), token=TOKEN.hex())
        ours, _ = listener.accept()
        self.assertEqual(ours.recv(32), TOKEN)
        ours.setblocking(True)
        return Client(ours.fileno(), os.dup(ours.fileno())), ours

    def test_the_agent_moves_and_ends_the_stream_that_it_came_by(self) -> None:
        before = self.sandbox.clients[-1]
        moved, ours = self.move()
        self.addCleanup(ours.close)
        self.assertTrue(moved.greet()["resumed"])
        with self.assertRaises(Closed):
            before.wait(lambda: False)
        self.assertEqual(moved.run("shell", "echo moved").out, b"moved\n")

    def test_it_takes_the_next_stream_when_the_socket_ends(self) -> None:
        moved, ours = self.move()
        moved.greet()
        os.close(moved.write_fd)
        ours.close()
        type(self).client = self.sandbox.start()
        self.assertEqual(self.shell("echo back").out, b"back\n")

    def test_where_nobody_listens_it_stays(self) -> None:
        self.assert_fails("unsupported", "socket", path=self.sandbox.path("absent"), token=TOKEN.hex())
        self.write_file("plain")
        self.assert_fails("unsupported", "socket", path=self.sandbox.path("plain"), token=TOKEN.hex())
        self.assertEqual(self.shell("echo here").out, b"here\n")

    def test_wrong_parameters_are_refused(self) -> None:
        self.assert_fails("invalid", "socket", path="/x", token="zz")
        self.assert_fails("invalid", "socket", path="/x")
