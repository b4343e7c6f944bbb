"""What the proxy understands of HTTP."""

from __future__ import annotations

import os
import random
import unittest

import client  # noqa: F401  finds the agent's package
from clara_agent.network.http_head import HEAD_END, BadRequest, ResponseHead, parse_request, refusal, split_authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Requests(unittest.TestCase):
    def test_a_tunnel_has_a_host_and_a_port(self) -> None:
        for target, expected in ((b"a.example:443", ("a.example", 443)), (b"[::1]:8", ("::1", 8)), (b"1.2.3.4:1", ("1.2.3.4", 1))):
            request = parse_request(b"CONNECT %s HTTP/1.1\r\nX: y\r\n\r\n" % target)
            self.assertEqual((request.host, request.port), expected)
            self.assertTrue(request.is_tunnel)

    def test_a_whole_url_becomes_a_path_and_a_host(self) -> None:
        cases = {
            b"http://a.example": (b"/", b"a.example", 80),
            b"http://a.example?q": (b"/?q", b"a.example", 80),
            b"HTTP://user:word@a.example:81/p@q?r": (b"/p@q?r", b"a.example:81", 81),
            b"http://[::1]:82/": (b"/", b"[::1]:82", 82),
        }
        for url, (path, host, port) in cases.items():
            request = parse_request(b"GET %s HTTP/1.1\r\nHost: other\r\nAccept: x\r\n\r\n" % url)
            self.assertEqual(request.head, b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept: x\r\nConnection: close\r\n\r\n" % (path, host))
            self.assertEqual(request.port, port)

    def test_the_length_of_the_body(self) -> None:
        def left(fields: Any) -> int | None:
            return parse_request(b"POST http://a/ HTTP/1.1\r\n" + fields + b"\r\n\r\n").body_left

        self.assertEqual(left(b"A: b"), 0)
        self.assertEqual(left(b"Content-Length: 12"), 12)
        self.assertIsNone(left(b"Transfer-Encoding: chunked"))
        # A Connection field cannot take away what frames the body.
        self.assertEqual(left(b"Connection: content-length\r\nContent-Length: 3"), 3)
        request = parse_request(b"POST http://a/ HTTP/1.1\r\nConnection: content-length\r\nContent-Length: 3\r\n\r\n")
        self.assertIn(b"Content-Length: 3", request.head)

    def test_what_is_malformed_is_refused_and_nothing_else_happens(self) -> None:
        chance = random.Random(7)
        pieces = [b"GET", b"CONNECT", b" ", b"http://", b"a", b":", b"[", b"]", b"@", b"/", b"\r\n", b"\n", b"\0", b"HTTP/1.1", b"Content-Length: ", b"9", b"\xff"]
        for _ in range(20000):
            head = b"".join(chance.choices(pieces, k=chance.randint(0, 14))) + HEAD_END
            try:
                request = parse_request(head)
            except BadRequest as bad:
                self.assertIn(bad.status, (400, 501))
            else:
                self.assertTrue(request.host and 0 < request.port < 65536)
                self.assertNotIn(b"\0", request.head)

    def test_a_host_may_be_anything_but_empty_long_or_not_ascii(self) -> None:
        for text in (b"", b":80", b"[]:80", b"[::1", b"[::1]80", b"a:", b"a:0", b"a:65536", b"a:+1", b"a" * 600 + b":1", b"\xff:1"):
            with self.assertRaises(BadRequest, msg=text):
                split_authority(text, None)


class Responses(unittest.TestCase):
    def both(self, data: Any) -> bytes:
        """The response whole, and cut in two at each place."""
        whole = self.through([data])
        for at in range(len(data)):
            self.assertEqual(self.through([data[:at], data[at:]]), whole)
        return whole

    def through(self, parts: Any) -> bytes:
        head = ResponseHead()
        return b"".join(head.feed(part) for part in parts) + head.rest()

    def test_the_program_hears_that_the_connection_ends(self) -> None:
        answer = self.both(b"HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nConnection: keep-alive\r\nA: b\r\n\r\nbody\r\n\r\nConnection: x")
        self.assertEqual(answer, b"HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\nbody\r\n\r\nConnection: x")

    def test_an_interim_response_passes_as_it_is(self) -> None:
        answer = self.both(b"HTTP/1.1 100 Continue\r\nConnection: a\r\n\r\nHTTP/1.1 204 No\r\n\r\n")
        self.assertEqual(answer, b"HTTP/1.1 100 Continue\r\nConnection: a\r\n\r\nHTTP/1.1 204 No\r\nConnection: close\r\n\r\n")

    def test_what_is_not_http_or_has_no_end_passes_as_it_is(self) -> None:
        for data in (b"SSH-2.0\r\n\r\n", b"", b"HTTP/1.1 200 O", b"HTTP/1.1 " + os.urandom(70000).replace(b"\r", b"")):
            self.assertEqual(self.through([data[:5], data[5:]]), data)

    def test_a_reason_cannot_break_the_head(self) -> None:
        text = refusal(403, "a\r\nSet-Cookie: x\u2028" + "y" * 1000)
        self.assertEqual(text.count(b"\r\n\r\n"), 1)
        self.assertNotIn(b"\r\nSet-Cookie", text)


if __name__ == "__main__":
    unittest.main()
