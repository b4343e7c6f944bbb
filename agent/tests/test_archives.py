"""Archives in, archives out, and archives that mean harm."""

from __future__ import annotations

import os
import stat
import subprocess
import tarfile
import unittest

from archive_builders import link, tar_of, zip_of
from archive_case import LIMITS, ArchiveCase
from client import CallFailed
from clara_agent.archives.archives import _extract_path
from clara_agent.wire import codec
from clara_agent.wire.errors import Failure
from clara_agent.io.tree import scan


UNSAFE = {
    "an absolute name": tar_of(("/etc/x", b"")),
    "a name that goes up": tar_of(("a/../../x", b"")),
    "a link that points out": tar_of(("l", link("../x"))),
    "a link that is absolute": tar_of(("l", link("/etc"))),
    "a way through a link": tar_of(("a", {"type": tarfile.DIRTYPE}), ("a/l", link("..")), ("a/l/../../x", b"")),
    "a chain of links": tar_of(("a/b", {"type": tarfile.DIRTYPE}), ("l", link("a/b")), ("m", link("l/../../.."))),
    "a loop of links": tar_of(("l", link("m")), ("m", link("l")), ("l/x", b"")),
    "a hard link that points out": tar_of(("h", link("../../etc/passwd", tarfile.LNKTYPE))),
    "a hard link that is absolute": tar_of(("h", link("/etc/passwd", tarfile.LNKTYPE))),
    "a device": tar_of(("d", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})),
    "a pipe": tar_of(("p", {"type": tarfile.FIFOTYPE})),
    "a zip with a name that goes up": zip_of(("../x", b"")),
    "a zip with an absolute name": zip_of(("/x", b"")),
    "a zip with a link that points out": zip_of(("l", b"../../x", stat.S_IFLNK | 0o777)),
}


