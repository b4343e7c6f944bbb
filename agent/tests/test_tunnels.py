"""Tunnels to what listens inside the sandbox."""

from __future__ import annotations

import os
import socket
import unittest

from case import AgentCase
from client import CallFailed
from clara_agent.network.tunnel import has_met_itself
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer


class Tunnels(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]

    def connect(self, host: str = "127.0.0.1") -> tuple[int, Answer, socket.socket]:
        number = self.client.open("tunnel", host=host, port=self.port)
        peer, _ = self.listener.accept()
        peer.settimeout(10)
        self.addCleanup(peer.close)
        answer = self.client.answers[number]
        self.client.wait(lambda: answer.events)
        self.assertEqual(answer.events, [{"connected": True}])
        return number, answer, peer

    def test_bytes_flow_both_ways_and_each_way_has_its_end(self) -> None:
        for host in "127.0.0.1", "localhost":
            number, answer, peer = self.connect(host)
            self.client.put(number, b"question")
            self.assertEqual(peer.recv(100), b"question")
            self.client.send(codec.END, number)
            self.assertEqual(peer.recv(100), b"")
            peer.sendall(b"answer")
            peer.close()
            self.client.finish(number)
            self.assertEqual((answer.out, answer.ended, answer.result), (b"answer", {1}, {}))

    def test_bytes_that_come_before_the_connection_are_kept(self) -> None:
        number = self.client.open("tunnel", b"early", host="127.0.0.1", port=self.port)
        peer, _ = self.listener.accept()
        with peer:
            self.assertEqual((peer.recv(100), peer.recv(100)), (b"early", b""))
        self.client.finish(number)

    def test_much_flows_both_ways(self) -> None:
        import threading

        number, answer, peer = self.connect()
        body = os.urandom(1000) * 5000
        got = bytearray()

        def echo() -> None:
            while True:
                data = peer.recv(65536)
                if not data:
                    break
                got.extend(data)
            peer.sendall(got)
            peer.close()

        thread = threading.Thread(target=echo)
        thread.start()
        self.client.put(number, body)
        self.client.send(codec.END, number)
        self.client.finish(number)
        thread.join()
        self.assertTrue(bytes(got) == body == answer.out)

    def test_cancel_closes_the_connection(self) -> None:
        number, answer, peer = self.connect()
        self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: answer.is_over)
        self.assertEqual((answer.error["code"], peer.recv(1)), ("cancelled", b""))

    def test_the_end_of_the_stream_closes_the_connection(self) -> None:
        _, _, peer = self.connect()
        type(self).client = self.sandbox.start()
        self.assertEqual(peer.recv(1), b"")

    def test_a_port_without_a_listener_is_not_found(self) -> None:
        self.listener.close()
        for host in "127.0.0.1", "localhost", "::1":
            with self.assertRaises(CallFailed) as caught:
                self.client.call("tunnel", host=host, port=self.port)
            self.assertEqual(caught.exception.code, "not_found")

    def test_a_socket_that_has_met_itself_is_known(self) -> None:
        with socket.socket() as alone:
            alone.bind(("127.0.0.1", 0))
            alone.connect(alone.getsockname())
            self.assertTrue(has_met_itself(alone))
        with socket.create_connection(self.listener.getsockname()) as one:
            self.assertFalse(has_met_itself(one))
        with socket.socket() as unconnected:
            self.assertFalse(has_met_itself(unconnected))

    def test_other_places_than_the_loopback_are_invalid(self) -> None:
        for host in "0.0.0.0", "::", "127.0.0.2", "::ffff:127.0.0.1", "169.254.169.254", "LOCALHOST", "", "127.1":
            self.assert_fails("invalid", "tunnel", host=host, port=self.port)

    def test_wrong_places_are_invalid(self) -> None:
        self.assert_fails("invalid", "tunnel", host="example.org", port=80)
        self.assert_fails("invalid", "tunnel", host="127.0.0.1", port=70000)
        self.assert_fails("invalid", "tunnel", host="127.0.0.1", port="80")
        self.assert_fails("invalid", "tunnel", host="127.0.0.1")


if __name__ == "__main__":
    unittest.main()
