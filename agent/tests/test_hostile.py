"""Peers that break the protocol: their connection ends, the agent does not."""

from __future__ import annotations

import os
import struct
import unittest

from case import AgentCase
from client import Closed
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Hostile(AgentCase):
    def assert_ends(self, data: bytes) -> None:
        client = self.client
        pid = client.hello["pid"]
        client.raw(data)
        with self.assertRaises(Closed):
            client.wait(lambda: False)
        type(self).client = self.sandbox.start()
        self.assertEqual(self.client.hello["pid"], pid)
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def frame(self, kind: int, channel: int, payload: Any = b"", stream: int = 0) -> bytes:
        return codec.encode(kind, channel, stream, payload)

    def opened(self, op: bytes = b"write", **_: Any) -> tuple[int, bytes]:
        number = self.client.next
        return number, self.frame(codec.OPEN, number, b'{"op":"%s","path":"x"}' % op)

    def test_four_gigabytes_announced(self) -> None:
        self.assert_ends(struct.pack(">IIBB", 0xFFFFFFFF, 1, 3, 0))

    def test_an_unknown_type(self) -> None:
        self.assert_ends(struct.pack(">IIBB", 0, 1, 99, 0))

    def test_invalid_json(self) -> None:
        for payload in (b"{", b"nonsense", b"[1]", b"1 ", b'{"op":NaN}', b"{}{}", b"\xff\xfe", b"[" * 100000, b'{"a":' * 100000, b'{"op":' + b"1" * 5000 + b"}"):
            self.assert_ends(self.frame(codec.OPEN, self.client.next, payload))

    def test_a_channel_number_used_twice(self) -> None:
        number, data = self.opened()
        self.assert_ends(data + data)

    def test_a_channel_number_of_the_agents(self) -> None:
        self.assert_ends(self.frame(codec.OPEN, 2, b'{"op":"stat"}'))

    def test_a_frame_for_a_channel_that_was_never_opened(self) -> None:
        self.assert_ends(self.frame(codec.DATA, 1001, b"x"))
        self.assert_ends(self.frame(codec.DATA, 1000, b"x"))

    def test_frames_that_the_server_may_not_send(self) -> None:
        self.assert_ends(self.frame(codec.HELLO, 0, b"{}"))
        for kind in codec.EVENT, codec.RESULT, codec.ERROR:
            number, data = self.opened()
            self.assert_ends(data + self.frame(kind, number, b"{}"))
        self.assert_ends(self.frame(codec.DATA, 0, b"x"))
        self.assert_ends(self.frame(codec.PING, 1, b"12345678"))

    def test_data_without_credit(self) -> None:
        self.client.open("run", program="argv", argv=["sleep", "100"], stdin=True, timeoutMs=20000)
        data = self.frame(codec.DATA, self.client.next - 2, b"x" * 65536)
        self.assert_ends(data * 8)

    def test_credit_that_was_never_used(self) -> None:
        number, data = self.opened()
        self.assert_ends(data + self.frame(codec.CREDIT, number, b"\xff\xff\xff\xff"))

    def test_frames_for_a_channel_that_is_over_are_ignored(self) -> None:
        number = self.client.open("stat", path=".")
        self.client.finish(number)
        for kind, payload in ((codec.DATA, b"x"), (codec.END, b""), (codec.CREDIT, b"\xff\xff\xff\xff"), (codec.CANCEL, b"")):
            self.client.send(kind, number, 0, payload)
        self.assertEqual(self.client.call("stat", path=".").result["type"], "directory")

    def test_a_ping_is_answered(self) -> None:
        self.client.send(codec.PING, 0, 0, b"12345678")
        self.client.wait(lambda: self.client.pongs)
        self.assertEqual(self.client.pongs.pop(), b"12345678")

    def test_one_channel_more_than_there_may_be_is_refused(self) -> None:
        numbers = [self.client.open("run", program="shell") for _ in range(1025)]
        refused = self.client.answers[numbers[-1]]
        self.client.wait(lambda: refused.is_over)
        self.assertEqual(refused.error["code"], "limit")
        for number in numbers[:-1]:
            self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: all(self.client.answers[number].is_over for number in numbers))
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def test_a_peer_that_never_reads_does_not_fill_the_agents_memory(self) -> None:
        with open("/proc/%d/statm" % self.client.hello["pid"]) as file:
            before = int(file.read().split()[1])
        os.set_blocking(self.client.write_fd, False)
        ping = self.frame(codec.PING, 0, b"12345678") * 1000
        sent = 0
        try:
            while sent < 64 << 20:
                sent += os.write(self.client.write_fd, ping)
        except BlockingIOError:
            pass
        os.set_blocking(self.client.write_fd, True)
        with open("/proc/%d/statm" % self.client.hello["pid"]) as file:
            grown = int(file.read().split()[1]) - before
        self.assertLess(grown * os.sysconf("SC_PAGE_SIZE"), 64 << 20)
        self.client.raw(b"\0" * 18)
        type(self).client = self.sandbox.start()
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def test_an_unknown_operation_is_unsupported(self) -> None:
        self.assert_fails("unsupported", "explode")
        self.assert_fails("unsupported", "__class__")

    def test_wrong_types_fail_only_the_call(self) -> None:
        for op in "stat", "list", "read", "write", "remove", "mkdir":
            for path in (None, 1, [], {}, True, ""):
                self.assert_fails("invalid", op, path=path)
            self.assert_fails("invalid", op, path="a\0b")
            self.assert_fails("invalid", op, path="\ud800")


if __name__ == "__main__":
    unittest.main()
