"""Terminals: programs that have one behave as at a screen, and several see and type on it."""

from __future__ import annotations

import os
import unittest

from case import AgentCase
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIZE = {"rows": 24, "cols": 80}


class Terminal(AgentCase):
    def begin(self, source: str = "", **parameters: Any) -> int:
        """Starts a process at a terminal; its id."""
        return self.client.call("start", source.encode(), program="shell", tty=SIZE, **parameters).result["id"]

    def view(self, number: int, **parameters: Any) -> int:
        return self.client.open("view", id=number, **parameters)

    def seen(self, channel: int) -> bytes:
        return bytes(self.client.answers[channel].out)

    def until_seen(self, channel: int, text: bytes) -> None:
        self.client.wait(lambda: text in self.seen(channel))

    def type(self, channel: int, text: str) -> None:
        self.client.put(channel, text.encode())


class Terminals(Terminal):
    def test_a_program_has_a_terminal_of_the_size_that_was_asked_for(self) -> None:
        number = self.begin("tty && stty size && echo $TERM && exec python3 -c 'import sys; print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)])'")
        answer = self.client.finish(self.view(number))
        lines = bytes(answer.out).decode().splitlines()
        self.assertTrue(lines[0].startswith("/dev/pts/"), lines)
        self.assertEqual(lines[1:], ["24 80", "xterm-256color", "[True, True, True]"])
        self.assertEqual(answer.result["exit"]["exitCode"], 0)

    def test_all_that_was_written_is_there_at_the_end(self) -> None:
        number = self.begin("seq 1 3000")
        answer = self.client.finish(self.view(number))
        self.assertEqual(bytes(answer.out).decode().split(), [str(n) for n in range(1, 3001)])

    def test_without_a_source_it_is_a_login_shell_with_job_control(self) -> None:
        number = self.begin(env={"PS1": "ready> "})
        channel = self.view(number)
        self.type(channel, "shopt -q login_shell && echo login-$((1+1)); set -o | grep monitor\r")
        self.until_seen(channel, b"login-2")
        self.client.wait(lambda: b"monitor" in self.seen(channel).split(b"login-2")[1])
        self.type(channel, "sh -c 'echo slee''ps; exec sleep 1000'\r")
        self.until_seen(channel, b"sleeps\r\n")
        self.type(channel, "\x1a")
        self.until_seen(channel, b"Stopped")
        self.type(channel, "kill %1; fg; exit 3\r")
        self.assertEqual(self.client.finish(channel).result["exit"]["exitCode"], 3)

    def test_ctrl_c_ends_what_runs_in_the_foreground_and_not_the_shell(self) -> None:
        number = self.begin()
        channel = self.view(number)
        self.type(channel, "sh -c 'echo slee''ps; exec sleep 1000'\r")
        self.until_seen(channel, b"sleeps\r\n")
        self.type(channel, "\x03")
        self.until_seen(channel, b"^C")
        self.type(channel, "echo alive-$((20+3))\r")
        self.until_seen(channel, b"alive-23")
        self.client.call("forget", id=number)

    def test_another_size_is_seen_by_the_program_and_by_whoever_asks(self) -> None:
        number = self.begin("trap 'stty size; exit' WINCH; echo waiting; while :; do read -t 1; done")
        channel = self.view(number)
        self.until_seen(channel, b"waiting")
        self.client.call("resize", id=number, rows=40, cols=132)
        self.until_seen(channel, b"40 132")
        self.client.finish(channel)
        self.assertEqual(self.client.call("processes", id=number).result["processes"][0]["tty"], {"rows": 40, "cols": 132})

    def test_several_see_the_same_and_each_may_type(self) -> None:
        number = self.begin("cat")
        one, other = self.view(number), self.view(number)
        self.type(one, "from one\r")
        self.until_seen(other, b"from one\r\nfrom one\r\n")
        self.type(other, "from other\r")
        self.until_seen(one, b"from other\r\nfrom other\r\n")
        late = self.view(number)
        self.until_seen(late, b"from other\r\nfrom other\r\n")
        self.type(late, "\x04")
        self.assertEqual(self.client.finish(one).result["exit"]["exitCode"], 0)

    def test_a_view_begins_behind_a_number_of_bytes(self) -> None:
        number = self.begin("printf 0123456789; cat")
        first = self.view(number)
        self.until_seen(first, b"0123456789")
        later = self.view(number, after=4)
        self.until_seen(later, b"456789")
        self.assertEqual(self.seen(later), b"456789")
        self.assertEqual(self.client.answers[later].events[0]["offset"], 4)
        self.client.call("forget", id=number)

    def test_the_end_of_input_is_typed(self) -> None:
        number = self.begin("cat")
        self.assertEqual(self.client.call("input", b"line\n", id=number, close=True).result, {"written": 5})
        self.assertIn(b"line\r\nline\r\n", bytes(self.client.finish(self.view(number)).out))

    def test_what_nobody_reads_is_thrown_away_and_holds_up_nobody(self) -> None:
        number = self.begin("stty raw -echo; echo waiting; exec sleep 1000")
        channel = self.view(number)
        self.until_seen(channel, b"waiting")
        for _ in range(64):
            self.client.put(channel, b"x" * 32768)
        self.assertEqual(self.client.call("processes", id=number).result["processes"][0]["exit"], None)
        self.client.call("forget", id=number)

    def test_ten_thousand_views_and_sizes_leave_nothing_behind(self) -> None:
        number = self.begin("cat")
        before = self.look_and_resize(number, 2_000)
        self.assertLess(self.look_and_resize(number, 10_000) - before, 1 << 20)
        self.client.call("forget", id=number)

    def look_and_resize(self, number: int, times: int) -> int:
        """Views begin and end, and sizes change, N times; the memory of the agent after that, in bytes."""
        for at in range(0, times, 20):
            views = [self.view(number) for _ in range(20)]
            sizes = [self.client.open("resize", id=number, rows=20 + n, cols=80 + at % 50) for n in range(20)]
            for view in views:
                self.client.wait(lambda view=view: self.client.answers[view].events)
                self.client.send(codec.CANCEL, view)
            for channel in views + sizes:
                self.client.wait(lambda channel=channel: self.client.answers[channel].is_over)
                del self.client.answers[channel]
        with open("/proc/%d/statm" % self.client.hello["pid"]) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def test_a_process_without_a_terminal_has_none_to_see_or_resize(self) -> None:
        number = self.client.call("start", b"sleep 1000", program="shell").result["id"]
        for operation in ("view", "resize"):
            self.assert_fails("exists", operation, id=number, **SIZE)
        self.client.call("forget", id=number)

    def test_a_size_that_is_none_is_refused(self) -> None:
        for size in ({"rows": 0, "cols": 80}, {"rows": 24}, {"rows": 24, "cols": 5000}, {"rows": "24", "cols": 80}):
            self.assert_fails("invalid", "start", b"true", program="shell", tty=size)
        self.assert_fails("invalid", "start", b"pass", program="python", tty=SIZE)

    def test_one_that_its_programs_have_left_is_resized_and_no_other_with_it(self) -> None:
        files = "/proc/%d/fd" % self.client.hello["pid"]
        left = self.begin("exec </dev/null >/dev/null 2>&1; sleep 1000")

        def masters() -> int:
            self.client.call("contexts")
            links = [os.readlink(os.path.join(files, name)) for name in os.listdir(files)]
            return sum(link.endswith("ptmx") for link in links)

        # What it shows is read no more; what is typed is written still.
        while masters() > 1:
            pass
        other = self.begin("read line; stty size")
        self.client.call("resize", id=left, rows=50, cols=100)
        channel = self.view(other)
        self.type(channel, "\r")
        self.assertIn(b"24 80", self.client.finish(channel).out)
        self.client.call("forget", id=left)


if __name__ == "__main__":
    unittest.main()
