"""Tar archives of all kinds of tools, and what stands in the way of an archive."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
import unittest
import zlib

from archive_case import ArchiveCase
from client import CallFailed
from clara_agent.wire.errors import Failure
from zip_builder import entry, zip_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = {"type": tarfile.DIRTYPE}


def tar_of(*entries: Any, form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive of (name, content or TarInfo attributes), names in Latin-1."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="latin-1") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                content = dict(content)
                data = content.pop("data", b"")
                for key, value in content.items():
                    setattr(info, key, value)
            else:
                data = content
            info.size = max(info.size, len(data))
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def head(name: Any, kind: Any = b"0", size: int = 0) -> bytes:
    """One block of 512 bytes that begins an entry."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def link(target: Any, kind: Any = tarfile.SYMTYPE) -> dict[str, Any]:
    return {"type": kind, "linkname": target}


class Tars(ArchiveCase):
    def test_names_keep_their_bytes_or_are_in_the_encoding(self) -> None:
        data = tar_of(("caf\xe9", b"1"))
        self.unpack(data)
        self.assertEqual(os.listdir(os.fsencode(self.sandbox.path(self.folder))), [b"caf\xe9"])
        self.folder += "x"
        self.extract(data, encoding="latin-1")
        self.assertEqual(self.found(), {"caf\u00e9": b"1"})
        self.folder += "x"
        self.unpack(tar_of(("caf\xe9", b"1"), form=tarfile.PAX_FORMAT), encoding="gbk")
        self.assertEqual(self.found(), {"caf\u00e9": b"1"})

    def test_an_archive_that_breaks_off_or_is_damaged_is_refused_whole(self) -> None:
        good = tar_of(("a", b"1" * 600), ("b", b""), ("c", b"2"))
        cases = {
            "in a head": good[: 512 + 1024 + 200],
            "in a head after one without content": good[: 512 + 1024 + 512 + 1],
            "in content": good[:1000],
            "by a wrong checksum": good[: 512 + 1024 + 3] + b"!" + good[512 + 1024 + 4 :],
            "in the head of a long name": good[: 512 + 1024] + head("././@LongLink", b"L", 200)[:512],
        }
        for what, data in cases.items():
            for packed in data, gzip.compress(data):
                self.assertEqual(self.refusal(packed)[0], "invalid", what)
        self.assertRegex(self.refusal(cases["by a wrong checksum"])[1], "damaged at or after a[.]")

    def test_an_archive_without_its_last_blocks_is_whole(self) -> None:
        self.extract(tar_of(("a", b"1" * 600))[: 512 + 1024])
        self.assertEqual(self.found(), {"a": b"1" * 600})

    def test_a_checksum_at_the_end_of_a_compressed_archive_counts(self) -> None:
        packed = bytearray(gzip.compress(tar_of(("a", b"1"))))
        packed[-5] ^= 1
        self.assertEqual(self.refusal(bytes(packed))[0], "invalid")

    def test_heads_that_are_made_to_take_memory_or_time_are_refused(self) -> None:
        long = head("././@LongLink", b"L", 30 << 20) + bytes(30 << 20)
        chain = b"".join(head("././@LongLink", b"L", 2) + b"a\0".ljust(512, b"\0") for _ in range(5000)) + head("a")
        attributes = head("pax", b"x", 30 << 20) + bytes(30 << 20)
        for data in long, attributes, chain:
            for packed in data, gzip.compress(data, 1):
                self.assertEqual(self.refusal(packed)[0], "invalid")
        back = bytearray(head("a", b"0", 0))
        back[124:136] = b"\xff" + (-1024 & (1 << 88) - 1).to_bytes(11, "big")
        back[148:156] = b"%06o\0 " % (sum(back[:148]) + 256 + sum(back[156:512]))
        self.assertEqual(self.refusal(head("b") + bytes(back) + bytes(1024))[0], "invalid")

    def test_many_entries_of_a_compressed_archive_are_read_once(self) -> None:
        # Each content ends where a block of the library's buffer does; going back there would unpack all that was before.
        content = os.urandom(8192 - 512)
        data = gzip.compress(tar_of(*[("f%d" % number, content) for number in range(900)]), 0)
        self.assertEqual(self.unpack(data).result["entries"], 900)

    def test_a_small_archive_may_be_packed_as_well_as_can_be(self) -> None:
        data = gzip.compress(tar_of(("log", b"the same line\n" * 100000)))
        for small, is_taken in (0, False), (1300000, False), (1400000, True):
            limits = {"entries": 9, "bytes": 9000000, "ratio": 200, "small": small}
            number = self.client.open("unpack", data, destination=self.folder, format="tar", limits=limits)
            if is_taken:
                self.assertEqual(self.client.finish(number).result["bytes"], 1400000)
            else:
                with self.assertRaises((CallFailed, Failure)) as caught:
                    self.client.finish(number)
                self.assertEqual(caught.exception.code, "too_large")

    def test_what_begins_as_an_archive_without_entries_is_one_only_if_nothing_follows(self) -> None:
        self.assertEqual(self.extract(bytes(40960)).result["entries"], 0)
        self.assertEqual(self.refusal(bytes(32768) + b"\1CD001" + bytes(2041))[0], "invalid")

    def test_an_incremental_archive_has_the_names_that_it_was_given(self) -> None:
        os.makedirs(self.sandbox.path("incremental"))
        self.write_file("incremental/a", b"1")
        data = subprocess.check_output(["tar", "--listed-incremental=snapshot", "-cf", "-", "incremental"], cwd=self.sandbox.workspace)
        self.unpack(data)
        self.assertEqual(self.found(), {"incremental": None, "incremental/a": b"1"})

    def test_labels_are_left_out_and_parts_refused(self) -> None:
        self.extract(head("label", b"V") + tar_of(("a", b"1"), ("d", dict(FOLDER, type=b"D", data=b"Ya\0\0"))))
        self.assertEqual(self.found(), {"a": b"1", "d": None})
        self.folder += "x"
        code, message = self.refusal(head("rest", b"M") + tar_of(("a", b"1")))
        self.assertEqual((code, "one part" in message), ("unsupported", True))

    def test_files_with_holes_come_with_their_zeros(self) -> None:
        with open(self.sandbox.path("holes"), "wb") as file:
            file.write(b"begin")
            file.seek(1 << 20)
            file.write(b"end")
        for form in "gnu", "pax":
            self.folder += "x"
            data = subprocess.check_output(["tar", "--format=" + form, "-cSf", "-", "holes"], cwd=self.sandbox.workspace)
            self.assertLess(len(data), 100000)
            self.unpack(data, ratio=1000)
            self.assertEqual(zlib.crc32(self.found()["holes"]), zlib.crc32(self.read_file("holes")))

    def test_an_archive_of_old_or_without_entries_is_unpacked(self) -> None:
        old = bytearray(head("old"))
        old[257:265] = bytes(8)
        old[148:156] = b"%06o\0 " % (sum(old[:148]) + 256 + sum(old[156:512]))
        self.extract(bytes(old) + bytes(1024))
        self.assertEqual(self.found(), {"old": b""})
        self.folder += "x"
        self.assertEqual(self.extract(tar_of()).result, {"entries": 0, "bytes": 0})


