"""Archives of what changes while it is packed: whole, or none that could pass for one."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import unittest
import zipfile
from unittest import mock

from client import CallFailed
from clara_agent.archives import survey
from clara_agent.archives.pack import WRITERS, pack, write
from clara_agent.archives.packing_output import HEAD_BYTES, PackingOutput
from clara_agent.wire import codec
from packing_case import FORMS, PackingCase, in_child, names_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Answer
    from typing import Any


class Changes(PackingCase):
    def begin(self, form: Any) -> tuple[int, Answer]:
        """A pack whose reader has stopped after the first bytes."""
        self.client.gives_credit = False
        number = self.client.open("pack", path=self.folder, format=form)
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        return number, answer

    def go_on(self, number: int) -> None:
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, (262144).to_bytes(4, "big"))

    def test_what_goes_wrong_on_the_way_leaves_no_archive_that_could_pass_for_one(self) -> None:
        changes = {
            "removed": lambda: os.unlink(self.path("b/file")),
            "a folder that is removed": lambda: os.rename(self.path("b"), self.path("elsewhere")),
            "truncated": lambda: os.truncate(self.path("b/file"), 10),
            "replaced by a folder": lambda: (os.unlink(self.path("b/file")), os.mkdir(self.path("b/file"))),
            "replaced by a link": lambda: (os.unlink(self.path("b/file")), os.symlink("/etc/passwd", self.path("b/file"))),
            "replaced by a pipe": lambda: (os.unlink(self.path("b/file")), os.mkfifo(self.path("b/file"))),
        }
        for what, change in changes.items():
            for form in FORMS:
                self.client.call("remove", path=self.folder, recursive=True)
                self.put("a/first", os.urandom(8 << 20))
                self.put("b/file", os.urandom(2 << 20))
                self.put("c/last", b"")
                number, answer = self.begin(form)
                change()
                self.go_on(number)
                with self.assertRaises(CallFailed, msg=what) as caught:
                    self.client.finish(number)
                self.assertEqual(caught.exception.code, "invalid")
                self.assertRegex(caught.exception.message, "changed.*b(/file)?;")
                self.assertGreater(len(answer.out), 4 << 20)
                self.assert_no_archive(form, answer.out)

    def assert_no_archive(self, form: Any, data: bytes) -> None:
        self.write_file("part", data)
        commands = {"tar": [["tar", "-tf", "part"]], "zip": [["unzip", "-tqq", "part"]]}
        for command in commands[form]:
            done = subprocess.run(command, cwd=self.sandbox.workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertNotEqual(done.returncode, 0)

    def test_an_archive_that_ends_anywhere_before_its_end_is_none(self) -> None:
        for name in "a", "b", "d/c", "d/e/f", "g/h":
            self.put(name, name.encode() * 600)
            os.symlink("there", self.path(name + "-link"))
            self.put(name + "-empty")
        for form in FORMS:
            cuts = []
            output = PackingOutput(os.open(os.devnull, os.O_WRONLY))
            output.has_begun = True
            output._send = lambda size, kept: cuts.append(output.bytes - kept)
            looked = survey.Survey(WRITERS[form])
            looked.look(self.path())
            with mock.patch.object(output, "write", lambda data, most=0: PackingOutput.write(output, data, most)):
                write(looked.plan, WRITERS[form](output))
            whole = self.packed(form).out
            self.assertGreater(len(cuts), 8)
            for cut in cuts[:-1]:
                self.assert_no_archive(form, whole[:cut])

    def test_a_file_that_grows_is_cut_where_it_began(self) -> None:
        for form in FORMS:
            self.put("a", os.urandom(8 << 20))
            self.put("log", b"line\n")
            number, answer = self.begin(form)
            with open(self.path("log"), "ab") as file:
                file.write(b"more\n")
            os.rename(self.path("a"), self.path("a"))
            self.put("new")
            self.go_on(number)
            self.client.finish(number)
            self.assertEqual(names_in(answer.out), ["a", "log"])
            if form == "tar":
                with tarfile.open(fileobj=io.BytesIO(answer.out)) as tar:
                    file = tar.extractfile("log")
                    self.assertEqual(file and file.read(), b"line\n")
            else:
                with zipfile.ZipFile(io.BytesIO(answer.out)) as file:
                    self.assertEqual(file.read("log"), b"line\n")
            os.unlink(self.path("new"))

    def test_a_small_folder_that_changes_is_packed_anew(self) -> None:
        self.put("a")
        for form in FORMS:
            self.put("b")
            real = survey.Survey.look

            def looks(self_: Any, path: Any) -> None:
                real(self_, path)
                if os.path.exists(self.path("b")):
                    os.unlink(self.path("b"))

            reader, writer = os.pipe()
            with mock.patch.object(survey.Survey, "look", looks):
                self.assertEqual(in_child(lambda: pack(self.path(), form, writer)["entries"]), "1")
            os.close(writer)
            with os.fdopen(reader, "rb") as file:
                self.assertEqual(names_in(file.read()[HEAD_BYTES:]), ["a"])

    def test_a_folder_that_never_rests_is_an_error(self) -> None:
        self.put("a")
        with mock.patch("clara_agent.archives.pack.write", side_effect=survey.Changed(b"a")):
            self.assertRegex(in_child(lambda: pack(self.path(), "tar", 1)), "^Changed: It changed while it was packed: a; try again.$")


if __name__ == "__main__":
    unittest.main()
