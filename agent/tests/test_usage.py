"""The operation usage."""

from __future__ import annotations

import os

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Usages(AgentCase):
    def measure(self, *paths: Any, time: int = 10000, entries: int = 100000) -> dict[str, Any]:
        return self.client.call("usage", paths=list(paths), timeMs=time, entries=entries).result

    def test_blocks_and_entries_of_all_paths_are_counted(self) -> None:
        os.makedirs(self.sandbox.path("a/inner"))
        os.makedirs(self.sandbox.path("b"))
        self.write_file("a/inner/file", b"x" * 100000)
        self.write_file("b/file", b"x" * 50000)
        usage = self.measure("a", "b", "absent")
        self.assertEqual((usage["entries"], usage["complete"]), (3, True))
        self.assertTrue(150000 <= usage["bytes"] < 200000, usage)

    def test_holes_links_and_a_file_of_two_names_count_for_what_they_take(self) -> None:
        os.makedirs(self.sandbox.path("c"))
        with open(self.sandbox.path("c/hole"), "wb") as file:
            file.truncate(1 << 40)
        self.write_file("c/one", b"x" * 100000)
        os.link(self.sandbox.path("c/one"), self.sandbox.path("c/two"))
        os.symlink("/usr", self.sandbox.path("c/usr"))
        usage = self.measure("c")
        self.assertEqual(usage["entries"], 3)
        self.assertTrue(100000 <= usage["bytes"] < 130000, usage)

    def test_folders_deeper_than_a_path_may_be_long_are_counted(self) -> None:
        os.makedirs(self.sandbox.path("deep"))
        self.python("import os\nos.chdir('deep')\nfor _ in range(3000):\n    os.mkdir('nnnn')\n    os.chdir('nnnn')\nopen('f', 'w').write('x' * 9000)")
        usage = self.measure("deep")
        self.assertEqual((usage["entries"], usage["complete"]), (3001, True))
        self.client.call("remove", path="deep", recursive=True)

    def test_it_ends_when_it_has_counted_enough_or_for_long_enough(self) -> None:
        os.makedirs(self.sandbox.path("many"))
        for number in range(50):
            self.write_file("many/%d" % number)
        self.assertEqual(self.measure("many", entries=20), {"bytes": 0, "entries": 20, "complete": False})
        self.assertFalse(self.measure("many", time=0)["complete"])

    def test_a_folder_that_cannot_be_read_does_not_fail_it(self) -> None:
        os.makedirs(self.sandbox.path("d/closed"), mode=0o755)
        os.chmod(self.sandbox.path("d/closed"), 0)
        try:
            self.assertEqual(self.measure("d")["entries"], 1)
        finally:
            os.chmod(self.sandbox.path("d/closed"), 0o755)

    def test_wrong_parameters_are_refused(self) -> None:
        self.assert_fails("invalid", "usage", paths="a", timeMs=1, entries=1)
        self.assert_fails("invalid", "usage", paths=["a"], timeMs=-1, entries=1)
        self.assert_fails("invalid", "usage", paths=["a\0"], timeMs=1, entries=1)
