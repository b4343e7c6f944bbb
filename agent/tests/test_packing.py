"""Archives out: whole, or none that could pass for one."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import tarfile
import unittest
import zipfile
from unittest import mock

from client import CallFailed
from clara_agent.archives import survey
from clara_agent.archives.pack import pack
from packing_case import FORMS, PackingCase, in_child, names_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Packing(PackingCase):
    def test_the_size_is_said_before_the_archive(self) -> None:
        self.put("a", os.urandom(1000))
        for form in FORMS:
            answer = self.packed(form)
            self.assertEqual(answer.events, [{"bytes": len(answer.out)}])
        self.put("b", os.urandom(5 << 20))
        for form, size in (("tar", lambda out: len(out)), ("zip", lambda out: None)):
            answer = self.packed(form)
            self.assertEqual(answer.events, [{"bytes": size(answer.out)}])
            self.assertEqual((answer.result["bytes"], names_in(answer.out)), (len(answer.out), ["a", "b"]))

    def test_a_tar_has_the_size_that_was_said_for_names_and_files_of_all_lengths(self) -> None:
        for length in 1, 98, 99, 100, 101, 250:
            self.put("n" * length, b"x" * (511 + length % 3))
            os.symlink("t" * length, self.path("l%d" % length))
            os.makedirs(self.path("d%d/%s" % (length, "e" * length)))
        self.put("big", bytes(5 << 20))
        answer = self.packed("tar")
        self.assertEqual((answer.events, len(answer.out) % 10240), ([{"bytes": len(answer.out)}], 0))
        self.assertEqual(len(names_in(answer.out)), answer.result["entries"])

    def test_a_tree_deeper_than_a_path_can_be_is_packed_in_little_memory(self) -> None:
        self.make_deep(8000)
        self.put("z", b"last")
        for form in FORMS:

            def packs() -> Any:
                most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (96 << 20)
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
                return pack(self.path(), form, os.open(os.devnull, os.O_WRONLY))["entries"]

            self.assertEqual(in_child(packs), "8002")

    def test_paths_longer_than_the_kernel_takes_are_packed(self) -> None:
        self.make_deep(3000)
        for form in FORMS:
            answer = self.packed(form)
            self.assertEqual(answer.result, {"entries": 3001, "bytes": len(answer.out)})
            self.assertIn("d/" * 3000 + "file", names_in(answer.out))

    def test_what_is_too_deep_or_too_much_is_refused_before_the_first_byte(self) -> None:
        self.make_deep(40, ["f%d" % number for number in range(100)])
        for limit in {"MAX_PATH_BYTES": 8000}, {"MAX_ENTRIES": 139}:
            with mock.patch.multiple(survey, **limit):  # pyright: ignore[reportCallIssue, reportArgumentType]
                for form in FORMS:
                    reader, writer = os.pipe()
                    answer = in_child(lambda: pack(self.path(), form, writer))
                    os.close(writer)
                    with os.fdopen(reader, "rb") as file:
                        self.assertEqual(file.read(), b"")
                    self.assertRegex(answer, "^Failure: .*in parts.$")

    def test_a_path_that_zip_cannot_hold_is_refused_before_the_first_byte(self) -> None:
        self.make_deep(0)
        self.python("import os\nos.chdir('%s')\nfor _ in range(330):\n    os.mkdir('d' * 200)\n    os.chdir('d' * 200)" % self.folder)
        with self.assertRaises(CallFailed) as caught:
            self.packed("zip")
        self.assertEqual((caught.exception.code, self.packed("tar").result["entries"]), ("unsupported", 331))

    def test_what_cannot_be_read_is_refused_by_its_name_before_the_first_byte(self) -> None:
        self.put("readable", bytes(100))
        cases = {"sub/secret": 0o000, "sub/write-only": 0o200, "closed/": 0o000, "no-list/": 0o311, "no-enter/": 0o644}
        for name in cases:
            self.put(name if not name.endswith("/") else name + "inside")
        for name, mode in cases.items():
            for form in FORMS:
                os.chmod(self.path(name), mode)
                reader, writer = os.pipe()
                answer = in_child(lambda: pack(self.path(), form, writer), is_nobody=True)
                os.close(writer)
                os.chmod(self.path(name), 0o755)
                with os.fdopen(reader, "rb") as file:
                    self.assertEqual(file.read(), b"")
                self.assertRegex(answer, "^Failure: Permission denied: %s" % name.rstrip("/"))
            os.chmod(self.path(name), 0o755)

    def test_pipes_sockets_and_devices_are_left_out(self) -> None:
        self.put("file", b"1")
        os.mkfifo(self.path("fifo"))
        self.python("import socket\nsocket.socket(socket.AF_UNIX).bind('%s/socket')" % self.folder)
        for form in FORMS:
            self.assertEqual(names_in(self.packed(form).out), ["file"])

    def test_set_id_bits_and_the_user_are_left_out(self) -> None:
        self.put("a")
        os.chmod(self.path("a"), 0o6755)
        with tarfile.open(fileobj=io.BytesIO(self.packed("tar").out)) as tar:
            member = tar.getmember("a")
        self.assertEqual((member.mode, member.uid, member.gid, member.uname), (0o755, 1000, 1000, ""))
        with zipfile.ZipFile(io.BytesIO(self.packed("zip").out)) as file:
            self.assertEqual(file.getinfo("a").external_attr >> 16, 0o100755)

    def test_times_that_a_format_cannot_hold_are_no_error(self) -> None:
        for number, seconds in enumerate((-(1 << 33), -1, 0, 1 << 31, 1 << 35)):
            self.put("t%d" % number)
            os.utime(self.path("t%d" % number), (seconds, seconds))
        for form in FORMS:
            self.assertEqual(len(names_in(self.packed(form).out)), 5)

    def test_names_in_a_zip_are_marked_as_utf8_where_they_are(self) -> None:
        for name in b"plain", "Gr\u00fc\u00dfe".encode(), b"caf\xe9", b"back\\slash":
            self.put(name)
        with zipfile.ZipFile(io.BytesIO(self.packed("zip").out)) as file:
            found = {info.orig_filename: bool(info.flag_bits & 0x800) for info in file.infolist()}
        self.assertEqual(found, {"plain": False, "Gr\u00fc\u00dfe": True, b"caf\xe9".decode("cp437"): False, "back\\slash": False})

    def test_other_tools_take_both_forms(self) -> None:
        self.put("sub/run", b"#!/bin/sh\necho ran\n")
        os.chmod(self.path("sub/run"), 0o755)
        os.symlink("sub/run", self.path("link"))
        self.put("L" * 150 + "/" + "M" * 150, b"long")
        for form, command in (("tar", ["tar", "-xf"]), ("zip", ["unzip", "-q"])):
            self.write_file("archive", self.packed(form).out)
            os.makedirs(self.sandbox.path("out-" + form))
            subprocess.run(command + [self.sandbox.path("archive")], cwd=self.sandbox.path("out-" + form), check=True)
            self.assertEqual(subprocess.check_output([self.sandbox.path("out-%s/link" % form)]), b"ran\n")
            self.assertEqual(self.read_file("out-%s/%s/%s" % (form, "L" * 150, "M" * 150)), b"long")


if __name__ == "__main__":
    unittest.main()