class InTheWay(ArchiveCase):
    def setUp(self) -> None:
        super().setUp()
        os.makedirs(self.sandbox.path(self.folder + "/folder/inner"))
        self.write_file(self.folder + "/file", b"old")
        os.symlink("folder", self.sandbox.path(self.folder + "/link"))

    def assert_in_the_way(self, name: Any, entries: Any, code: str) -> None:
        before = self.found()
        for form, data in ("tar", tar_of(*entries)), ("zip", self.as_zip(entries)):
            with self.assertRaises((CallFailed, Failure)) as caught:
                self.unpack(data, form)
            self.assertEqual(caught.exception.code, code)
            self.assertRegex(caught.exception.message, r"%s[.]$" % name)
            self.assertNotIn("clara-", caught.exception.message)
            self.assertEqual(self.found(), before)

    def as_zip(self, entries: Any) -> bytes:
        made = []
        for name, content in entries:
            if content == FOLDER:
                made.append(entry(name.encode() + b"/", b""))
            elif isinstance(content, dict):
                made.append(entry(name.encode(), content["linkname"].encode(), mode=0o120777))
            else:
                made.append(entry(name.encode(), content))
        return zip_of(*made)

    def test_a_file_takes_the_place_of_no_folder(self) -> None:
        for content in b"x", link("file"):
            self.assert_in_the_way("folder", [("first", b"1"), ("folder", content)], "is_directory")
            self.assert_in_the_way("new", [("new/a", b"1"), ("new", content)], "is_directory")

    def test_a_folder_takes_the_place_of_no_file(self) -> None:
        for entries in [("file", FOLDER)], [("file/below", b"x")], [("file/below/it", b"x")]:
            self.assert_in_the_way(entries[-1][0], [("first", b"1")] + entries, "not_directory")
        for entries in [("new", FOLDER)], [("new/below", b"x")]:
            self.assert_in_the_way(entries[-1][0], [("new", b"1")] + entries, "not_directory")

    def test_a_folder_that_is_there_and_a_link_to_one_are_unpacked_into(self) -> None:
        self.unpack(tar_of(("folder", FOLDER), ("folder/a", b"1"), ("link/b", b"2"), ("link", FOLDER), ("file", b"new")))
        self.assertEqual(self.found(), {"folder": None, "folder/inner": None, "folder/a": b"1", "folder/b": b"2", "link": "-> folder", "file": b"new"})

    def test_a_hard_link_stands_for_what_it_links(self) -> None:
        code, message = self.in_the_way([("l", link("absent", tarfile.LNKTYPE))])
        self.assertEqual((code, message[-2:]), ("invalid", "l."))
        self.assertEqual(self.in_the_way([("l", link("folder", tarfile.LNKTYPE))])[0], "invalid")
        up = [("folder/up", link("../file")), ("up", link("folder/up", tarfile.LNKTYPE))]
        self.assertEqual(self.in_the_way(up)[0], "unsafe_archive")
        self.unpack(tar_of(("folder/l", link("inner")), ("folder/m", link("folder/l", tarfile.LNKTYPE)), ("folder/m/x", b"1")))
        self.assertEqual(self.found()["folder/inner/x"], b"1")

    def in_the_way(self, entries: Any) -> tuple[Any, Any]:
        with self.assertRaises((CallFailed, Failure)) as caught:
            self.unpack(tar_of(*entries))
        return caught.exception.code, caught.exception.message

    def test_what_the_system_refuses_names_no_file_for_the_meantime(self) -> None:
        with self.assertRaises((CallFailed, Failure)) as caught:
            self.unpack(tar_of(("dir/entry", b"1")), destination="/proc/self")
        self.assertRegex(caught.exception.message, ": /proc/self[.]$")


if __name__ == "__main__":
    unittest.main()
