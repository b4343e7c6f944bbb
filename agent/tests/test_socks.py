"""SOCKS as the proxy speaks it, byte by byte and by a whole agent."""

from __future__ import annotations

import socket
import unittest

from client import codec
from test_proxy import ProxyCase
from clara_agent.network.http_head import BadRequest
from clara_agent.network.socks import Socks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from clara_agent.network.http_head import Request

GREETING = b"\5\1\0"
NAMED = b"\5\1\0\3\x09a.example\x01\xbb"
ESTABLISHED = b"\5\0\0\1\0\0\0\0\0\0"


def converse(data: bytes, size: int) -> tuple[bytes, Request | None, bytes]:
    """(replies, request, what is left) where `size` bytes come at a time."""
    socks, head, replies, request = Socks(), bytearray(), b"", None
    for at in range(0, len(data), size):
        head += data[at : at + size]
        more = b"first"
        while more and not request:
            more, request = socks.take(head)
            replies += more
    return replies, request, bytes(head)


class Conversations(unittest.TestCase):
    def test_a_request_is_the_same_however_its_bytes_arrive(self) -> None:
        password = b"\5\2\1\2" + b"\1\3ada\4word"
        addresses = {NAMED: "a.example", b"\5\1\0\1\x0a\0\0\1\x01\xbb": "10.0.0.1", b"\5\1\0\4" + b"\0" * 15 + b"\1\x01\xbb": "::1"}
        for start, reply in ((GREETING, b"\5\0"), (b"\5\2\2\0", b"\5\0"), (password, b"\5\2\1\0")):
            for request, host in addresses.items():
                for size in 1, 2, 3, 100:
                    replies, found, rest = converse(start + request + b"early", size)
                    assert found
                    self.assertEqual((replies, found.host, found.port, found.is_tunnel), (reply, host, 443, True))
                    self.assertEqual(rest, b"early")

    def test_what_is_incomplete_waits(self) -> None:
        whole = b"\5\1\2" + b"\1\3ada\4word" + NAMED
        for length in range(len(whole)):
            self.assertIsNone(converse(whole[:length], 1)[1])

    def test_what_is_none_is_refused_in_its_own_form(self) -> None:
        cases = {
            b"\4\1": b"\0\x5b\0\0\0\0\0\0",
            b"\5\1\3": b"\5\xff",
            b"\5\0": b"\5\xff",
            b"\5\1\2\5": b"\1\1",
            GREETING + b"\4\1\0\1\0": b"\5\1\0\1\0\0\0\0\0\0",
            GREETING + b"\5\2\0\1\0": b"\5\7\0\1\0\0\0\0\0\0",
            GREETING + b"\5\3\0\1\0": b"\5\7\0\1\0\0\0\0\0\0",
            GREETING + b"\5\1\0\7\0": b"\5\x08\0\1\0\0\0\0\0\0",
            GREETING + b"\5\1\0\3\0\0\1": b"\5\1\0\1\0\0\0\0\0\0",
            GREETING + b"\5\1\0\3\1\xff\0\1": b"\5\1\0\1\0\0\0\0\0\0",
            GREETING + b"\5\1\0\3\1a\0\0": b"\5\1\0\1\0\0\0\0\0\0",
        }
        for data, answer in cases.items():
            socks, head = Socks(), bytearray(data)
            with self.assertRaises(BadRequest, msg=data) as caught:
                while socks.take(head)[0]:
                    pass
            self.assertEqual(socks.refused(caught.exception.status, caught.exception.message), answer, data)


class Programs(ProxyCase):
    def test_a_program_has_its_connection_and_what_it_sent_early_arrives(self) -> None:
        sock = self.program(GREETING + NAMED + b"early")
        answer = self.dialled()
        self.assertEqual(answer.events, [{"op": "dial", "host": "a.example", "port": 443}])
        self.client.send(codec.EVENT, 2, 0, b'{"connected":true}')
        self.client.send(codec.DATA, 2, 1, b"down")
        expected = b"\5\0" + ESTABLISHED + b"down"
        received = b""
        while len(received) < len(expected):
            received += sock.recv(100)
        self.assertEqual(received, expected)
        sock.shutdown(socket.SHUT_WR)
        self.client.wait(lambda: 0 in answer.ended)
        self.assertEqual(bytes(answer.streams[0]), b"early")

    def test_each_refusal_of_the_server_has_its_number(self) -> None:
        cases = {"denied": 2, "unreachable": 4, "timeout": 6, "limit": 1, "invalid": 1}
        for number, (code, reply) in enumerate(cases.items(), 1):
            sock = self.program(GREETING + NAMED)
            self.dialled(2 * number)
            self.client.send(codec.ERROR, 2 * number, 0, b'{"code":"%s","message":"Because."}' % code.encode())
            answer = b""
            while part := sock.recv(100):
                answer += part
            self.assertEqual(answer, b"\5\0\5" + bytes((reply,)) + b"\0\1\0\0\0\0\0\0")


if __name__ == "__main__":
    unittest.main()
