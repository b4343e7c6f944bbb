"""A compact server's end of the protocol, blocking, for tests and measurements."""

from __future__ import annotations

import json
import os
import select
import sys
import time
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
from clara_agent.wire import codec

DEADLINE_SECONDS = 30


def bundle() -> bytes:
    """The agent's source as the server sends it."""
    folder = os.path.join(ROOT, "clara_agent")
    sources = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            below = os.path.relpath(path, folder)
            if name.endswith((".py", ".cjs")) and name != "__init__.py":
                with open(path, encoding="utf-8") as file:
                    sources[below[:-3].replace(os.sep, ".") if name.endswith(".py") else below] = file.read()
    return zlib.compress(json.dumps(sources).encode())


def bootstrap() -> str:
    """The bootstrap's source."""
    with open(os.path.join(ROOT, "bootstrap.py"), encoding="utf-8") as file:
        return file.read()


def preamble(header: Any) -> bytes:
    """Header line and source, as they go over stdin."""
    source = bundle()
    text = json.dumps(dict({"protocol": 1, "hash": "h", "replace": False, "source": len(source)}, **header)).encode()
    return b"%d\n%s%s" % (len(text), text, source)


class CallFailed(Exception):
    """An ERROR frame."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__("%s: %s" % (value["code"], value["message"]))
        self.code = value["code"]
        self.message = value["message"]


class Closed(Exception):
    """The stream has ended."""


class Answer:
    """What came on one channel."""

    def __init__(self) -> None:
        self.streams = {0: bytearray(), 1: bytearray(), 2: bytearray()}
        self.events: list[dict[str, Any]] = []
        # None until they have come; their shape is what the tests are about.
        self.result: Any = None
        self.error: Any = None
        self.credit = codec_window()
        self.ended: set[int] = set()
        self.is_over = False

    @property
    def out(self) -> bytes:
        return bytes(self.streams[1])

    @property
    def err(self) -> bytes:
        return bytes(self.streams[2])


def codec_window() -> int:
    return 262144


class Client:
    """Speaks over two descriptors; `gives_credit` may be turned off to play a slow reader."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.decoder = codec.Decoder()
        self.next = 1
        self.answers: dict[int, Answer] = {}
        self.gives_credit = True
        self.keeps_data = True
        self.hello: Any = None
        self.pongs: list[bytes] = []
        self.is_closed = False
        # What carries it, where that is another process.
        self.exec: subprocess.Popen[bytes] | None = None

    def greet(self) -> dict[str, Any]:
        """Waits for HELLO."""
        self.wait(lambda: self.hello)
        return self.hello

    def raw(self, data: bytes) -> None:
        """Writes bytes as they are."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.write_fd, view) :]

    def send(self, kind: int, channel: int, stream: int = 0, payload: Any = b"") -> None:
        self.raw(codec.encode(kind, channel, stream, payload))

    def open(self, op: str, body: Any = None, **parameters: Any) -> int:
        """Opens a channel; with a body, sends that and END. Returns the channel's number."""
        number = self.next
        self.next += 2
        self.answers[number] = Answer()
        frames = codec.encode(codec.OPEN, number, 0, json.dumps(dict(parameters, op=op)).encode())
        if body is not None and len(body) <= 65536:
            if body:
                frames += codec.encode(codec.DATA, number, 0, body)
            self.raw(frames + codec.encode(codec.END, number, 0))
        else:
            self.raw(frames)
            if body is not None:
                self.put(number, body)
                self.send(codec.END, number)
        return number

    def put(self, number: int, body: Any) -> None:
        """Sends bytes on stream 0 as credit allows."""
        answer = self.answers[number]
        view = memoryview(body)
        while view:
            self.wait(lambda: answer.credit or answer.is_over)
            if answer.is_over:
                return
            part = view[: min(65536, answer.credit)]
            answer.credit -= len(part)
            self.send(codec.DATA, number, 0, part)
            view = view[len(part) :]

    def finish(self, number: int) -> Answer:
        """Waits for the end of a channel; its Answer, or CallFailed."""
        answer = self.answers[number]
        self.wait(lambda: answer.is_over)
        if answer.error:
            raise CallFailed(answer.error)
        return answer

    def call(self, op: str, body: Any = None, **parameters: Any) -> Answer:
        return self.finish(self.open(op, body, **parameters))

    def run(self, program: str, source: str | bytes = b"", **parameters: Any) -> Answer:
        """A run to its end."""
        if isinstance(source, str):
            source = source.encode()
        parameters.setdefault("timeoutMs", 20000)
        return self.call("run", None if program == "argv" else source, program=program, **parameters)

    def wait(self, condition: Callable[[], object]) -> None:
        """Reads frames until the condition holds."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if not select.select([self.read_fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("nothing came in time")
            self.read()

    def read(self) -> None:
        """Reads what is there."""
        try:
            size = os.readv(self.read_fd, [self.decoder.space()])
        except ConnectionResetError:
            size = 0
        if not size:
            self.is_closed = True
            raise Closed()
        for kind, number, stream, payload in self.decoder.take(size):
            self.receive(kind, number, stream, payload)

    def receive(self, kind: int, number: int, stream: int, payload: Any) -> None:
        if number == 0:
            if kind == codec.HELLO:
                self.hello = json.loads(bytes(payload))
            elif kind == codec.PONG:
                self.pongs.append(bytes(payload))
            return
        if kind == codec.OPEN:
            self.answers[number] = Answer()
            self.answers[number].events.append(json.loads(bytes(payload)))
            return
        answer = self.answers[number]
        if kind == codec.DATA:
            if self.keeps_data:
                answer.streams[stream] += payload
            if self.gives_credit:
                self.send(codec.CREDIT, number, 0, len(payload).to_bytes(4, "big"))
        elif kind == codec.END:
            answer.ended.add(stream)
        elif kind == codec.CREDIT:
            answer.credit += int.from_bytes(payload, "big")
        elif kind == codec.EVENT:
            answer.events.append(json.loads(bytes(payload)))
        else:
            answer.is_over = True
            value = json.loads(bytes(payload))
            if kind == codec.RESULT:
                answer.result = value
            else:
                answer.error = value

    def close(self) -> None:
        self.is_closed = True
        for fd in {self.read_fd, self.write_fd}:
            os.close(fd)
