"""What is imported is what its source says now, however it was changed and however recently."""

from __future__ import annotations

import os
import unittest

from sandbox import Sandbox

THEN = 1_700_000_000 * 10**9
SHOW = "import m\nprint(m.V)"


class Sources(unittest.TestCase):
    def setUp(self) -> None:
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        # Whatever the one who runs the tests has set.
        self.sandbox.environment["PYTHONDONTWRITEBYTECODE"] = ""
        self.client = self.sandbox.start()

    def write(self, name: str, text: str, time_ns: int = THEN) -> str:
        """Writes a source that has the same size and time of change each time."""
        path = self.sandbox.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.utime(path, ns=(time_ns, time_ns))
        return path

    def run_python(self, source: str) -> str:
        answer = self.client.run("python", source)
        return (answer.out + answer.err).decode()

    def compiled(self, name: str) -> str:
        """The compiled file of a module of the workspace."""
        folder = self.sandbox.path("__pycache__")
        return os.path.join(folder, next(entry for entry in os.listdir(folder) if entry.startswith(name + ".")))

    def settle(self) -> os.stat_result:
        """Imports m until what was compiled serves again; its file then."""
        before = None
        while True:
            self.run_python(SHOW)
            status = os.stat(self.compiled("m"))
            if status.st_ino == before:
                return status
            before = status.st_ino

    def test_a_module_that_keeps_its_size_and_time(self) -> None:
        for value in "123":
            self.write("m.py", "V = %s" % value)
            self.assertEqual(self.run_python(SHOW), value + "\n")

    def test_a_module_of_a_folder_that_is_only_called_like_one_of_installed_packages(self) -> None:
        for value in "12":
            self.write("my-packages/m.py", "V = %s" % value)
            self.assertEqual(self.run_python("import sys\nsys.path.insert(0, 'my-packages')\n" + SHOW), value + "\n")

    def test_a_module_that_is_rewritten_after_it_has_served_for_long(self) -> None:
        self.write("m.py", "V = 1")
        self.settle()
        self.write("m.py", "V = 2")
        self.assertEqual(self.run_python(SHOW), "2\n")

    def test_parts_of_a_package(self) -> None:
        for value in "12":
            self.write("p/__init__.py", "A = %s" % value)
            self.write("p/q/__init__.py", "B = %s" % value)
            self.write("p/q/r.py", "C = %s" % value)
            self.assertEqual(self.run_python("import p.q.r\nprint(p.A, p.q.B, p.q.r.C)"), "{0} {0} {0}\n".format(value))

    def test_another_file_under_the_name(self) -> None:
        one, two = self.write("one", "V = 1"), self.write("two", "V = 2")
        path = self.sandbox.path("m.py")
        os.symlink(one, path)
        self.settle()
        os.symlink(two, path + ".new")
        os.rename(path + ".new", path)
        self.assertEqual(self.run_python(SHOW), "2\n")
        three = self.write("three", "V = 3")
        self.settle()
        os.rename(three, path)
        self.assertEqual(self.run_python(SHOW), "3\n")

    def test_a_module_that_a_run_writes_and_loads_again(self) -> None:
        source = """import importlib, os
for value in 1, 2, 3:
    with open('m.py', 'w') as file: file.write('V = %d' % value)
    os.utime('m.py', ns=(0, 0))
    m = importlib.reload(m) if 'm' in globals() else importlib.import_module('m')
    print(m.V)"""
        self.assertEqual(self.run_python(source), "1\n2\n3\n")

    def test_a_module_that_is_rewritten_while_it_is_compiled(self) -> None:
        self.write("m.py", "V = 1")
        source = """import os, importlib.machinery as machinery
compile_source = machinery.SourceFileLoader.source_to_code
def source_to_code(self, data, path, **more):
    code = compile_source(self, data, path, **more)
    with open('m.py', 'w') as file: file.write('V = 2')
    os.utime('m.py', ns=(%d, %d))
    return code
machinery.SourceFileLoader.source_to_code = source_to_code
""" % (THEN, THEN)
        self.assertEqual(self.run_python(source + SHOW), "1\n")
        self.assertEqual(self.run_python(SHOW), "2\n")

    def test_a_module_of_an_installed_package(self) -> None:
        name = "venv/site-packages/m.py"
        path = "import sys\nsys.path.insert(0, 'venv/site-packages')\n"
        self.write(name, "V = 1", THEN)
        self.assertEqual(self.run_python(path + SHOW), "1\n")
        compiled = os.path.join(self.sandbox.path("venv/site-packages/__pycache__"), os.listdir(self.sandbox.path("venv/site-packages/__pycache__"))[0])
        os.utime(compiled, ns=(THEN + 1, THEN + 1))
        self.write(name, "V = 2", THEN + 2)
        self.assertEqual(self.run_python(path + SHOW), "2\n")

    def test_installed_packages_that_are_given_to_another_user_serve_as_they_are(self) -> None:
        name = "venv/site-packages/m.py"
        source = self.write(name, "V = 1")
        path = "import sys\nsys.path.insert(0, 'venv/site-packages')\n"
        self.run_python(path + SHOW)
        folder = self.sandbox.path("venv/site-packages/__pycache__")
        compiled = os.path.join(folder, os.listdir(folder)[0])
        before = os.stat(compiled).st_ino
        os.chmod(source, 0o600)
        self.run_python(path + SHOW)
        self.assertEqual(os.stat(compiled).st_ino, before)

    def test_what_is_compiled_serves_while_its_source_stays(self) -> None:
        self.write("m.py", "V = 1")
        before = self.settle()
        self.run_python(SHOW)
        self.assertEqual(os.stat(self.compiled("m")).st_ino, before.st_ino)

    def test_what_goes_by_a_hash_is_left_to_it(self) -> None:
        path = self.write("m.py", "V = 1")
        self.run_python("import py_compile\npy_compile.compile(%r, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)" % path)
        self.write("m.py", "V = 2")
        self.assertEqual(self.run_python(SHOW), "1\n")

    def test_files_beside_a_module_are_read_as_they_are(self) -> None:
        self.write("p/__init__.py", "V = 1")
        self.write("p/data.pyc", "data")
        self.assertEqual(self.run_python("import pkgutil\nprint(pkgutil.get_data('p', 'data.pyc'), pkgutil.get_data('p', '__init__.py'))"), "b'data' b'V = 1'\n")


if __name__ == "__main__":
    unittest.main()
