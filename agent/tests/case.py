"""Base of tests that need an agent: one for each class, a fresh workspace name for each test."""
import unittest

from client import CallFailed
from sandbox import Sandbox


class AgentCase(unittest.TestCase):
    config = {}

    @classmethod
    def setUpClass(cls):
        cls.sandbox = Sandbox(**cls.config)
        cls.client = cls.sandbox.start()

    @classmethod
    def tearDownClass(cls):
        cls.sandbox.close()

    def setUp(self):
        if self.client.is_closed:
            type(self).client = self.sandbox.start()

    def shell(self, source, **parameters):
        return self.client.run("shell", source, **parameters)

    def python(self, source, **parameters):
        return self.client.run("python", source, **parameters)

    def write_file(self, name, content=b""):
        with open(self.sandbox.path(name), "wb") as file:
            file.write(content)

    def read_file(self, name):
        with open(self.sandbox.path(name), "rb") as file:
            return file.read()

    def assert_fails(self, code, op, body=None, **parameters):
        with self.assertRaises(CallFailed) as caught:
            self.client.call(op, body, **parameters)
        self.assertEqual(caught.exception.code, code)
        self.assertRegex(caught.exception.message, r"^[A-Z].*\.$")
