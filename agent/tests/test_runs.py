"""The operation `run`."""
import os
import unittest

from case import AgentCase
from client import CallFailed
from clara_agent.wire import codec


class Runs(AgentCase):
    def test_a_shell_answers_with_its_streams_and_exit_code(self) -> None:
        answer = self.shell("echo out; echo err >&2; exit 3")
        self.assertEqual((answer.out, answer.err, answer.result["exitCode"]), (b"out\n", b"err\n", 3))
        self.assertEqual(answer.result["stdout"], {"bytes": 4, "omitted": 0})
        self.assertIsNone(answer.result["signal"])

    def test_a_shell_starts_as_from_a_terminal(self) -> None:
        answer = self.shell("grep -E '^Sig(Ign|Blk)' /proc/self/status; ls /proc/self/fd; ulimit -c; cat")
        self.assertEqual(answer.out.split()[:4], [b"SigBlk:", b"0" * 16, b"SigIgn:", b"0" * 16])
        self.assertEqual(answer.out.split()[4:8], [b"0", b"1", b"2", b"3"])

    def test_a_shell_takes_a_large_source_with_a_large_environment(self) -> None:
        source = "echo ${#LARGE}; : " + "x" * 100000
        self.assertEqual(self.shell(source, env={"LARGE": "y" * 120000}).out, b"120000\n")

    def test_an_argv_goes_through_no_shell(self) -> None:
        argv = ["printf", "%s|", "$HOME", "*", "a b", "", "caf\udce9"]
        self.assertEqual(self.client.run("argv", argv=argv).out, b"$HOME|*|a b||caf\xe9|")

    def test_an_argv_gets_its_stdin(self) -> None:
        number = self.client.open("run", program="argv", argv=["wc", "-c"], stdin=True)
        self.client.put(number, b"x" * 1000000)
        self.client.send(codec.END, number)
        self.assertEqual(self.client.finish(number).out.strip(), b"1000000")

    def test_an_argv_that_does_not_read_does_not_block_its_sender(self) -> None:
        number = self.client.open("run", program="argv", argv=["sh", "-c", "exec <&-; sleep 0.05; echo done"], stdin=True)
        self.client.put(number, b"x" * 1000000)
        self.assertEqual(self.client.finish(number).out, b"done\n")

    def test_a_program_that_is_not_there_exits_with_127(self) -> None:
        answer = self.client.run("argv", argv=["not-there"])
        self.assertEqual(answer.result["exitCode"], 127)
        self.assertIn(b"not-there: command not found", answer.err)

    def test_a_program_that_may_not_be_run_exits_with_126(self) -> None:
        self.write_file("plain", b"x")
        self.assertEqual(self.client.run("argv", argv=["./plain"]).result["exitCode"], 126)

    def test_a_signal_is_named(self) -> None:
        result = self.shell("kill -SEGV $$").result
        self.assertEqual((result["exitCode"], result["signal"]), (139, "SIGSEGV"))

    def test_the_working_folder_and_environment_are_set(self) -> None:
        os.mkdir(self.sandbox.path("sub"))
        answer = self.shell('pwd; echo "$A"; echo "$HOME"', cwd="sub", env={"A": "x\ny"})
        self.assertEqual(answer.out.decode(), "%s\nx\ny\n%s\n" % (self.sandbox.path("sub"), self.sandbox.environment["HOME"]))

    def test_a_missing_working_folder_is_an_error(self) -> None:
        for program in "shell", "python":
            with self.assertRaises(CallFailed) as caught:
                self.client.run(program, "1", cwd="nowhere")
            self.assertEqual(caught.exception.code, "not_directory")

    def test_wrong_parameters_are_errors(self) -> None:
        for parameters in (
            {},
            {"program": "perl"},
            {"program": 1},
            {"program": "argv"},
            {"program": "argv", "argv": []},
            {"program": "argv", "argv": [1]},
            {"program": "argv", "argv": ["a\0b"]},
            {"program": "shell", "timeoutMs": -1},
            {"program": "shell", "timeoutMs": "1"},
            {"program": "shell", "env": {"A=B": "c"}},
            {"program": "shell", "env": {"A": 1}},
            {"program": "shell", "env": []},
            {"program": "shell", "capture": {"head": -1}},
            {"program": "shell", "capture": {"tail": True}},
            {"program": "shell", "cwd": "a\0"},
        ):
            self.assert_fails("invalid", "run", b"true", **parameters)

    def test_a_huge_environment_is_too_large(self) -> None:
        for program in ("shell", "python"):
            self.assert_fails("too_large", "run", b"pass", program=program, env={"A": "x" * 130000, "B": "x" * 130000, "C": "x" * 2200})

    def test_an_environment_of_the_largest_size_is_there(self) -> None:
        environment = {"A": "x" * 130000, "B": "x" * 130000, "C": "x" * 2000}
        self.assertEqual(self.shell(b"echo ${#A} ${#B}", env=environment).out, b"130000 130000\n")
        self.assertEqual(self.python(b"import os; print(len(os.environ['A']), len(os.environ['B']))", env=environment).out, b"130000 130000\n")

    def test_a_long_shell_source_runs(self) -> None:
        source = "# %s\necho $0 | tail -c 8; echo end" % ("x" * 500000)
        self.assertEqual(self.shell(source).out, b"main.sh\nend\n")

    def test_a_shell_source_of_the_largest_size_runs_and_a_larger_one_is_refused(self) -> None:
        self.assertEqual(self.shell(b"exit 5\n".ljust(16 << 20, b"#")).result["exitCode"], 5)
        self.assert_fails("too_large", "run", b"#" * ((16 << 20) + 1), program="shell")

    def test_a_background_process_lives_on_and_does_not_hold_the_answer(self) -> None:
        answer = self.shell("sleep 60 & echo $!")
        pid = int(answer.out)
        os.kill(pid, 0)
        os.kill(pid, 9)

    def test_a_background_process_that_keeps_writing_does_not_hold_the_answer(self) -> None:
        answer = self.shell("yes & echo on >&2", capture={"head": 10, "tail": 10})
        self.assertEqual(answer.result["exitCode"], 0)

    def test_each_run_leads_a_session(self) -> None:
        out = self.python("import os; print(os.getsid(0) == os.getpid() == os.getpgrp())").out
        self.assertEqual(out, b"True\n")
        self.assertEqual(self.shell("read -r _ _ _ _ group session _ < /proc/self/stat; test $group = $session").result["exitCode"], 0)

    def test_no_descriptor_of_the_agent_is_inherited(self) -> None:
        self.assertEqual(self.client.run("argv", argv=["ls", "/proc/self/fd"]).out.split(), [b"0", b"1", b"2", b"3"])

    def test_a_run_is_a_likely_victim_of_the_oom_killer(self) -> None:
        self.assertEqual(self.shell("cat /proc/self/oom_score_adj").out, b"1000\n")
        self.assertEqual(self.python("print(open('/proc/self/oom_score_adj').read())").out.strip(), b"1000")

    def test_signals_have_their_default_dispositions(self) -> None:
        blocked, ignored = (int(word, 16) for word in self.shell("grep -E 'SigIgn|SigBlk' /proc/self/status").out.split()[1::2])
        # The C library of whoever starts the tests may have ignored 32 and 33, which are its own.
        self.assertEqual((blocked, ignored & ~(3 << 31)), (0, 0))

    def test_scripts_are_removed(self) -> None:
        self.python("print(1)")
        self.client.call("stat", path=".")
        self.assertEqual(os.listdir(self.sandbox.scratch), [])

    def test_many_runs_at_once_all_answer(self) -> None:
        numbers = [self.client.open("run", b"print(%d)" % n, program="python", timeoutMs=20000) for n in range(20)]
        numbers += [self.client.open("run", b"echo %d" % n, program="shell", timeoutMs=20000) for n in range(20, 40)]
        self.assertEqual([int(self.client.finish(number).out) for number in numbers], list(range(40)))


