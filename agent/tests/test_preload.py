"""Modules that are imported ahead."""

from __future__ import annotations

import json
import os
import sys
import unittest

from sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Client
    from typing import Any

SLOW = "import os, time\nwhile True: time.sleep(1)\n"
HEAVY_PARTS = 45


def add_package(sandbox: Sandbox, name: Any, source: str = "") -> None:
    """Installs a package of many modules, whose import leaves a mark."""
    site = os.path.join(sandbox.packages, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    folder = os.path.join(site, name)
    os.makedirs(folder)
    for number in range(HEAVY_PARTS):
        with open(os.path.join(folder, "part%d.py" % number), "w"):
            pass
    with open(os.path.join(folder, "__init__.py"), "w") as file:
        file.write("import os\npid = os.getpid()\nfrom . import %s\n%s" % (", ".join("part%d" % n for n in range(HEAVY_PARTS)), source))


class Preloading(unittest.TestCase):
    def start(self, *packages: Any, **config: Any) -> tuple[Sandbox, Client]:
        sandbox = Sandbox(**config)
        self.addCleanup(sandbox.close)
        for package in packages:
            add_package(sandbox, *package)
        return sandbox, sandbox.start()

    def is_preloaded(self, client: Client, name: Any) -> bool:
        return client.run("python", "import sys\nprint('%s' in sys.modules)\ntry:\n    import %s\nexcept ImportError:\n    pass" % (name, name)).out == b"True\n"

    def wait_for(self, client: Client, name: Any) -> None:
        while not self.is_preloaded(client, name):
            pass

    def zygote(self, client: Client, source: str) -> bytes:
        """What forks the run of a source."""
        return client.run("python", "import os\nprint(os.getppid())\n" + source).out

    def test_named_modules_are_there_soon_and_shared(self) -> None:
        _, client = self.start(("heavy",), preload=["heavy", "json"])
        self.wait_for(client, "heavy")
        self.assertEqual(client.run("python", "import heavy, os\nprint(heavy.pid == os.getppid(), 'json' in __import__('sys').modules)").out, b"True True\n")

    def test_a_heavy_package_is_learned_and_remembered(self) -> None:
        sandbox, client = self.start(("heavy",), preload="auto")
        self.assertFalse(self.is_preloaded(client, "heavy"))
        client.run("python", "import heavy")
        self.wait_for(client, "heavy")
        with open(os.path.join(sandbox.packages, ".clara-preload.json")) as file:
            self.assertEqual(json.load(file), ["heavy"])
        again = sandbox.start(replace=True)
        self.assertFalse(again.hello["resumed"])
        self.wait_for(again, "heavy")

    def test_modules_of_the_workspace_are_not_learned(self) -> None:
        sandbox, client = self.start(preload="auto")
        os.makedirs(sandbox.path("site-packages/own"))
        for number in range(HEAVY_PARTS):
            with open(sandbox.path("site-packages/own/p%d.py" % number), "w"):
                pass
        imports = "\n".join("import own.p%d" % number for number in range(HEAVY_PARTS))
        client.run("python", "import sys\nsys.path.append('site-packages')\n" + imports)
        client.run("python", "1")
        self.assertFalse(os.path.exists(os.path.join(sandbox.packages, ".clara-preload.json")))

    def test_a_module_in_the_workspace_comes_before_a_preloaded_one(self) -> None:
        sandbox, client = self.start(("heavy",), preload=["heavy"])
        self.wait_for(client, "heavy")
        with open(sandbox.path("heavy.py"), "w") as file:
            file.write("mine = True")
        self.assertEqual(client.run("python", "import heavy, sys\nprint(heavy.mine, sys.path[0])").out.decode(), "True %s\n" % sandbox.workspace)
        os.unlink(sandbox.path("heavy.py"))
        os.mkdir(sandbox.path("heavy"))
        self.assertEqual(client.run("python", "import heavy\nprint(hasattr(heavy, 'pid'))").out, b"True\n")

    def test_what_cannot_be_imported_is_left_out(self) -> None:
        _, client = self.start(("good",), ("bad", "1/0"), ("deadly", "os.kill(os.getpid(), 9)"), preload=["absent", "bad", "deadly", "good"])
        self.wait_for(client, "good")
        self.assertFalse(self.is_preloaded(client, "bad"))

    def test_a_slow_import_does_not_hold_runs(self) -> None:
        _, client = self.start(("slow", SLOW), preload=["slow"])
        self.assertEqual(client.run("python", "print(1)").out, b"1\n")

    def test_a_forged_list_is_ignored(self) -> None:
        for content in ("[1, {}, \"os; rm\", \"a b\", \"" + "x" * 200 + "\"]", "{}", "nonsense", "[" * 4000, json.dumps(["m%d" % n for n in range(100)])):
            sandbox = Sandbox(preload="auto")
            self.addCleanup(sandbox.close)
            with open(os.path.join(sandbox.packages, ".clara-preload.json"), "w") as file:
                file.write(content)
            self.assertEqual(sandbox.start().run("python", "print(1)").out, b"1\n")

    def test_a_run_that_preloads_leaves_no_trace_of_its_own(self) -> None:
        _, client = self.start(("heavy",), preload=["heavy"])
        self.wait_for(client, "heavy")
        answer = client.run(
            "python",
            "import os, sys\nprint('heavy' in sys.modules, os.listdir('/proc/self/fd'), sys.path[0] == os.getcwd(), "
            "sorted(n for n in sys.modules if n.startswith('_ctypes') or n in ('select', '_socket', 'gc')))\nimport heavy",
        )
        self.assertEqual(answer.out, b"True ['0', '1', '2', '3'] True []\n")

    def test_a_run_that_imports_nothing_of_it_is_served_by_the_plain_interpreter(self) -> None:
        _, client = self.start(("heavy",), preload=["heavy"])
        plain = self.zygote(client, "")
        self.wait_for(client, "heavy")
        self.assertEqual(client.run("python", "import sys\nprint('heavy' in sys.modules)").out, b"False\n")
        self.assertEqual(self.zygote(client, "import json"), plain)
        self.assertNotEqual(self.zygote(client, "import heavy"), plain)
        self.assertEqual(client.run("shell", "echo $PPID").out, plain)

    def test_what_a_module_reads_when_it_is_imported_is_what_the_run_has_set(self) -> None:
        sandbox, client = self.start(("heavy", "mode = os.environ.get('HEAVY_MODE')"), preload=["heavy"])
        self.wait_for(client, "heavy")
        show = "import heavy\nprint(heavy.mode)"
        self.assertEqual(client.run("python", show).out, b"None\n")
        self.assertEqual(client.run("python", "import os\nos.environ['HEAVY_MODE'] = 'set'\n" + show).out, b"set\n")
        self.assertEqual(client.run("python", show, env={"HEAVY_MODE": "asked"}).out, b"asked\n")
        with open(sandbox.path("settings.py"), "w") as file:
            file.write("import os\nos.environ['HEAVY_MODE'] = 'beside'\n")
        self.assertEqual(client.run("python", "import settings\n" + show).out, b"beside\n")

    def test_what_a_module_of_the_workspace_imports_is_there_ahead(self) -> None:
        sandbox, client = self.start(("heavy",), preload=["heavy"])
        self.wait_for(client, "heavy")
        with open(sandbox.path("helper.py"), "w") as file:
            file.write("import heavy\n")
        self.assertNotEqual(self.zygote(client, "import helper"), self.zygote(client, ""))

    def test_a_setting_that_was_written_since_has_everything_imported_anew(self) -> None:
        sandbox, client = self.start(("heavy", "has_file = os.path.exists('matplotlibrc')"), preload=["heavy"])
        self.wait_for(client, "heavy")
        with open(sandbox.path("matplotlibrc"), "w"):
            pass
        self.assertEqual(client.run("python", "import heavy\nprint(heavy.has_file)").out, b"True\n")
        self.wait_for(client, "heavy")
        self.assertEqual(client.run("python", "import heavy\nprint(heavy.has_file)").out, b"True\n")

    def test_an_interpreter_that_was_lost_is_made_again(self) -> None:
        _, client = self.start(("heavy",), preload=["heavy"])
        self.wait_for(client, "heavy")
        client.run("python", "import os, heavy\nos.kill(os.getppid(), 9)")
        self.assertEqual(client.run("python", "import heavy\nprint(1)").out, b"1\n")
        self.wait_for(client, "heavy")

    def test_a_small_package_that_uses_a_heavy_one_is_learned_with_it(self) -> None:
        sandbox, client = self.start(("heavy",), preload="auto")
        site = os.path.join(sandbox.packages, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
        for name, source in ("small", "import heavy"), ("other", "import json"):
            with open(os.path.join(site, name + ".py"), "w") as file:
                file.write(source)
        client.run("python", "import small, other")
        self.wait_for(client, "small")
        self.assertFalse(self.is_preloaded(client, "other"))

    def test_a_list_that_cannot_be_read_is_none(self) -> None:
        sandbox = Sandbox(preload="auto")
        self.addCleanup(sandbox.close)
        os.symlink("/proc/self/mem", os.path.join(sandbox.packages, ".clara-preload.json"))
        self.assertEqual(sandbox.start().run("python", "print('on')").out, b"on\n")


if __name__ == "__main__":
    unittest.main()
