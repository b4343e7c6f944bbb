"""The codec against the byte fixtures that both sides share."""

from __future__ import annotations

import json
import os
import unittest

from client import ROOT, codec
from fixtures_of_frames import PATH, fixtures

from clara_agent.wire.errors import Violation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

with open(PATH, encoding="utf-8") as file:
    FRAMES = json.load(file)
GOOD = [frame for frame in FRAMES if not frame.get("error")]
BAD = [frame for frame in FRAMES if frame.get("error")]


def expected(frame: Any) -> tuple[int, int, int, bytes]:
    return frame["type"], frame["channel"], frame["stream"], bytes.fromhex(frame["payloadHex"])


class Codec(unittest.TestCase):
    def test_the_fixtures_are_what_their_script_writes(self) -> None:
        self.assertEqual(FRAMES, fixtures())
        self.assertTrue(os.path.isdir(ROOT))

    def test_encodes_every_fixture(self) -> None:
        for frame in GOOD:
            self.assertEqual(codec.encode(*expected(frame)).hex(), frame["hex"], frame["name"])

    def test_decodes_every_fixture_split_at_every_boundary(self) -> None:
        for frame in GOOD:
            data = bytes.fromhex(frame["hex"])
            for at in range(len(data) + 1):
                decoder = codec.Decoder()
                self.assertEqual(decoder.feed(data[:at]) + decoder.feed(data[at:]), [expected(frame)], (frame["name"], at))

    def test_decodes_a_stream_in_chunks_of_every_size(self) -> None:
        data = b"".join(bytes.fromhex(frame["hex"]) for frame in GOOD)
        for size in list(range(1, 40)) + [len(data)]:
            decoder = codec.Decoder()
            found = []
            for at in range(0, len(data), size):
                found += decoder.feed(data[at : at + size])
            self.assertEqual(found, [expected(frame) for frame in GOOD])

    def test_refuses_every_malformed_header_at_once(self) -> None:
        for frame in BAD:
            data = bytes.fromhex(frame["hex"])
            decoder = codec.Decoder()
            decoder.feed(data[:-1])
            with self.assertRaises(Violation, msg=frame["name"]):
                decoder.feed(data[-1:])

    def test_refuses_a_stream_that_does_not_exist(self) -> None:
        with self.assertRaises(Violation):
            codec.Decoder().feed(codec.encode(codec.DATA, 1, 3, b"x"))

    def test_grows_for_a_large_frame_and_shrinks_again(self) -> None:
        large = codec.encode(codec.OPEN, 1, 0, b"x" * codec.MAX_JSON)
        small = codec.encode(codec.END, 1)
        decoder = codec.Decoder()
        frames = decoder.feed(large[:400000]) + decoder.feed(large[400000:] + small)
        self.assertEqual([len(payload) for _, _, _, payload in frames], [codec.MAX_JSON, 0])
        self.assertEqual(len(decoder.space()), codec.BUFFER_SIZE)


if __name__ == "__main__":
    unittest.main()
