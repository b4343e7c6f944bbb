"""Contexts of bash: a shell that stays, as at a terminal, with outputs apart and nothing to type."""

from __future__ import annotations

import os
import unittest

from test_contexts import ContextCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class Bash(ContextCase):
    def cell(self, code: str, name: str = "shell", **parameters: Any) -> Answer:
        return super().cell(code, name, **dict({"make": {"language": "bash"}}, **parameters))

    def begin(self, code: str, name: str = "shell", **parameters: Any) -> int:
        return super().begin(code, name, **dict({"make": {"language": "bash"}}, **parameters))

    def ends(self, code: str) -> Any:
        answer = self.cell(code)
        return bytes(answer.out), bytes(answer.err), answer.result["exitCode"]

    def test_variables_functions_folder_and_environment_live_on(self) -> None:
        os.mkdir(self.sandbox.path("sub"))
        self.assertEqual(self.ends('x=5; f() { echo "f $1"; }; cd sub; export MINE=1; a=(1 2); alias say=echo'), (b"", b"", 0))
        found = b"5 f 1 %s 1 2\nsaid\n" % os.fsencode(self.sandbox.path("sub"))
        self.assertEqual(self.ends('echo $x $(f 1) $PWD $(sh -c "echo \\$MINE") ${#a[@]}\nsay said'), (found, b"", 0))

    def test_outputs_are_apart_and_the_exit_code_is_that_of_the_last_command(self) -> None:
        self.assertEqual(self.ends("echo out; echo err >&2; (exit 7)"), (b"out\n", b"err\n", 7))
        self.assertEqual(self.ends("echo $?; nosuch"), (b"0\n", b"bash: nosuch: command not found\n", 127))
        self.assertEqual(self.ends("return 3"), (b"", b"", 3))

    def test_what_is_not_finished_is_an_error_and_no_hang(self) -> None:
        for code in 'echo "a', "if true; then", "echo $(", "cat <<'":
            out, err, status = self.ends(code)
            self.assertEqual((out, status), (b"", 2), code)
            self.assertIn(b"unexpected", err)
        self.assertEqual(self.ends("cat <<EOF\na $((1 + 1))\nEOF"), (b"a 2\n", b"", 0))

    def test_nothing_is_typed(self) -> None:
        self.assertEqual(self.ends("cat; read line; echo $?"), (b"1\n", b"", 0))

    def test_a_failed_expansion_ends_the_cell_and_not_the_shell(self) -> None:
        self.cell("kept=1; set -u")
        self.assertEqual(self.ends("echo $nope; echo not here")[::2], (b"", 1))
        self.assertEqual(self.ends("echo $kept"), (b"1\n", b"", 0))

    def test_names_of_its_own_that_code_takes_change_nothing(self) -> None:
        self.cell("printf() { echo mine; }; exec 3>/dev/null 4>&3; alias .=false; PS1=prompt; set -x; set +x")
        self.assertEqual(self.ends("echo a"), (b"a\n", b"", 0))

    def test_cells_are_counted_and_silent_ones_not(self) -> None:
        counts = [self.cell("true", silent=silent).result["executionCount"] for silent in (False, True, False)]
        self.assertEqual(counts, [1, 1, 2])

    def test_an_interrupt_ends_what_runs_and_keeps_the_variables(self) -> None:
        for code in "while :; do :; done", "sleep 60 | cat", "x=$(sleep 60)", "(sleep 60)", "f() { while :; do sleep 60; done; }; f":
            running = self.begin("kept=1; echo in; %s; echo after" % code)
            self.client.wait(lambda running=running: self.client.answers[running].out)
            self.client.call("context_interrupt", id="shell")
            answer = self.client.finish(running)
            self.assertEqual((bytes(answer.out), answer.result["exitCode"], answer.result["restarted"]), (b"in\n", 130, False), code)
            self.assertEqual(self.ends("echo $kept"), (b"1\n", b"", 0))

    def interrupt(self, code: str) -> Answer:
        """Interrupts a cell that has said `in`; its answer."""
        running = self.begin(code)
        self.client.wait(lambda: self.client.answers[running].out)
        self.client.call("context_interrupt", id="shell")
        return self.client.finish(running)

    def test_an_interrupt_reaches_programs_that_are_just_starting(self) -> None:
        for code in "while :; do /bin/true; done", "sleep 600 & while :; do /bin/true; /bin/true; done", "sleep 600 | cat":
            for _ in range(20):
                answer = self.interrupt("kept=1; echo in; %s; echo after" % code)
                self.assertEqual((bytes(answer.out), answer.result["exitCode"], answer.result["timedOut"]), (b"in\n", 130, False), code)
        self.assertEqual(self.ends("echo $kept"), (b"1\n", b"", 0))

    def test_a_program_that_handles_an_interrupt_hears_one_and_what_left_the_group_none(self) -> None:
        handles = "import os, signal as s, time; n = []; s.signal(2, lambda *_: n.append(1)); os.write(1, b'in\\n'); [time.sleep(0.01) for _ in iter(lambda: bool(n), True)]; time.sleep(0.6); print(len(n))"
        answer = self.interrupt('setsid sleep 60 & python3 -c "%s"; kill $! && echo there' % handles)
        self.assertEqual(bytes(answer.out), b"in\n1\nthere\n")

    def test_a_trap_runs_once_and_to_its_end(self) -> None:
        program = "import os, signal as s, time; s.signal(2, s.SIG_DFL); time.sleep(1.2); os.write(1, b'in\\n'); s.pause()"
        answer = self.interrupt("trap 'echo trapped; sleep 0.6; echo cleaned' INT; python3 -c \"%s\"; echo on" % program)
        self.assertEqual(bytes(answer.out), b"in\ntrapped\ncleaned\non\n")

    def test_a_timeout_interrupts_and_one_that_ignores_it_is_killed(self) -> None:
        late = self.cell("kept=1; sleep 60", timeoutMs=100)
        self.assertTrue(late.result["timedOut"] and not late.result["restarted"])
        self.assertEqual(self.ends("echo $kept"), (b"1\n", b"", 0))
        stuck = self.cell("trap '' INT; sleep 60", timeoutMs=100)
        self.assertTrue(stuck.result["timedOut"] and stuck.result["restarted"])
        after = self.cell("echo [$kept]")
        self.assertEqual((bytes(after.out), after.result["restarted"]), (b"[]\n", True))

    def test_exit_ends_that_context_only(self) -> None:
        self.cell("kept=2", "other")
        answer = self.cell("trap 'echo bye' EXIT; exit 4")
        self.assertEqual((bytes(answer.out), answer.result["exitCode"], answer.result["restarted"]), (b"bye\n", 4, True))
        self.assertEqual(bytes(self.cell("echo $kept", "other").out), b"2\n")

    def test_exec_puts_a_program_in_its_place(self) -> None:
        answer = self.cell("exec sh -c 'sleep 0.1; echo in its place; exit 5'")
        self.assertEqual((bytes(answer.out), answer.result["exitCode"], answer.result["restarted"]), (b"in its place\n", 5, True))

    def test_background_jobs_say_what_they_say_in_the_next_cell(self) -> None:
        os.mkfifo(self.sandbox.path("go"))
        self.assertEqual(self.ends("(read line <go; echo late) & echo now"), (b"now\n", b"", 0))
        self.assertEqual(self.ends("echo >go; wait"), (b"late\n", b"", 0))

    def test_its_language_is_that_of_the_context(self) -> None:
        self.cell("true")
        self.assert_fails("mismatch", "cell", b"1", id="shell", language="python")
        self.assert_fails("mismatch", "cell", b"1", id="new", language="python", make={"language": "bash"})
        self.assert_fails("unsupported", "context", id="new", language="cobol")
        self.assert_fails("not_directory", "context", id="new", language="bash", cwd="missing")


if __name__ == "__main__":
    unittest.main()
