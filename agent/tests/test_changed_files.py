"""The files that a run says it has changed."""

from __future__ import annotations

import os
import subprocess

from case import AgentCase
from clara_agent.wire import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class ChangedFiles(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self._testMethodName
        os.mkdir(self.sandbox.path(self.folder))

    def at(self, name: str) -> str:
        return self.sandbox.path(os.path.join(self.folder, name))

    def run_here(self, source: str, program: str = "shell") -> Answer:
        return self.client.run(program, source, cwd=self.sandbox.path(self.folder), trackFiles=True)

    def changes_of(self, answer: Answer) -> list[list[Any]]:
        files = answer.result["files"]
        self.assertFalse(files["truncated"])
        top = self.sandbox.path(self.folder)
        return [[os.path.relpath(each["path"], top), each["change"], each["size"]] for each in files["changes"]]

    def changed(self, source: str, program: str = "shell") -> list[list[Any]]:
        return self.changes_of(self.run_here(source, program))

    def test_what_comes_changes_and_goes_is_told_by_name(self) -> None:
        self.changed("printf old > modified; printf old > gone; printf same > same")
        told = self.changed("printf longer > modified; rm gone; printf new > created; cat same; printf x > passing; rm passing")
        self.assertEqual(told, [["created", "created", 3], ["gone", "deleted", None], ["modified", "modified", 6]])

    def test_a_run_without_changes_has_none_and_only_its_own_are_told(self) -> None:
        self.changed("printf before > before")
        self.write_file(self.folder + "/between", b"x")
        self.assertEqual(self.changed("cat before between"), [])

    def test_who_does_not_ask_is_not_told(self) -> None:
        self.assertNotIn("files", self.shell("true").result)

    def test_hidden_names_and_those_of_programs_are_left_out(self) -> None:
        source = "mkdir -p .git/deep __pycache__ node_modules/a out; touch .env .git/deep/x __pycache__/y node_modules/a/z out/seen"
        self.assertEqual(self.changed(source), [["out/seen", "created", 0]])
        self.assertEqual(self.changed("printf xy > .part; mv .part out/whole; mv out/seen .seen"), [["out/seen", "deleted", None], ["out/whole", "created", 2]])

    def test_a_rename_is_a_deletion_and_a_creation_also_of_all_in_a_folder(self) -> None:
        self.changed("mkdir -p a/b; printf 1 > a/one; printf 22 > a/b/two; printf 333 > three")
        told = self.changed("mv a c; mv three four")
        expected = [
            ["a/b/two", "deleted", None],
            ["a/one", "deleted", None],
            ["c/b/two", "created", 2],
            ["c/one", "created", 1],
            ["four", "created", 3],
            ["three", "deleted", None],
        ]
        self.assertEqual(told, expected)
        self.assertEqual(self.changed("printf 55555 > c/b/two"), [["c/b/two", "modified", 5]])

    def test_a_file_in_the_place_of_another_is_modified(self) -> None:
        self.changed("printf a > target; printf bb > other")
        self.assertEqual(self.changed("printf ccc > .new; mv .new target"), [["target", "modified", 3]])
        self.assertEqual(self.changed("mv other target"), [["other", "deleted", None], ["target", "modified", 2]])
        self.assertEqual(self.changed("rm target; printf dddd > target"), [["target", "modified", 4]])

    def test_what_is_opened_and_not_written_is_no_change_and_what_is_mapped_is_one(self) -> None:
        self.changed("printf 0123456789 > kept; printf 0123456789 > mapped; touch -d 2020-01-01 kept mapped")
        source = "import mmap\nopen('kept', 'a').close()\nwith open('mapped', 'r+b') as f:\n    m = mmap.mmap(f.fileno(), 0); m[0] = 65; m.flush(); m.close()\n"
        self.assertEqual(self.changed(source, "python"), [["mapped", "modified", 10]])

    def test_links_are_told_by_what_they_lead_to_and_what_is_no_file_is_not_told(self) -> None:
        self.changed("printf four > target")
        told = self.changed("ln -s target link; ln -s nowhere dangling; mkfifo pipe; mkdir empty; ln -s empty folder")
        self.assertEqual(told, [["link", "created", 4]])

    def test_folders_that_come_are_looked_into_and_those_that_go_are_told_whole(self) -> None:
        told = self.changed("for i in 1 2 3; do mkdir -p new/$i/deep; printf x > new/$i/deep/file; done")
        self.assertEqual(told, [["new/%d/deep/file" % i, "created", 1] for i in (1, 2, 3)])
        self.assertEqual(self.changed("rm -r new"), [["new/%d/deep/file" % i, "deleted", None] for i in (1, 2, 3)])

    def test_of_many_the_first_are_told_by_name(self) -> None:
        files = self.run_here("for i in $(seq 1 250); do : > $(printf %03d $i); done").result["files"]
        self.assertTrue(files["truncated"])
        self.assertEqual([os.path.basename(each["path"]) for each in files["changes"]], ["%03d" % i for i in range(1, 101)])

    def test_more_than_is_kept_in_mind_is_told_right_all_the_same(self) -> None:
        source = "for i in range(30000):\n    open('%05d' % (29999 - i), 'w').close()\n"
        files = self.run_here(source, "python").result["files"]
        self.assertTrue(files["truncated"])
        self.assertEqual([os.path.basename(each["path"]) for each in files["changes"]], ["%05d" % i for i in range(100)])
        self.run_here("rm -r .")

    def test_names_that_are_no_utf8_go_through(self) -> None:
        answer = self.run_here("printf x > $'\\xff'")
        self.assertEqual([os.fsencode(each["path"])[-1:] for each in answer.result["files"]["changes"]], [b"\xff"])

    def test_a_plain_run_in_the_workspace_that_writes_its_own_script_folder_tells_nothing(self) -> None:
        self.assertEqual(self.changed("print(1)", "python"), [])

    def test_what_the_api_writes_meanwhile_is_not_told(self) -> None:
        self.changed("printf a > moved; mkdir folder; printf b > folder/removed; printf c > edited; printf d > copied")
        argv = ["/bin/sh", "-c", "cat; printf own > own"]
        number = self.client.open("run", program="argv", argv=argv, stdin=True, cwd=self.at("."), trackFiles=True)
        self.client.call("write", b"upload", path=self.at("new/uploaded"))
        self.client.call("move", to=self.at("there"), **{"from": self.at("moved")})
        self.client.call("copy", to=self.at("copy"), **{"from": self.at("copied")})
        self.client.call("remove", path=self.at("folder"), recursive=True)
        self.client.call("edit", b'[{"old": "c", "new": "cc"}]', path=self.at("edited"))
        self.client.send(codec.END, number, 0)
        self.client.wait(lambda: self.client.answers[number].is_over)
        self.assertEqual(self.changes_of(self.client.answers[number]), [["own", "created", 3]])

    def test_runs_beside_each_other_are_told_what_happens_during_each(self) -> None:
        number = self.client.open("run", program="argv", argv=["/bin/cat"], stdin=True, cwd=self.at("."), trackFiles=True)
        self.assertEqual(self.changed("printf x > during"), [["during", "created", 1]])
        self.assertEqual(self.changed("printf y >> during"), [["during", "modified", 2]])
        self.client.send(codec.END, number, 0)
        self.client.wait(lambda: self.client.answers[number].is_over)
        self.assertEqual(self.changes_of(self.client.answers[number]), [["during", "created", 2]])

    def test_a_cell_and_a_kept_process_tell_it_too(self) -> None:
        at = self.sandbox.path(self.folder)
        make = {"language": "bash", "cwd": at}
        result = self.client.call("cell", b"printf x > cell", id=self.folder, make=make, most=16, timeoutMs=10000, trackFiles=True).result
        self.assertEqual([(os.path.basename(each["path"]), each["change"]) for each in result["files"]["changes"]], [("cell", "created")])
        kept = self.client.call("start", b"printf x > kept", program="shell", cwd=at, most=16, trackFiles=True).result
        read = self.client.call("attach", id=kept["id"]).result
        self.assertEqual([os.path.basename(each["path"]) for each in read["exit"]["files"]["changes"]], ["kept"])
        self.assertNotIn("files", self.client.call("processes", id=kept["id"]).result["processes"][0]["exit"])

    def test_folders_that_lie_in_each_other_deeper_than_python_calls_move(self) -> None:
        deep = "d/" * 1200
        # Python's own way to remove a tree calls itself for each folder.
        self.addCleanup(subprocess.run, ["rm", "-rf", self.at("d"), self.at("e")], check=True)
        self.changed("mkdir -p %s && printf x > %sdeep" % (deep, deep))
        told = self.changed("mv d e")
        self.assertEqual([(path[:2], os.path.basename(path), change) for path, change, _ in told], [("d/", "deep", "deleted"), ("e/", "deep", "created")])
