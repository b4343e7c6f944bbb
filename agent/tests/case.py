"""Base of tests that need an agent: one for each class, a fresh workspace name for each test."""

from __future__ import annotations

import unittest

from client import CallFailed
from sandbox import Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class AgentCase(unittest.TestCase):
    config = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.sandbox = Sandbox(**cls.config)
        cls.client = cls.sandbox.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.sandbox.close()

    def setUp(self) -> None:
        if self.client.is_closed:
            type(self).client = self.sandbox.start()

    def shell(self, source: str | bytes, **parameters: Any) -> Answer:
        return self.client.run("shell", source, **parameters)

    def python(self, source: str | bytes, **parameters: Any) -> Answer:
        return self.client.run("python", source, **parameters)

    def write_file(self, name: str, content: bytes = b"") -> None:
        with open(self.sandbox.path(name), "wb") as file:
            file.write(content)

    def read_file(self, name: str) -> bytes:
        with open(self.sandbox.path(name), "rb") as file:
            return file.read()

    def assert_fails(self, code: str, op: str, body: Any = None, **parameters: Any) -> None:
        with self.assertRaises(CallFailed) as caught:
            self.client.call(op, body, **parameters)
        self.assertEqual(caught.exception.code, code)
        self.assertRegex(caught.exception.message, r"^[A-Z].*\.$")
