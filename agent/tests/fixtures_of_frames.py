"""Writes test/fixtures/frames.json, the byte fixtures that both codecs are tested with: `python3 agent/tests/fixtures_of_frames.py`."""

from __future__ import annotations

import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "test", "fixtures", "frames.json")


def frame(kind: int, channel: int, stream: int = 0, payload: Any = b"") -> bytes:
    """A frame by the book, made without the codec that it tests."""
    return struct.pack(">IIBB", len(payload), channel, kind, stream) + payload


GOOD = [
    ("hello", 1, 0, 0, b'{"protocol":1,"hash":"abc","pid":7,"boot":"00ff","python":"3.11.2","resumed":false}'),
    ("open run", 2, 1, 0, b'{"op":"run","program":"python","timeoutMs":1000}'),
    ("open with a name that is not UTF-8", 2, 3, 0, b'{"op":"stat","path":"caf\\udce9"}'),
    ("open of the agent's own", 2, 2, 0, b'{"op":"dial","host":"example.org","port":443}'),
    ("data on stdin", 3, 1, 0, b"print(1)\n"),
    ("data on stdout", 3, 1, 1, "\u00e9\u4f60\U0001f600".encode()),
    ("data on stderr", 3, 1, 2, bytes(range(256))),
    ("data of one byte", 3, 4294967295, 1, b"\0"),
    ("end", 4, 1, 0, b""),
    ("end of stdout", 4, 1, 1, b""),
    ("credit", 5, 1, 0, struct.pack(">I", 65536)),
    ("credit of everything", 5, 9, 0, struct.pack(">I", 4294967295)),
    ("event", 6, 5, 0, b'{"connected":true}'),
    ("result", 7, 1, 0, b'{"exitCode":0,"signal":null,"stdout":{"bytes":2,"omitted":0}}'),
    ("error", 8, 3, 0, b'{"code":"not_found","message":"There is no such file or folder."}'),
    ("cancel", 9, 1, 0, b""),
    ("ping", 10, 0, 0, b"\0\1\2\3\4\5\6\7"),
    ("pong", 11, 0, 0, b"\xff" * 8),
]

BAD = [
    ("type 0", struct.pack(">IIBB", 0, 1, 0, 0)),
    ("type 12", struct.pack(">IIBB", 0, 1, 12, 0)),
    ("type 255", struct.pack(">IIBB", 4, 1, 255, 0)),
    ("four gigabytes of data announced", struct.pack(">IIBB", 4294967295, 1, 3, 1)),
    ("data one byte too long", struct.pack(">IIBB", 65537, 1, 3, 1)),
    ("data without bytes", struct.pack(">IIBB", 0, 1, 3, 1)),
    ("JSON one byte too long", struct.pack(">IIBB", 1048577, 1, 2, 0)),
    ("end with a payload", struct.pack(">IIBB", 1, 1, 4, 0)),
    ("credit of three bytes", struct.pack(">IIBB", 3, 1, 5, 0)),
    ("credit of five bytes", struct.pack(">IIBB", 5, 1, 5, 0)),
    ("cancel with a payload", struct.pack(">IIBB", 1, 1, 9, 0)),
    ("ping of seven bytes", struct.pack(">IIBB", 7, 0, 10, 0)),
    ("pong of nine bytes", struct.pack(">IIBB", 9, 0, 11, 0)),
]


def fixtures() -> list[dict[str, Any]]:
    """The list that the file holds."""
    found = [
        {"name": name, "type": kind, "channel": channel, "stream": stream, "payloadHex": payload.hex(), "hex": frame(kind, channel, stream, payload).hex()}
        for name, kind, channel, stream, payload in GOOD
    ]
    return found + [{"name": name, "hex": data.hex(), "error": True} for name, data in BAD]


if __name__ == "__main__":
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump(fixtures(), file, indent=1)
        file.write("\n")
