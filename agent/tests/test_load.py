"""The operation load."""

from __future__ import annotations

import os
import tempfile
import unittest

import client  # noqa: F401 (makes the agent importable)

from clara_agent.host.load import read_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Loads(unittest.TestCase):
    def read(self, files: Any) -> dict[str, int] | None:
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(text)
            return read_load(root)

    def test_a_group_of_version_2_is_read(self) -> None:
        files = {
            "memory.current": "10485760\n",
            "memory.stat": "anon 4194304\ninactive_file 2097152\nactive_file 1\n",
            "cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
        }
        self.assertEqual(self.read(files), {"memoryBytes": 8388608, "cacheBytes": 2097152, "cpuNanos": 1500000})

    def test_a_group_of_version_1_is_read_with_all_below_it(self) -> None:
        files = {
            "memory/memory.usage_in_bytes": "10485760\n",
            "memory/memory.stat": "cache 1\ninactive_file 1\ntotal_inactive_file 2097152\n",
            "cpuacct/cpuacct.usage": "1500000\n",
        }
        self.assertEqual(self.read(files), {"memoryBytes": 8388608, "cacheBytes": 2097152, "cpuNanos": 1500000})

    def test_more_cache_than_memory_is_no_memory(self) -> None:
        files = {"memory.current": "1\n", "memory.stat": "inactive_file 2\n", "cpu.stat": "usage_usec 0\n"}
        self.assertEqual(self.read(files), {"memoryBytes": 0, "cacheBytes": 1, "cpuNanos": 0})

    def test_the_root_of_all_groups_and_no_group_at_all_are_none(self) -> None:
        self.assertIsNone(self.read({"memory.stat": "inactive_file 2\n", "cpu.stat": "usage_usec 5\n"}))
        self.assertIsNone(self.read({"memory.current": "max\n", "cpu.stat": "usage_usec 5\n"}))
        self.assertIsNone(self.read({}))
