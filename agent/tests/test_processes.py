"""Processes that are kept: they outlive their channels and the connection, and late readers hear what they said."""

from __future__ import annotations

import os
import signal
import unittest

from kept_case import KeptCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Pieces:
    """Takes the pieces of an output one by one."""

    def __init__(self, pieces: Any) -> None:
        self.pieces = pieces

    def __iadd__(self, piece: Any) -> Pieces:
        self.pieces.append(bytes(piece))
        return self


class Tables(KeptCase):
    def test_a_process_is_started_and_described_with_what_the_server_says_of_it(self) -> None:
        number = self.begin("echo out; echo err >&2; exit 3", about={"name": "mine"})
        answer = self.read(number)
        self.assertEqual((answer.out, answer.err), (b"out\n", b"err\n"))
        self.assertEqual(answer.result["exit"]["exitCode"], 3)
        found = self.describe(number)
        self.assertEqual((found["about"], found["exit"]["exitCode"], found["firstEvent"]), ({"name": "mine"}, 3, 1))
        self.assertEqual(answer.result["id"], found["lastEvent"])

    def test_python_and_argv_are_kept_as_well(self) -> None:
        self.assertEqual(self.read(self.begin("print(1 + 1)", "python")).out, b"2\n")
        self.assertEqual(self.read(self.begin(program="argv", argv=["echo", "two words"])).out, b"two words\n")

    def test_a_late_reader_hears_everything_and_one_that_was_there_hears_the_rest(self) -> None:
        self.fifo()
        number = self.begin("echo one; read go < fifo; echo two")
        early = self.attach(number)
        self.until(lambda: self.client.answers[early].out == b"one\n")
        seen = self.client.answers[early].events[0]["next"] + 1
        self.write_file("fifo", b"go\n")
        self.assertEqual(self.client.finish(early).out, b"one\ntwo\n")
        self.assertEqual(self.read(number).out, b"one\ntwo\n")
        late = self.read(number, after=seen)
        self.assertEqual((late.out, late.events[0]["next"]), (b"two\n", seen + 1))

    def test_several_read_at_once_and_one_that_leaves_stops_nobody(self) -> None:
        self.fifo()
        number = self.begin("echo a; read go < fifo; echo b")
        readers = [self.attach(number) for _ in range(3)]
        self.until(lambda: all(self.client.answers[reader].out == b"a\n" for reader in readers))
        self.client.send(9, readers[0])
        self.until(lambda: self.client.answers[readers[0]].is_over)
        self.write_file("fifo", b"go\n")
        for reader in readers[1:]:
            self.assertEqual(self.client.finish(reader).out, b"a\nb\n")

    def test_what_is_not_kept_any_more_is_a_gap_that_says_how_much_is_lost(self) -> None:
        number = self.begin("head -c 3000000 /dev/zero; echo end")
        self.client.call("wait", id=number, timeoutMs=20000)
        answer = self.read(number)
        opening = answer.events[0]
        self.assertGreater(opening["first"], 1)
        self.assertEqual(opening["lost"] + len(answer.out), 3000004)
        self.assertTrue(answer.out.endswith(b"end\n"))
        self.assertLessEqual(len(answer.out), 1 << 20)

    def test_a_caller_paces_its_process_and_loses_nothing(self) -> None:
        number = self.begin("head -c 4000000 /dev/zero; echo end", caller=True)
        self.client.gives_credit = False
        reader = self.attach(number, caller=True)
        self.until(lambda: len(self.client.answers[reader].out) >= 200000)
        self.assertEqual(self.shell("echo others are served").out, b"others are served\n")
        self.assertIsNone(self.describe(number)["exit"])
        self.client.gives_credit = True
        self.client.send(5, reader, 0, len(self.client.answers[reader].out).to_bytes(4, "big"))
        answer = self.client.finish(reader)
        self.assertEqual(len(answer.out), 4000004)
        self.assertEqual([event for event in answer.events if "gap" in event], [])

    def test_a_caller_that_leaves_ends_its_process_unless_it_is_to_run_on(self) -> None:
        number = self.begin("echo $$; sleep 1000", caller=True)
        reader = self.attach(number, caller=True)
        self.until(lambda: self.client.answers[reader].out)
        self.client.send(9, reader)
        ended = self.client.call("wait", id=number, timeoutMs=20000).result["exit"]
        self.assertTrue(ended["cancelled"])
        number = self.begin("echo $$; sleep 1000", caller=True)
        reader = self.attach(number, caller=True, keepRunning=True)
        self.until(lambda: self.client.answers[reader].out)
        self.client.send(9, reader)
        self.assertIsNone(self.client.call("wait", id=number, timeoutMs=100).result["exit"])
        self.end(number)

    def test_a_time_limit_ends_it(self) -> None:
        number = self.begin("sleep 1000", timeoutMs=100)
        self.assertTrue(self.client.call("wait", id=number, timeoutMs=20000).result["exit"]["timedOut"])

    def test_one_is_deleted_although_its_caller_reads_nothing(self) -> None:
        number = self.begin("yes", caller=True)
        self.client.gives_credit = False
        reader = self.attach(number, caller=True)
        self.until(lambda: len(self.client.answers[reader].out) >= 200000)
        ended = self.end(number)
        self.client.gives_credit = True
        self.assertTrue(ended["exit"]["cancelled"])

    def test_no_event_ends_within_a_character_and_what_is_no_text_comes_as_it_is(self) -> None:
        text = "é売🙂x" * 40000
        self.write_file("text", text.encode())
        number = self.begin("cat text; printf '\\303'; sleep 0.1; printf '\\251 \\377\\342\\202'")
        pieces = []
        reader = self.attach(number)
        self.client.answers[reader].streams[1] = Pieces(pieces)  # pyright: ignore[reportArgumentType]
        self.client.finish(reader)
        whole = b"".join(pieces)
        self.assertEqual(whole, text.encode() + b"\xc3\xa9 \xff\xe2\x82")
        for piece in pieces[:-2]:
            piece.decode()
        self.assertEqual(pieces[-1], b"\xe2\x82")

    def test_signals_reach_the_program_or_all_below_it(self) -> None:
        number = self.begin("trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.05; done")
        reader = self.attach(number)
        self.until(lambda: self.client.answers[reader].out)
        self.assertEqual(self.client.call("signal", id=number, signal=signal.SIGUSR1).result, {"sent": True})
        answer = self.client.finish(reader)
        self.assertEqual((answer.out, answer.result["exit"]["exitCode"]), (b"ready\ncaught\n", 5))
        self.assertEqual(self.client.call("signal", id=number, signal=signal.SIGUSR1).result, {"sent": False})
        number = self.begin("sleep 1000 & sleep 1000 & echo ready; wait")
        reader = self.attach(number)
        self.until(lambda: self.client.answers[reader].out)
        self.client.call("signal", id=number, signal=signal.SIGKILL, tree=True)
        self.assertEqual(self.client.finish(reader).result["exit"]["signal"], "SIGKILL")

    def test_a_deleted_process_is_gone_with_its_tree_and_its_readers_hear_it(self) -> None:
        number = self.begin("(sleep 1000 & echo $!); sleep 1000")
        reader = self.attach(number)
        self.until(lambda: self.client.answers[reader].out)
        child = int(self.client.answers[reader].out)
        self.assertTrue(self.end(number)["exit"]["cancelled"])
        self.assertFalse(os.path.exists("/proc/%d" % child))
        self.assert_fails("not_found", "attach", id=number)
        self.assertTrue(self.client.answers[reader].is_over)

    def test_what_is_kept_of_one_output_can_be_had_as_it_is(self) -> None:
        number = self.begin("echo one; echo bad >&2; echo two")
        self.client.call("wait", id=number, timeoutMs=20000)
        self.assertEqual(self.client.call("output", id=number).out, b"one\ntwo\n")
        self.assertEqual(self.client.call("output", id=number, tail=4).out, b"two\n")
        self.assertEqual(self.client.call("output", id=number, stream="stderr").out, b"bad\n")

    def test_ended_ones_give_way_and_running_ones_never_do(self) -> None:
        for kept in self.client.call("processes").result["processes"]:
            self.end(kept["id"])
        first = self.begin("exit")
        self.client.call("wait", id=first, timeoutMs=20000)
        running = [self.begin("sleep 1000", most=3) for _ in range(2)]
        running.append(self.begin("sleep 1000", most=3))
        self.assert_fails("not_found", "processes", id=first)
        self.assert_fails("exists", "start", b"sleep 1000", program="shell", most=3)
        self.assertEqual([kept["id"] for kept in self.client.call("processes").result["processes"]], running[::-1])
        for number in running:
            self.end(number)

    def test_a_program_that_cannot_be_started_is_an_error_and_is_not_kept(self) -> None:
        before = len(self.client.call("processes").result["processes"])
        self.assert_fails("not_directory", "start", b"echo", program="shell", cwd="/nowhere")
        answer = self.client.call("start", None, program="argv", argv=["/no/such/program"])
        self.assertEqual(self.client.call("wait", id=answer.result["id"], timeoutMs=20000).result["exit"]["exitCode"], 127)
        self.end(answer.result["id"])
        self.assertEqual(len(self.client.call("processes").result["processes"]), before)

    def test_wrong_parameters_are_refused(self) -> None:
        self.assert_fails("invalid", "attach")
        self.assert_fails("not_found", "attach", id=12345)
        self.assert_fails("invalid", "signal", id=-1, signal=1)
        self.assert_fails("not_found", "forget", id=12345)


if __name__ == "__main__":
    unittest.main()
