"""Zip archives of all kinds of tools, and what is no archive."""
import bz2
import lzma
import os
import struct
import unittest
import zlib

from archive_case import ArchiveCase
from client import CallFailed
from clara_agent.wire.errors import Failure
from zip_builder import deflated, entry, zip_of


class Shapes(ArchiveCase):
    def test_an_archive_behind_something_else_is_opened(self) -> None:
        program = b"#!/bin/sh\nexit 0\n" + os.urandom(500)
        for shift in 0, len(program):
            for prefix in program, b"MZ" + program[2:]:
                for form in None, "zip":
                    self.folder += "x"
                    data = zip_of(entry(b"a", b"1"), entry(b"b/c", deflated(b"2" * 100), method=8, size=100, crc=zlib.crc32(b"2" * 100)), prefix=prefix, shift=shift)
                    (self.unpack(data, form) if form else self.extract(data))
                    self.assertEqual(self.found(), {"a": b"1", "b": None, "b/c": b"2" * 100})

    def test_a_tar_with_a_zip_in_it_is_a_tar(self) -> None:
        import io
        import tarfile

        inner = zip_of(entry(b"inner"))
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            info = tarfile.TarInfo("inner.zip")
            info.size = len(inner)
            tar.addfile(info, io.BytesIO(inner))
        self.extract(out.getvalue())
        self.assertEqual(self.found(), {"inner.zip": inner})

    def test_an_end_in_a_comment_is_not_taken_for_the_end(self) -> None:
        decoy = zip_of(entry(b"decoy"))[-22:]
        for comment in decoy + b"!", b"PK\5\6" * 20, b"x" * 0xFFFF:
            self.folder += "x"
            self.extract(zip_of(entry(b"right"), comment=comment))
            self.assertEqual(list(self.found()), ["right"])

    def test_what_follows_an_archive_is_left_alone(self) -> None:
        self.extract(zip_of(entry(b"a")) + b"\n\0 more")
        self.assertEqual(list(self.found()), ["a"])

    def test_an_empty_archive_is_unpacked(self) -> None:
        for data in zip_of(), zip_of(comment=b"nothing"), zip_of(prefix=b"PK00"):
            self.assertEqual(self.extract(data).result, {"entries": 0, "bytes": 0})

    def test_large_fields_are_read(self) -> None:
        self.extract(zip_of(entry(b"a", b"12345", size=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 5))))
        self.assertEqual(self.found(), {"a": b"12345"})

    def test_of_two_entries_of_a_name_the_last_stays(self) -> None:
        self.assertEqual(self.extract(zip_of(entry(b"a", b"first"), entry(b"a", b"last"))).result["entries"], 2)
        self.assertEqual(self.found(), {"a": b"last"})

    def test_each_method_that_python_knows_is_unpacked(self) -> None:
        content = os.urandom(3000) * 30
        properties = struct.pack("<BL", 93, 1 << 16)
        raw = lzma.compress(content, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}])
        packed = {0: content, 8: deflated(content), 12: bz2.compress(content), 14: b"\x09\x14" + struct.pack("<H", 5) + properties + raw, 95: lzma.compress(content)}
        for method, data in packed.items():
            self.folder += "x"
            self.extract(zip_of(entry(b"a", content, packed=data, method=method), entry(b"empty", b"", packed=b"" if method == 0 else deflated(b""), method=min(method, 8))))
            self.assertEqual(self.found(), {"a": content, "empty": b""}, method)

    def test_what_cannot_be_unpacked_is_refused_by_its_method_and_name(self) -> None:
        for method, name in {9: "Deflate64", 1: "Shrink", 6: "Implode", 93: "Zstandard", 98: "PPMd", 99: "AES", 77: "unknown method"}.items():
            code, message = self.refusal(zip_of(entry(b"fine"), entry(b"dir/odd.bin", method=method)))
            self.assertEqual(code, "unsupported")
            self.assertRegex(message, r"%s.*\(method %d\).*dir/odd\.bin\.$" % (name, method))

    def test_what_is_encrypted_is_refused_by_its_name(self) -> None:
        for flags in 1, 1 | 64:
            code, message = self.refusal(zip_of(entry(b"fine"), entry(b"secret", flags=flags)))
            self.assertEqual((code, "encrypted" in message, "secret" in message), ("unsupported", True, True))

    def test_a_part_of_several_is_refused_as_such(self) -> None:
        for data in zip_of(entry(b"a"), disk=1), zip_of(entry(b"a"), first=2, disk=2), b"PK\7\x08" + zip_of(entry(b"a"))[:30]:
            code, message = self.refusal(data)
            self.assertEqual((code, "one part" in message), ("unsupported", True))

    def test_what_is_damaged_says_where(self) -> None:
        good = zip_of(entry(b"fine"), entry(b"bad.bin", b"content"))
        cases = {
            "checksum.*bad.bin": zip_of(entry(b"fine"), entry(b"bad.bin", crc=7)),
            "shorter.*bad.bin": zip_of(entry(b"bad.bin", size=700)),
            "where it should be.*bad.bin": zip_of(entry(b"bad.bin", offset=3)),
            "where it should be.*far": zip_of(entry(b"far", offset=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, (1 << 64) - 1))),
            "unpacked.*bad.bin": zip_of(entry(b"bad.bin", b"x" * 90, packed=b"\xff" * 90, method=8)),
            "not complete": good[:-30],
            "directory": zip_of(entry(b"a"), count=2),
        }
        for pattern, data in cases.items():
            self.folder += "x"
            with self.assertRaises((CallFailed, Failure)) as caught:
                self.extract(data)
            self.assertEqual(caught.exception.code, "invalid", pattern)
            self.assertRegex(caught.exception.message, pattern)
            self.assertNotIn("bad.bin", self.found())

    def test_a_file_has_no_more_than_its_size(self) -> None:
        self.extract(zip_of(entry(b"a", b"12345", packed=deflated(b"12345" * 1000), method=8)))
        self.assertEqual(self.found(), {"a": b"12345"})

    def test_bombs_are_refused_whatever_they_say_of_themselves(self) -> None:
        kernel = deflated(bytes(1000000))
        overlapping = zip_of(*[entry(b"%d" % number, b"", packed=kernel if not number else b"", size=1000000, method=8, crc=zlib.crc32(bytes(1000000)), offset=0) for number in range(100)])
        self.assertEqual(self.refusal(overlapping, "zip", ratio=200)[0], "too_large")
        many = zip_of(*[entry(b"%d" % number, b"") for number in range(1001)])
        self.assertEqual(self.refusal(many, "zip")[0], "too_large")
        deep = zip_of(*[entry(b"%d/" % number + b"d/" * 900 + b"x", b"") for number in range(10)])
        self.assertEqual(self.refusal(deep, "zip")[0], "too_large")

    def test_times_are_those_of_the_field(self) -> None:
        field = struct.pack("<HHBl", 0x5455, 5, 1, 1000000001)
        self.extract(zip_of(entry(b"a", extra=field), entry(b"b", date=0, time=0xFFFF)))
        self.assertEqual(os.stat(self.sandbox.path(self.folder + "/a")).st_mtime, 1000000001)


