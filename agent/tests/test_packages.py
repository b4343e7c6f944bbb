"""Where pip installs for the user is looked for modules from the first run on."""
import os
import shutil
import sys
import unittest

from case import AgentCase

INSTALL = """
import os, subprocess, sys
folder = %r
subprocess.check_call([sys.executable, "-c", "import os; os.makedirs(%%r, exist_ok=True); open(%%r, 'w').write('ANSWER = 42')" %% (folder, folder + "/installed.py")])
import installed
print(installed.ANSWER)
"""


class PackagesCase(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.site = os.path.join(self.sandbox.packages, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
        self.install = INSTALL % self.site


class FirstRun(PackagesCase):
    def test_what_it_installs_it_can_import(self) -> None:
        self.assertEqual(self.python(self.install).out, b"42\n")


class Packages(PackagesCase):
    def test_what_a_run_installs_after_a_user_has_deleted_the_folder_it_can_import(self) -> None:
        for program, source in ("python", "import shutil; shutil.rmtree(%r)" % self.site), ("shell", "rm -rf %s/*" % self.sandbox.packages):
            self.client.run(program, source)
            self.assertEqual(self.python(self.install).out, b"42\n")

    def test_an_interpreter_that_a_shell_starts_finds_it_too(self) -> None:
        for run in self.shell, lambda source: self.client.run("argv", argv=["sh", "-c", source]):
            shutil.rmtree(self.sandbox.packages)
            os.mkdir(self.sandbox.packages)
            self.write_file("install.py", self.install.encode())
            self.assertEqual(run(sys.executable + " install.py").out, b"42\n")

    def test_it_is_on_the_path_as_with_any_interpreter_that_finds_it(self) -> None:
        fresh = self.shell(sys.executable + " -c 'import sys; print(sys.path[1:])'").out
        self.assertEqual(self.python("import sys; print(sys.path[1:])").out, fresh)
        self.assertIn(self.site.encode(), fresh)

    def test_without_a_place_for_it_everything_runs_on(self) -> None:
        shutil.rmtree(self.sandbox.packages)
        with open(self.sandbox.packages, "w"):
            pass
        try:
            self.assertEqual(self.python("print(1)").out, b"1\n")
            self.assertEqual(self.shell("echo 2").out, b"2\n")
        finally:
            os.unlink(self.sandbox.packages)
            os.mkdir(self.sandbox.packages)


if __name__ == "__main__":
    unittest.main()
