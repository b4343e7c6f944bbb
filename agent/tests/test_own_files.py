"""What the user's own files do to his runs: folders that he has closed to himself, and what Python reads at its start."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import unittest

from case import AgentCase
from clara_agent.wire import codec
from sandbox import Sandbox

CLOSED = (0o000, 0o400, 0o500, 0o300)


class ClosedFolders(AgentCase):
    def folders(self) -> list[str]:
        sandbox = self.sandbox
        return [sandbox.workspace, sandbox.packages, sandbox.scratch, sandbox.environment["HOME"]]

    def test_are_open_to_the_next_run_where_a_run_has_closed_them(self) -> None:
        for mode in CLOSED:
            for run in self.shell, self.python:
                closing = self.shell("chmod %o %s; echo closed" % (mode, " ".join(self.folders())))
                self.assertEqual(closing.out, b"closed\n")
                answer = run("exit 0" if run == self.shell else "pass")
                self.assertEqual((answer.result["exitCode"], answer.err), (0, b""))
                self.assertEqual([os.stat(path).st_mode & 0o700 for path in self.folders()], [0o700] * 4)

    def test_are_open_to_a_run_and_to_a_file_call_where_something_in_the_background_has_closed_them(self) -> None:
        for call in lambda: self.shell("pwd"), lambda: self.client.call("write", b"x", path="new"), lambda: self.client.call("list", path="."):
            for path in self.folders():
                os.chmod(path, 0)
            call()
            self.assertEqual(os.stat(self.sandbox.workspace).st_mode & 0o700, 0o700)

    def test_keep_what_else_their_modes_say(self) -> None:
        os.chmod(self.sandbox.workspace, 0o1055)
        self.shell("true")
        self.assertEqual(os.stat(self.sandbox.workspace).st_mode & 0o7777, 0o1755)

    def test_are_no_business_of_the_agent_below_the_sandboxs_own(self) -> None:
        os.mkdir(self.sandbox.path("below"), 0o500)
        self.shell("true")
        self.assertEqual(os.stat(self.sandbox.path("below")).st_mode & 0o7777, 0o500)


class StartsOfPython(unittest.TestCase):
    """Each in a sandbox of its own, since they stay as they are."""

    FILES = {
        "a .pth file that hangs": ("any.pth", "import time; time.sleep(1000)"),
        "a .pth file that ends": ("any.pth", "import os; os._exit(7)"),
        "a usercustomize that hangs": ("usercustomize.py", "import time; time.sleep(1000)"),
        "a usercustomize that ends": ("usercustomize.py", "import os; os._exit(7)"),
        "a usercustomize that says why": ("usercustomize.py", "import os; os.write(2, b'why'); os._exit(7)"),
    }

    def test_that_break_break_nothing_but_python_and_say_so(self) -> None:
        for what, (name, text) in self.FILES.items():
            with self.subTest(what):
                sandbox = Sandbox()
                self.addCleanup(sandbox.close)
                site = os.path.join(sandbox.packages, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
                os.makedirs(site)
                with open(os.path.join(site, name), "w") as file:
                    file.write(text)
                client = sandbox.start()
                self.assertEqual(client.run("shell", "echo on").out, b"on\n")
                answer = client.run("python", "print(1)", timeoutMs=1500)
                self.assertEqual((answer.out, answer.result["timedOut"]), (b"", "hangs" in what))
                self.assertNotEqual(answer.result["exitCode"], 0)
                self.assertIs(answer.result["brokenStart"], True)
                self.assertEqual(b"why" in answer.err, "why" in what)
                self.assertEqual(client.run("shell", "rm -r %s; echo gone" % site).out, b"gone\n")
                answer = client.run("python", "print(1)")
                self.assertEqual((answer.out, "brokenStart" in answer.result), (b"1\n", False))

    def test_are_none_of_the_files_in_the_folder_of_runs(self) -> None:
        sandbox = Sandbox()
        self.addCleanup(sandbox.close)
        for name in sys.stdlib_module_names if hasattr(sys, "stdlib_module_names") else ("select", "socket", "os", "signal"):
            with open(sandbox.path(name + ".py"), "w") as file:
                file.write("raise SystemExit(9)\n")
        client = sandbox.start()
        for run in ("python", "print('on')"), ("shell", "echo on"), ("python", "print('on')"):
            answer = client.run(*run)
            self.assertEqual((answer.out, answer.err), (b"on\n", b""))

    def test_that_hang_hold_up_no_run_that_was_cancelled(self) -> None:
        sandbox = self.sandbox_with("import time; time.sleep(1000)")
        client = sandbox.start()
        number = client.open("run", b"print(1)", program="python")
        client.send(codec.CANCEL, number)
        self.assertTrue(client.finish(number).result["cancelled"])

    def test_that_hang_once_are_forgotten_when_the_next_works(self) -> None:
        mark = os.path.join(tempfile.mkdtemp(prefix="clara-"), "mark")
        self.addCleanup(shutil.rmtree, os.path.dirname(mark))
        client = self.sandbox_with("import os, time; os.path.exists(%r) or (open(%r, 'w'), time.sleep(1000))" % (mark, mark)).start()
        cancelled = client.open("run", b"print(1)", program="python")
        waiting = client.open("run", b"raise SystemExit(1)", program="python")
        while not os.path.exists(mark):
            client.run("shell", "true")
        client.send(codec.CANCEL, cancelled)
        answer = client.finish(waiting)
        self.assertEqual((answer.result["exitCode"], "brokenStart" in answer.result), (1, False))

    def test_that_work_outlive_a_run_that_was_cancelled_before_its_process_was_there(self) -> None:
        sandbox = Sandbox()
        self.addCleanup(sandbox.close)
        client = sandbox.start()
        interpreter = "import os; print(os.getppid())"
        before = client.run("python", interpreter).out
        for _ in range(20):
            number = client.open("run", b"pass", program="python")
            client.send(codec.CANCEL, number)
            client.finish(number)
        self.assertEqual(client.run("python", interpreter).out, before)

    def sandbox_with(self, line: str) -> Sandbox:
        """A sandbox where Python runs the line at each start."""
        sandbox = Sandbox()
        self.addCleanup(sandbox.close)
        site = os.path.join(sandbox.packages, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
        os.makedirs(site)
        with open(os.path.join(site, "any.pth"), "w") as file:
            file.write(line)
        return sandbox


if __name__ == "__main__":
    unittest.main()