class Archives(ArchiveCase):
    def test_each_kind_of_archive_is_told_by_its_content(self) -> None:
        entries = (("a/b.txt", b"hello"), ("c", b""))
        for number, data in enumerate([tar_of(*entries, mode="w" + mode) for mode in ("", ":gz", ":bz2", ":xz")] + [zip_of(*entries)]):
            self.write_file("archive", data)
            folder = "%s/%d" % (self.folder, number)
            result = self.client.call("extract", path="archive", destination=folder, limits=LIMITS).result
            self.assertEqual((result, self.found(folder)), ({"entries": 2, "bytes": 5}, {"a": None, "a/b.txt": b"hello", "c": b""}))

    def test_links_modes_and_times_are_kept(self) -> None:
        data = tar_of(("run", {"mode": 0o4755, "mtime": 1000000000}), ("d/file", b"x"), ("d/sym", link("file")), ("up", link("d/../run")), ("hard", link("d/file", tarfile.LNKTYPE)))
        self.assertEqual(self.unpack(data).result, {"entries": 5, "bytes": 1})
        self.assertEqual(self.found(), {"run": b"", "d": None, "d/file": b"x", "d/sym": "-> file", "up": "-> d/../run", "hard": b"x"})
        status = os.stat(self.sandbox.path(self.folder + "/run"))
        self.assertEqual((stat.S_IMODE(status.st_mode), status.st_mtime), (0o755, 1000000000))

    def test_unsafe_archives_are_refused_whole(self) -> None:
        for name, data in UNSAFE.items():
            form = "zip" if data[:2] == b"PK" else "tar"
            first = tar_of(("first", b"1"))[:1024] if form == "tar" else b""
            for archive in (data, first + data) if first else (data,):
                with self.assertRaises(CallFailed, msg=name) as caught:
                    self.unpack(archive, form)
                self.assertEqual(caught.exception.code, "unsafe_archive", name)
                self.assertEqual(self.found(), {}, name)

    def test_a_link_that_is_there_already_is_not_followed_out(self) -> None:
        os.makedirs(self.sandbox.path(self.folder))
        os.symlink("/tmp", self.sandbox.path(self.folder + "/out"))
        os.symlink("..", self.sandbox.path(self.folder + "/up"))
        for name in "out/x", "up/x":
            with self.assertRaises(CallFailed) as caught:
                self.unpack(tar_of((name, b"x")))
            self.assertEqual(caught.exception.code, "unsafe_archive")
        self.unpack(tar_of(("out", b"replaced")))
        self.assertEqual(self.found()["out"], b"replaced")

    def test_a_link_in_the_middle_of_an_archive_is_seen_by_what_follows(self) -> None:
        folder = {"type": tarfile.DIRTYPE}
        for entries in (
            (("a/b/one", b"1"), ("a/b/l", link("../..")), ("a/b/l/../x", b"2")),
            (("a/b/one", b"1"), ("a", link("..")), ("a/b/x", b"2")),
            (("a", folder), ("a/one", b"1"), ("a/l", link(".")), ("a/l/../../x", b"2")),
            (("l", link("a")), ("a/one", b"1"), ("a/m", link("..")), ("l/m/../x", b"2")),
        ):
            with self.assertRaises(CallFailed) as caught:
                self.unpack(tar_of(*entries))
            self.assertEqual((caught.exception.code, self.found()), ("unsafe_archive", {}))

    def test_limits_hold(self) -> None:
        for limits in ({"entries": 1}, {"bytes": 9}, {"ratio": 0}):
            with self.assertRaises(CallFailed) as caught:
                self.unpack(tar_of(("a", b"12345"), ("b", b"67890")), **limits)
            self.assertEqual(caught.exception.code, "too_large")
            self.assertEqual(self.found(), {})

    def test_an_archive_that_is_itself_too_large_is_refused_on_the_way(self) -> None:
        limits = {"entries": 10, "bytes": 100000, "ratio": 1000}
        number = self.client.open("unpack", destination="endless", format="tar", limits=limits)
        self.client.put(number, bytes(2000000))
        with self.assertRaises(CallFailed) as caught:
            self.client.finish(number)
        self.assertEqual(caught.exception.code, "too_large")
        self.assertEqual(os.listdir(self.sandbox.path("endless")), [])

    def test_bombs_are_refused(self) -> None:
        for form, data in (("zip", zip_of(("zeros", bytes(40000000)))), ("tar", tar_of(("zeros", bytes(40000000)), mode="w:gz"))):
            with self.assertRaises(CallFailed) as caught:
                self.unpack(data, form, ratio=100)
            self.assertEqual(caught.exception.code, "too_large")
            self.assertEqual(self.found(), {})

    def test_garbage_is_invalid(self) -> None:
        good = tar_of(("a", os.urandom(50000)), mode="w:gz")
        packed = zip_of(("a", os.urandom(50000)))
        damaged = packed[:20000] + bytes(100) + packed[20100:]
        for form, data in (("tar", b"garbage" * 1000), ("tar", good[:20000]), ("zip", b"x"), ("zip", b""), ("zip", packed[:1000]), ("zip", damaged), ("zip", good)):
            with self.assertRaises(CallFailed) as caught:
                self.unpack(data, form)
            self.assertEqual(caught.exception.code, "invalid")

    def test_folders_as_deep_as_a_path_can_be_are_unpacked(self) -> None:
        deep = "d/" * 1500
        self.write_file("deep.tar", tar_of((deep + "file", b"x"), ("e/" * 1500, {"type": tarfile.DIRTYPE})))
        self.assertEqual(self.client.call("extract", path="deep.tar", destination=self.folder, limits=LIMITS).result["entries"], 2)
        self.assertEqual(self.client.call("read", path=self.folder + "/" + deep + "file").out, b"x")
        self.assertEqual(self.unpack(tar_of(("x", b"")), destination="f/" * 1500).result["entries"], 1)
        for name in self.folder, "f":
            self.client.call("remove", path=name, recursive=True)

    def test_a_name_that_is_too_long_is_refused_before_anything_is_unpacked(self) -> None:
        for name in "d/" * 3000 + "file", "x" * 256:
            with self.assertRaises(CallFailed) as caught:
                self.unpack(tar_of(("first", b"1"), (name, b"x")))
            self.assertEqual((caught.exception.code, self.found()), ("invalid", {}))

    def test_a_damaged_entry_leaves_what_was_there(self) -> None:
        os.makedirs(self.sandbox.path(self.folder))
        self.write_file(self.folder + "/a.txt", b"old")
        packed = bytearray(zip_of(("a.txt", os.urandom(5000)), ("b.txt", b"")))
        packed[1000] ^= 1
        with self.assertRaises(CallFailed) as caught:
            self.unpack(bytes(packed), "zip")
        self.assertEqual((caught.exception.code, self.found()), ("invalid", {"a.txt": b"old"}))

    def test_links_replace_what_is_there_once_they_can(self) -> None:
        os.makedirs(self.sandbox.path(self.folder))
        for name in "soft", "hard", "same":
            self.write_file(self.folder + "/" + name, b"old")
        with self.assertRaises(CallFailed):
            self.unpack(tar_of(("hard", link("absent", tarfile.LNKTYPE))))
        self.assertEqual(self.found()["hard"], b"old")
        hard = link("same", tarfile.LNKTYPE)
        self.unpack(tar_of(("soft", link("same")), ("hard", hard), ("same", hard), ("hard", hard)))
        self.assertEqual(self.found(), {"soft": "-> same", "hard": b"old", "same": b"old"})

    def test_a_packed_tree_unpacks_to_the_same(self) -> None:
        tree = self.folder + "/tree"
        os.makedirs(self.sandbox.path(tree + "/a/empty"))
        for name, content in (("x", b"1"), ("a/-odd\nname", b"2" * 70000), ("a/\u00e9", b"3"), ("z" * 200, b"")):
            self.write_file(tree + "/" + name, content)
        os.symlink("a/\u00e9", self.sandbox.path(tree + "/link"))
        os.symlink("a", self.sandbox.path(tree + "/folder"))
        os.mkfifo(self.sandbox.path(tree + "/fifo"))
        os.link(self.sandbox.path(tree + "/x"), self.sandbox.path(tree + "/y"))
        expected = self.found(tree) if not os.unlink(self.sandbox.path(tree + "/fifo")) else None
        os.mkfifo(self.sandbox.path(tree + "/fifo"))
        for form in "tar", "zip":
            answer = self.client.call("pack", path=tree, format=form)
            self.assertEqual(answer.result, {"entries": 9, "bytes": len(answer.out)})
            copy = "%s/%s" % (self.folder, form)
            self.unpack(answer.out, form, copy)
            self.assertEqual(self.found(copy), expected)

    def test_names_that_are_not_utf8_survive_tar(self) -> None:
        os.makedirs(os.fsencode(self.sandbox.path(self.folder)) + b"/src")
        with open(os.fsencode(self.sandbox.path(self.folder)) + b"/src/caf\xe9", "w"):
            pass
        archive = self.client.call("pack", path=self.folder + "/src", format="tar").out
        self.unpack(archive, "tar", self.folder + "/dst")
        self.assertEqual(os.listdir(os.fsencode(self.sandbox.path(self.folder)) + b"/dst"), [b"caf\xe9"])

    def test_other_tools_read_what_is_packed(self) -> None:
        self.write_file("single", b"content")
        os.makedirs(self.sandbox.path(self.folder))
        archive = self.sandbox.path(self.folder + "/out")
        for form, command in (("tar", ["tar", "-xOf", archive]), ("zip", ["python3", "-m", "zipfile", "-t", archive])):
            with open(archive, "wb") as file:
                file.write(self.client.call("pack", path="single", format=form).out)
            self.assertIn(subprocess.check_output(command), (b"content", b"Done testing\n"))

    def test_pack_of_what_is_not_there_is_not_found(self) -> None:
        self.assert_fails("not_found", "pack", path="absent", format="tar")
        self.assert_fails("not_found", "extract", path="absent", destination="x", limits=LIMITS)
        self.assert_fails("invalid", "pack", path=".", format="rar")
        self.assert_fails("invalid", "extract", path="absent", destination="x")
        self.assert_fails("invalid", "extract", path="absent", destination="x", limits={"entries": "1", "bytes": 1, "ratio": 1})
        self.assert_fails("is_directory", "extract", path=".", destination="x", limits=LIMITS)

    def test_a_large_tree_packs_with_a_slow_reader(self) -> None:
        os.makedirs(self.sandbox.path(self.folder))
        self.write_file(self.folder + "/big", os.urandom(1000) * 10000)
        self.client.gives_credit = False
        number = self.client.open("pack", path=self.folder, format="tar")
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, (262144).to_bytes(4, "big"))
        self.assertEqual(self.client.finish(number).result["bytes"], len(answer.out))

    def test_cancel_ends_the_job(self) -> None:
        self.client.gives_credit = False
        self.write_file("big", os.urandom(1000) * 10000)
        for op, parameters in (("pack", {"path": "big", "format": "tar"}), ("unpack", {"destination": self.folder, "format": "tar", "limits": LIMITS})):
            number = self.client.open(op, **parameters)
            self.client.send(codec.CANCEL, number)
            self.client.wait(lambda: self.client.answers[number].is_over)
            self.assertEqual(self.client.answers[number].error["code"], "cancelled")
        self.client.gives_credit = True

    def test_a_killed_job_fails_only_its_call(self) -> None:
        self.client.open("unpack", destination=self.folder, format="tar", limits=LIMITS)
        number = self.client.next - 2
        self.client.call("stat", path=".")
        agent = self.client.hello["pid"]
        processes = scan()
        for child in (pid for pid, (parent, _, _, _) in processes.items() if parent == agent):
            with open("/proc/%d/cmdline" % child, "rb") as file:
                if b"-u\0" not in file.read():
                    os.kill(child, 9)
        answer = self.client.answers[number]
        self.client.wait(lambda: answer.is_over)
        self.assertEqual(answer.error["code"], "limit")
        self.assertEqual(self.shell("echo on").out, b"on\n")

    def test_one_in_whose_place_a_pipe_has_come_is_refused_and_not_waited_for(self) -> None:
        os.mkfifo(self.sandbox.path("pipe.zip"))
        with self.assertRaises(Failure):
            _extract_path(os.fsencode(self.sandbox.path("pipe.zip")), b"/nowhere", {}, None, [])


if __name__ == "__main__":
    unittest.main()
