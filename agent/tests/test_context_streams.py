"""Standard output and errors of a context are what those of an interpreter on pipes are."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

from stream_cases import CASES
from test_contexts import ContextCase

from clara_agent.host.environment import environment_of

# Not those in which IPython has its own way: it ends no child, opens no standard stream by its number and shows no plain traceback.
ALIKE = (
    "changes the encoding of its stdout",
    "changes the encoding of its stderr",
    "changes the newline of its stdout",
    "buffers all",
    "replaces errors",
    "wraps its stdout",
    "wraps its stdout detached",
    "wraps its raw stdout",
    "writes through codecs",
    "writes csv to its buffer",
    "asks its streams what they can",
    "tells where its streams are",
    "seeks in its streams",
    "truncates its stdout",
    "looks at its descriptors",
    "opens its stdout again",
    "opens its stdout by a path",
    "gives its stdout to a child",
    "prints large texts",
)


class Streams(ContextCase):
    maxDiff = None

    def fresh(self, source: str) -> tuple[int, bytes, bytes]:
        environment = environment_of(os.environb, self.sandbox.header["config"])
        argv = [sys.executable, "-u", "-c", source]
        done = subprocess.run(argv, cwd=self.sandbox.workspace, env=environment, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True)
        return done.returncode, done.stdout, done.stderr

    def kept(self, source: str) -> tuple[int, bytes, bytes]:
        answer = self.cell(source + "\nNone")
        return answer.result["exitCode"], answer.out, answer.err

    def test_a_cell_does_with_them_what_a_script_does(self) -> None:
        for name in ALIKE:
            with self.subTest(name):
                self.assertEqual(self.kept(CASES[name]), self.fresh(CASES[name]))
                self.client.call("context_delete", id="default")

    def test_a_context_lives_on_without_them(self) -> None:
        for source in ("import sys\ndel sys.stdout, sys.stderr", "import sys\nsys.stdout = sys.stderr = None", "import sys\nsys.stdout.close()\nsys.stderr.close()"):
            with self.subTest(source):
                self.cell(source + "\nkept = 7")
                self.cell("display(kept)")
                answer = self.cell("import os\nos.write(1, b'%d\\n' % kept)\nNone")
                self.assertEqual((answer.out, answer.result["restarted"]), (b"7\n", False))
                self.client.call("context_delete", id="default")


if __name__ == "__main__":
    unittest.main()
