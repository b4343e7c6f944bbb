"""A zygote runs a script as a fresh one does."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

from sandbox import Sandbox
from script_cases import CASES as PLAIN_CASES
from stream_cases import CASES as STREAM_CASES

from clara_agent.host.environment import environment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Scripts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.sandbox = Sandbox()
        cls.client = cls.sandbox.start()
        with open(cls.sandbox.path("beside.py"), "w") as file:
            file.write("value = 7\ndef fail():\n    raise OSError('beside')\n")
        with open(cls.sandbox.path("broken.py"), "w") as file:
            file.write("import not_there\n")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.sandbox.close()

    def fresh(self, source: Any) -> tuple[int, str, str]:
        script = self.sandbox.path("script.py")
        with open(script, "wb") as file:
            file.write(source)
        environment = environment_of(os.environb, self.sandbox.header["config"])
        try:
            with open(os.devnull, "rb") as nothing:
                done = subprocess.run(
                    [sys.executable, "-u", script], cwd=self.sandbox.workspace, env=environment, stdin=nothing, capture_output=True, start_new_session=True
                )
        finally:
            os.unlink(script)
        code = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return code, self.normal(done.stdout), self.normal(done.stderr)

    def warm(self, source: Any) -> tuple[int, str, str]:
        answer = self.client.run("python", source)
        return answer.result["exitCode"], self.normal(answer.out), self.normal(answer.err)

    def normal(self, output: Any) -> str:
        import re

        text = output.decode("utf-8", "backslashreplace")
        text = re.sub(re.escape(self.sandbox.scratch) + r"/\d+/main\.py", "SCRIPT", text)
        text = text.replace(self.sandbox.path("script.py"), "SCRIPT").replace("script.py", "SCRIPT").replace("main.py", "SCRIPT")
        return re.sub(r"0x[0-9a-f]+|\b\d{5,15}\b", "N", text)


def _case(source: Any) -> Callable[[Any], None]:
    data = source if isinstance(source, bytes) else source.encode()

    def test(self: Any) -> None:
        self.assertEqual(self.warm(data), self.fresh(data))

    return test


for _name, _source in {**PLAIN_CASES, **STREAM_CASES}.items():
    setattr(Scripts, "test_a_script_" + _name.replace(" ", "_"), _case(_source))

if __name__ == "__main__":
    unittest.main()
