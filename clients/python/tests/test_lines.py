"""How text that comes in pieces is read as lines; needs no server."""

from __future__ import annotations

import unittest
from typing import List
from unittest import mock

import httpx
from sandbox_client import Event, SyncClaraClient
from sandbox_client._wire import LineReader


def lines_of(*pieces: str) -> List[str]:
    """All lines of a text in pieces."""
    reader = LineReader()
    return [line for piece in pieces for line in reader.read(piece)] + reader.end()


class Lines(unittest.TestCase):
    """Of an answer."""

    def test_end_at_line_feeds_and_carriage_returns_wherever_the_pieces_end(self) -> None:
        """One end for the two together."""
        for text, lines in (
            ("a\nb\n", ["a", "b"]),
            ("a\r\nb", ["a", "b"]),
            ("a\rb\r", ["a", "b"]),
            ("\n\nc", ["", "", "c"]),
            ("a\r\r\nb", ["a", "", "b"]),
            ("", []),
        ):
            for at in range(len(text) + 1):
                with self.subTest(text=text, at=at):
                    self.assertEqual(lines_of(text[:at], text[at:]), lines)
            self.assertEqual(lines_of(*text), lines)

    def test_end_at_nothing_else(self) -> None:
        """Where str.splitlines and newer versions of httpx end lines."""
        text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"
        self.assertEqual(lines_of(text[:3], text[3:] + "\n"), [text])

    def test_hold_the_events_of_a_stream(self) -> None:
        """Whatever a program writes."""
        body = '{"id":1,"event":"stdout","text":"a\u2028b\x85"}\n{"event":"ping"}\n{"id":2,"event":"exit"}\n'
        answer = httpx.Response(200, text=body, request=httpx.Request("POST", "http://localhost"))
        with mock.patch.object(httpx.Client, "send", return_value=answer), SyncClaraClient("http://localhost", "key") as client:
            events = list(client.sandbox("u").stream_shell("x"))
        self.assertEqual(events, [Event(1, "stdout", {"text": "a\u2028b\x85"}), Event(2, "exit", {})])


if __name__ == "__main__":
    unittest.main()