class Outputs(AgentCase):
    def test_all_of_a_large_output_arrives(self) -> None:
        answer = self.shell("head -c 5000000 /dev/zero; head -c 300000 /dev/zero >&2")
        self.assertEqual((len(answer.out), len(answer.err)), (5000000, 300000))

    def test_head_and_tail_are_kept(self) -> None:
        answer = self.shell("seq 1 200000", capture={"head": 10, "tail": 14})
        self.assertEqual(answer.out, b"1\n2\n3\n4\n5\n199999\n200000\n")
        total = answer.result["stdout"]["bytes"]
        self.assertEqual(answer.result["stdout"]["omitted"], total - 24)

    def test_an_output_that_fits_is_whole(self) -> None:
        for size in 0, 1, 99, 100, 101, 199, 200:
            answer = self.shell("head -c %d /dev/zero" % size, capture={"head": 100, "tail": 100})
            self.assertEqual((len(answer.out), answer.result["stdout"]), (size, {"bytes": size, "omitted": 0}))
        answer = self.shell("head -c 201 /dev/zero", capture={"head": 100, "tail": 100})
        self.assertEqual((len(answer.out), answer.result["stdout"]), (200, {"bytes": 201, "omitted": 1}))

    def test_a_capture_of_nothing_sends_nothing(self) -> None:
        answer = self.shell("seq 1000", capture={"head": 0, "tail": 0})
        self.assertEqual((answer.out, answer.result["stdout"]), (b"", {"bytes": 3893, "omitted": 3893}))

    def test_output_comes_while_the_program_runs(self) -> None:
        os.mkfifo(self.sandbox.path("go"))
        number = self.client.open("run", b"echo first; read x < go; echo second", program="shell", timeoutMs=20000)
        self.client.wait(lambda: self.client.answers[number].out == b"first\n")
        with open(self.sandbox.path("go"), "w"):
            pass
        self.assertEqual(self.client.finish(number).out, b"first\nsecond\n")

    def test_a_tail_larger_than_the_credit_arrives(self) -> None:
        answer = self.shell("head -c 3000000 /dev/zero", capture={"head": 1000000, "tail": 1000000})
        self.assertEqual((len(answer.out), answer.result["stdout"]["omitted"]), (2000000, 1000000))

    def test_a_slow_reader_stalls_only_its_own_channel(self) -> None:
        self.client.gives_credit = False
        number = self.client.open("run", b"head -c 2000000 /dev/zero", program="shell", timeoutMs=20000)
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        self.assertEqual(self.shell("echo other").out, b"other\n")
        self.assertEqual(len(answer.out), 262144)
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, (262144).to_bytes(4, "big"))
        self.assertEqual(len(self.client.finish(number).out), 2000000)


if __name__ == "__main__":
    unittest.main()
