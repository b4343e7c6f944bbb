"""The proxy of a whole agent, with a test as its server."""

from __future__ import annotations

import json
import socket
import unittest

from client import codec
from sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ProxyCase(unittest.TestCase):
    """An agent with a proxy, and programs that ask it."""

    def setUp(self) -> None:
        self.port = free_port()
        self.sandbox = Sandbox(proxy={"port": self.port})
        self.addCleanup(self.sandbox.close)
        self.client = self.sandbox.start()

    def program(self, request: bytes = b"CONNECT a.example:443 HTTP/1.1\r\n\r\n") -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), 20)
        self.addCleanup(sock.close)
        sock.sendall(request)
        return sock

    def dialled(self, number: int = 2) -> Answer:
        self.client.wait(lambda: number in self.client.answers)
        return self.client.answers[number]


class Proxy(ProxyCase):
    def connected(self) -> socket.socket:
        sock = self.program()
        self.dialled()
        self.client.send(codec.EVENT, 2, 0, b'{"connected":true}')
        self.assertEqual(sock.recv(100), b"HTTP/1.1 200 Connection established\r\n\r\n")
        return sock

    def test_a_program_asks_and_the_server_hears_where_to(self) -> None:
        self.program()
        self.assertEqual(self.dialled().events, [{"op": "dial", "host": "a.example", "port": 443}])

    def test_bytes_go_both_ways_and_each_way_ends_by_itself(self) -> None:
        sock = self.connected()
        sock.sendall(b"up")
        sock.shutdown(socket.SHUT_WR)
        answer = self.client.answers[2]
        self.client.wait(lambda: 0 in answer.ended)
        self.assertEqual(bytes(answer.streams[0]), b"up")
        self.client.send(codec.DATA, 2, 1, b"down")
        self.client.send(codec.END, 2, 1)
        self.assertEqual(sock.recv(100), b"down")
        self.assertEqual(sock.recv(100), b"")
        self.client.send(codec.RESULT, 2, 0, b"{}")
        self.assertEqual(self.client.run("shell", "echo still there").out, b"still there\n")

    def test_a_program_that_reads_nothing_gets_no_more_than_the_credit_and_stalls_nobody(self) -> None:
        self.connected()
        self.client.gives_credit = False
        for _ in range(4):
            self.client.send(codec.DATA, 2, 1, b"x" * 65536)
        self.assertEqual(self.client.run("shell", "echo still there").out, b"still there\n")

    def test_a_program_that_goes_away_ends_the_connection(self) -> None:
        sock = self.connected()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
        cancelled = []
        receive = self.client.receive

        def watch(kind: int, number: int, stream: int, payload: Any) -> None:
            if kind == codec.CANCEL:
                cancelled.append(number)
            else:
                receive(kind, number, stream, payload)

        self.client.receive = watch
        self.client.wait(lambda: cancelled)
        self.assertEqual(cancelled, [2])

    def test_each_refusal_has_its_status_and_its_sentence(self) -> None:
        cases = {"denied": 403, "unreachable": 502, "timeout": 504, "limit": 503, "invalid": 400, "of tomorrow": 502}
        for number, (code, status) in enumerate(cases.items(), 1):
            sock = self.program()
            self.dialled(2 * number)
            self.client.send(codec.ERROR, 2 * number, 0, json.dumps({"code": code, "message": "Because."}).encode())
            answer = b""
            while part := sock.recv(1000):
                answer += part
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d Because.\r\n" % status), answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nBecause.\n"), answer)

    def test_a_connection_that_ends_before_the_host_has_answered_has_a_status_too(self) -> None:
        for number, (code, status) in enumerate([(b"timeout", b"504"), (b"unreachable", b"502"), (b"limit", b"503")]):
            sock = self.program(b"POST http://a.example/ HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
            channel = 2 * number + 2
            self.dialled(channel)
            self.client.send(codec.EVENT, channel, 0, b'{"connected":true}')
            self.client.send(codec.ERROR, channel, 0, b'{"code":"%s","message":"It is silent."}' % code)
            sock.sendall(b"more")
            answer = b""
            while not answer.endswith(b"silent.\n"):
                answer += sock.recv(1000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 %s It is silent." % status), answer)

    def test_one_that_ends_after_that_is_just_closed(self) -> None:
        sock = self.program(b"GET http://a.example/ HTTP/1.1\r\n\r\n")
        self.dialled()
        self.client.send(codec.EVENT, 2, 0, b'{"connected":true}')
        self.client.send(codec.DATA, 2, 1, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        self.client.send(codec.ERROR, 2, 0, b'{"code":"timeout","message":"It is silent."}')
        answer = b""
        while part := sock.recv(1000):
            answer += part
        self.assertTrue(answer.endswith(b"\r\n\r\nhalf"), answer)

    def test_more_programs_than_it_takes_wait_and_then_come_in(self) -> None:
        waiting = [self.program(b"") for _ in range(130)]
        for sock in waiting[:128]:
            sock.close()
        for sock in waiting[128:]:
            sock.sendall(b"CONNECT a.example:1 HTTP/1.1\r\n\r\n")
        self.dialled(4)

    def test_a_port_that_is_taken_is_taken_over_when_it_is_free(self) -> None:
        port = free_port()
        squatter = socket.socket()
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        other = Sandbox(proxy={"port": port})
        self.addCleanup(other.close)
        client = other.start()
        self.assertEqual(client.run("shell", "echo works").out, b"works\n")
        squatter.close()
        code = "import socket\nwhile socket.socket().connect_ex(('127.0.0.1', %d)): pass\nprint('there')" % port
        self.assertEqual(client.run("python", code).out, b"there\n")

    def test_when_the_server_goes_programs_are_told_by_the_end(self) -> None:
        sock = self.connected()
        self.sandbox.start()
        self.assertEqual(sock.recv(100), b"")


if __name__ == "__main__":
    unittest.main()
