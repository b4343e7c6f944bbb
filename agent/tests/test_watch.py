"""The operation watch: what happens in a folder, as it happens."""

from __future__ import annotations

import json
import os
import unittest

from case import AgentCase
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Watching(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self._testMethodName
        os.mkdir(self.sandbox.path(self.folder))

    def at(self, name: str) -> str:
        return self.sandbox.path(os.path.join(self.folder, name)) if name else self.sandbox.path(self.folder)

    def watch(self, path: str | None = None, **parameters: Any) -> int:
        number = self.client.open("watch", path=path or self.folder, **parameters)
        self.client.wait(lambda: self.client.answers[number].events or self.client.answers[number].is_over)
        self.assertEqual(self.client.answers[number].events, [{"watching": True}])
        self.addCleanup(self.stop, number)
        return number

    def stop(self, number: int) -> None:
        if not self.client.answers[number].is_over:
            self.client.send(9, number)
            self.client.wait(lambda: self.client.answers[number].is_over)

    def lines(self, number: int) -> list[dict[str, Any]]:
        """All lines so far, relative to the folder."""
        lines = [json.loads(line) for line in self.client.answers[number].out.splitlines()]
        for line in lines:
            for key in "path", "from":
                if key in line:
                    line[key] = os.path.relpath(line[key], self.at(""))
        return lines

    def until(self, number: int, name: str) -> list[list[str]]:
        """What was told up to a file of this name, which is made now; without its own lines."""
        open(self.at(name), "w").close()
        self.client.wait(lambda: b'/%s"' % name.encode() in self.client.answers[number].out)
        told = [line for line in self.lines(number) if line.get("path") != name]
        return [[line["event"]] + [line[key] for key in ("from", "path", "type") if key in line] for line in told]

    def test_files_come_change_and_go(self) -> None:
        number = self.watch()
        with open(self.at("a.txt"), "w") as file:
            file.write("one")
        os.chmod(self.at("a.txt"), 0o600)
        os.rename(self.at("a.txt"), self.at("b.txt"))
        os.symlink("b.txt", self.at("link"))
        os.remove(self.at("b.txt"))
        expected = [
            ["created", "a.txt", "file"],
            ["modified", "a.txt", "file"],
            ["attributes", "a.txt", "file"],
            ["renamed", "a.txt", "b.txt", "file"],
            ["created", "link", "symlink"],
            ["deleted", "b.txt", "file"],
        ]
        self.assertEqual(self.until(number, "end"), expected)

    def test_all_below_a_folder_is_told_also_what_is_new_or_has_moved(self) -> None:
        os.makedirs(self.at("old/deep"))
        number = self.watch()
        open(self.at("old/deep/one"), "w").close()
        os.makedirs(self.at("new/er/est"))
        open(self.at("new/er/est/two"), "w").close()
        self.until(number, "first")
        os.rename(self.at("old"), self.at("moved"))
        open(self.at("moved/deep/three"), "w").close()
        told = self.until(number, "second")
        for line in [
            ["created", "old/deep/one", "file"],
            ["created", "new", "directory"],
            ["created", "new/er", "directory"],
            ["created", "new/er/est", "directory"],
            ["created", "new/er/est/two", "file"],
            ["renamed", "old", "moved", "directory"],
            ["created", "moved/deep/three", "file"],
        ]:
            self.assertEqual(told.count(line), 1, line)

    def test_what_leaves_and_what_comes_from_elsewhere_is_no_rename(self) -> None:
        outside = self.sandbox.path("outside-" + self.folder)
        os.makedirs(outside + "/in")
        open(outside + "/in/file", "w").close()
        os.mkdir(self.at("out"))
        number = self.watch()
        os.rename(self.at("out"), outside + "/out")
        os.rename(outside + "/in", self.at("in"))
        open(outside + "/out/unseen", "w").close()
        self.until(number, "first")
        open(self.at("in/later"), "w").close()
        expected = [["deleted", "out", "directory"], ["created", "in", "directory"], ["created", "in/file", "file"], ["created", "in/later", "file"]]
        self.assertEqual([line for line in self.until(number, "second") if line[0] != "attributes" and line[1] != "first"], expected)

    def test_alone_a_folder_says_nothing_of_what_is_below(self) -> None:
        os.mkdir(self.at("below"))
        number = self.watch(recursive=False)
        open(self.at("below/file"), "w").close()
        os.mkdir(self.at("new"))
        self.assertEqual(self.until(number, "end"), [["created", "new", "directory"]])

    def test_a_file_that_is_written_by_the_api_is_created_and_then_modified(self) -> None:
        number = self.watch()
        for content in b"one", b"two":
            self.client.call("write", content, path=self.at("file"))
        told = [line for line in self.until(number, "end") if line[0] != "attributes"]
        self.assertEqual(told, [["created", "file", "file"], ["modified", "file", "file"]])

    def test_who_asks_has_been_told_all_that_happened_before(self) -> None:
        number = self.watch()
        for name in "abcdefgh":
            open(self.at(name), "w").close()
            self.assertEqual(self.client.call("settle").result, {})
            self.assertEqual(self.lines(number)[-1], {"event": "created", "path": name, "type": "file"})

    def test_nobody_watches_and_there_is_nothing_to_tell(self) -> None:
        self.assertEqual(self.client.call("settle").result, {})

    def test_what_happened_before_is_not_told(self) -> None:
        # Since this run the workspace is watched, and nobody looks.
        self.client.run("shell", "true", trackFiles=True)
        with open(self.at("before"), "w") as file:
            file.write("x")
        number = self.watch()
        self.assertEqual(self.until(number, "end"), [])

    def test_a_file_without_a_name_is_told_when_it_has_one(self) -> None:
        number = self.watch()
        descriptor = os.open(self.at(""), os.O_TMPFILE | os.O_WRONLY)
        os.ftruncate(descriptor, 1)
        os.fchmod(descriptor, 0o640)
        os.link("/proc/self/fd/%d" % descriptor, self.at("#1"), src_dir_fd=descriptor)
        os.close(descriptor)
        self.assertEqual(self.until(number, "end"), [["created", "#1", "file"]])

    def test_two_watchers_hear_of_the_same_folder_and_the_end_of_one_is_none_of_the_other(self) -> None:
        os.mkdir(self.at("inner"))
        outer, inner = self.watch(), self.watch(os.path.join(self.folder, "inner"))
        open(self.at("inner/one"), "w").close()
        self.client.wait(lambda: self.lines(inner) and self.lines(outer))
        self.stop(outer)
        open(self.at("inner/two"), "w").close()
        self.client.wait(lambda: any(line["path"] == "inner/two" for line in self.lines(inner)))

    def test_more_than_is_kept_for_a_reader_is_told_as_overflow(self) -> None:
        self.client.gives_credit = False
        number = self.watch()
        self.addCleanup(setattr, self.client, "gives_credit", True)
        for round_number in range(14):
            self.python("for n in range(1000): open('%s/%d-%%d' %% n, 'w').close()" % (self.folder, round_number))
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, len(self.client.answers[number].out).to_bytes(4, "big"))
        told = self.until(number, "end")
        self.assertIn(["overflow"], told)
        self.assertLess(len(told), 14000)

    def test_the_end_of_the_folder_is_the_end_of_its_watch(self) -> None:
        number = self.watch()
        os.rmdir(self.at(""))
        self.client.wait(lambda: self.client.answers[number].is_over)
        self.assertEqual(self.client.answers[number].result, {})
        self.assertEqual(self.lines(number), [{"event": "deleted", "path": ".", "type": "directory"}])

    def test_what_cannot_be_watched_is_refused(self) -> None:
        open(self.at("file"), "w").close()
        self.assert_fails("not_found", "watch", path=self.at("absent"))
        self.assert_fails("not_directory", "watch", path=self.at("file"))
        for _ in range(64):
            self.watch()
        self.assert_fails("limit", "watch", path=self.folder)


if __name__ == "__main__":
    unittest.main()