class Other(ArchiveCase):
    def test_what_is_no_archive_says_what_it_is(self) -> None:
        kinds = {
            b"7z\xbc\xaf\x27\x1c" + bytes(100): "7z archive",
            b"Rar!\x1a\x07\x01\0" + bytes(100): "RAR archive",
            b"MSCF" + bytes(100): "cabinet",
            b"!<arch>\ndebian-binary": "Debian package",
            b"070701" + b"0" * 100: "cpio",
            b"\x1f\x9d\x90" + bytes(100): "compress",
            b"LZIP\1" + bytes(100): "lzip",
            b"\n<!DOCTYPE HTML><html>404": "web page",
        }
        for data, kind in kinds.items():
            code, message = self.refusal(data)
            self.assertEqual((code, kind in message, "Zip archives" in message), ("unsupported", True, True), message)

    def test_one_file_that_is_compressed_is_no_archive(self) -> None:
        import gzip

        for data, kind in (gzip.compress(b"text"), "gzip"), (bz2.compress(b"text" * 500), "bzip2"), (lzma.compress(b"text"), "xz"):
            for form in None, "tar":
                code, message = self.refusal(data, form)
                self.assertEqual((code, "compressed with %s" % kind in message), ("invalid", True), message)

    def test_a_form_that_is_not_the_right_one_is_named(self) -> None:
        import gzip
        import io
        import tarfile

        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("a"))
        cases = [(zip_of(entry(b"a")), "tar", "a zip archive"), (out.getvalue(), "zip", "but a tar archive"), (gzip.compress(out.getvalue()), "zip", "but a file compressed with gzip"), (b"", "zip", "not a zip")]
        for data, form, kind in cases:
            code, message = self.refusal(data, form)
            self.assertEqual((code, kind in message), ("invalid", True), message)


if __name__ == "__main__":
    unittest.main()
