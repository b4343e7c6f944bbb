"""What an image has of the agent in compiled form, and when the agent is run from it."""

from __future__ import annotations

import marshal
import os
import runpy
import subprocess
import sys
import tempfile
import unittest
from typing import Any

from client import ROOT

PROGRAM = os.path.join(ROOT, "..", "images", "sandbox", "compile-agent.py")


class WhatAnImageHas(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.join(folder.name, "compiled")
        subprocess.run([sys.executable, PROGRAM, ROOT, self.folder], check=True)
        self.names: dict[str, Any] = runpy.run_path(os.path.join(ROOT, "bootstrap.py"), run_name="bootstrap")
        self.names["compiled_code"].__globals__["COMPILED"] = self.folder + os.sep
        with open(os.path.join(ROOT, "clara_agent", "main.py"), encoding="utf-8", newline="") as file:
            self.source = file.read()

    def _code_of(self, name: str, source: str) -> Any:
        return self.names["Bundle"]({name: source}).code_of(name, "<here>")

    def _write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)

    def test_is_each_module_by_its_name(self) -> None:
        package = os.path.join(ROOT, "clara_agent")
        modules = {
            os.path.relpath(os.path.join(folder, file), package)[:-3].replace(os.sep, ".")
            for folder, _, files in os.walk(package)
            for file in files
            if file.endswith(".py") and file != "__init__.py"
        }
        self.assertIn("wire.codec", modules)
        self.assertEqual(set(os.listdir(self.folder)), modules)

    def test_is_what_the_agent_would_compile(self) -> None:
        compiled = self.names["compiled_code"]("main", self.source, "<here>")
        self.assertEqual(compiled, self.names["compile_source"](self.source, "<here>"))
        parts = [part for part in compiled.co_consts if hasattr(part, "co_filename")]
        self.assertTrue(parts)
        self.assertEqual({part.co_filename for part in [compiled, *parts]}, {"<here>"})

    def test_is_run_where_it_was_made_of_the_same_source(self) -> None:
        self._write("main", self.names["stamp_of"](self.source) + marshal.dumps(compile("of = 'the image'", "", "exec")))
        names: dict[str, Any] = {}
        exec(self._code_of("main", self.source), names)
        self.assertEqual(names["of"], "the image")

    def test_is_left_where_the_source_is_another(self) -> None:
        names: dict[str, Any] = {}
        exec(self._code_of("main", "of = 'the source'"), names)
        self.assertEqual(names["of"], "the source")

    def test_is_left_where_it_is_cut_off_or_no_code(self) -> None:
        stamp = self.names["stamp_of"](self.source)
        for content in b"", stamp[:5], stamp, stamp + b"c", stamp + marshal.dumps(compile("1", "", "exec"))[:-5], stamp + b"\xff" * 99, stamp + marshal.dumps(7):
            with self.subTest(content=content):
                self._write("main", content)
                self.assertIn("Agent", self._code_of("main", self.source).co_names)

    def test_is_left_where_another_python_made_it(self) -> None:
        stamp = bytearray(self.names["stamp_of"](self.source))
        stamp[0] ^= 1
        self._write("main", bytes(stamp) + marshal.dumps(compile("of = 'the image'", "", "exec")))
        self.assertIn("Agent", self._code_of("main", self.source).co_names)
