"""The names in zip archives of all kinds of tools."""

from __future__ import annotations

import unittest

from archive_case import ArchiveCase
from zip_builder import DOS, MAC, NTFS, UNIX, UTF8, entry, unicode_path, zip_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRUSS = "Gr\u00fc\u00dfe.txt"
NFD = "u\u0308ber.txt"
CHINESE = "\u4e2d\u6587/\u8868.txt"


class Names(ArchiveCase):
    def names(self, *entries: Any, **parameters: Any) -> list[str]:
        result = self.extract(zip_of(*entries), **parameters).result
        self.assertEqual(result["entries"], len(entries))
        return sorted(name for name, content in self.found().items() if content is not None)

    def test_are_what_their_marks_say(self) -> None:
        raw = GRUSS.encode("cp437")
        self.assertEqual(self.names(entry(GRUSS.encode(), flags=UTF8)), [GRUSS])
        self.assertEqual(self.names(entry(raw, extra=unicode_path(raw, b"field.txt"))), sorted([GRUSS, "field.txt"]))

    def test_without_marks_are_utf8_where_they_can_be_and_else_those_of_dos(self) -> None:
        self.assertEqual(self.names(entry(GRUSS.encode(), system=UNIX), entry(NFD.encode(), system=MAC)), sorted([GRUSS, NFD]))
        for system in UNIX, DOS:
            self.folder += "x"
            self.assertEqual(self.names(entry(GRUSS.encode("cp437"), system=system)), [GRUSS])

    def test_with_a_field_of_another_name_are_as_without_it(self) -> None:
        raw = GRUSS.encode("cp437")
        fields = {
            "of a wrong checksum": unicode_path(raw, b"wrong", crc=1),
            "of an unknown version": unicode_path(raw, b"wrong").replace(b"\1", b"\2", 1),
            "that is not UTF-8": unicode_path(raw, b"\xff"),
            "without a name": unicode_path(raw, b""),
            "that breaks off": unicode_path(raw, b"wrong")[:7],
        }
        for what, extra in fields.items():
            self.folder += "x"
            self.assertEqual(self.names(entry(raw, extra=extra)), [GRUSS], what)

    def test_with_a_wrong_mark_are_as_without_it(self) -> None:
        self.assertEqual(self.names(entry(GRUSS.encode("cp437"), flags=UTF8)), [GRUSS])

    def test_may_be_said_to_be_in_an_encoding(self) -> None:
        for encoding in "gbk", "GB18030", "big5", "utf-8":
            self.folder += "x"
            self.assertEqual(self.names(entry(CHINESE.encode(encoding), system=DOS), encoding=encoding), [CHINESE])
        # The second byte of this letter is the backslash of ASCII.
        self.folder += "x"
        self.assertEqual(self.names(entry("\u8868\\\u8868.txt".encode("shift_jis"), system=DOS), encoding="shift_jis"), ["\u8868/\u8868.txt"])

    def test_that_are_marked_are_in_no_other_encoding(self) -> None:
        raw = b"\xb1\xb1"
        entries = entry(GRUSS.encode(), flags=UTF8), entry(raw, extra=unicode_path(raw, b"field")), entry("\u4e2d".encode("gbk"))
        self.assertEqual(self.names(*entries, encoding="gbk"), sorted([GRUSS, "field", "\u4e2d"]))

    def test_that_are_not_in_the_encoding_are_refused(self) -> None:
        code, message = self.refusal(zip_of(entry(b"fine"), entry(b"\x81\xff")), encoding="gbk")
        self.assertEqual((code, "gbk" in message), ("invalid", True))

    def test_are_in_no_encoding_that_there_is_not(self) -> None:
        for name in "klingon", "hex", "rot13", "undefined", "", "../gbk", "g\0bk", "x" * 1000, "\u00e9":
            for form in None, "zip", "tar":
                code, message = self.refusal(zip_of(entry(b"a")), form, encoding=name)
                self.assertEqual(code, "unknown_encoding", (name, message))
        self.assert_fails("invalid", "extract", path="archive", destination="x", limits={"entries": 1, "bytes": 1, "ratio": 1}, encoding=7)

    def test_may_have_comments(self) -> None:
        data = zip_of(entry(b"a", comment=b"of a"), entry(b"b"), comment=b"of all")
        self.assertEqual(self.extract(data).result["entries"], 2)


class Backslashes(ArchiveCase):
    def test_of_windows_are_folders(self) -> None:
        data = zip_of(
            entry(b"proj\\", b"", system=DOS),
            entry(b"proj\\src\\main.py", b"1", system=DOS),
            entry(b"proj\\mixed/of\\both", b"2", system=NTFS),
            entry("proj\\gr\u00fcn\\x".encode(), b"3", system=DOS, flags=UTF8),
            entry(b"empty\\", b"", system=DOS),
        )
        self.extract(data)
        files = {name: content for name, content in self.found().items() if content is not None}
        self.assertEqual(files, {"proj/src/main.py": b"1", "proj/mixed/of/both": b"2", "proj/gr\u00fcn/x": b"3"})
        self.assertIn("empty", self.found())

    def test_of_unix_are_letters(self) -> None:
        for system in UNIX, MAC:
            self.extract(zip_of(entry(b"a\\b", b"1", system=system), entry(b"..\\c", b"2", system=system), entry(b"C:\\d", b"3", system=system)))
            self.assertEqual(self.found(), {"a\\b": b"1", "..\\c": b"2", "C:\\d": b"3"})

    def test_that_lead_out_are_seen_after_they_are_folders(self) -> None:
        for name in b"..\\x", b"a\\..\\..\\x", b"\\x", b"\\\\server\\share\\x", b"C:\\x", b"c:x", b"C:/x", b"a/..\\..\\x", b"..\\", b"C:":
            for system in DOS, NTFS:
                code, message = self.refusal(zip_of(entry(b"first"), entry(name, system=system)))
                self.assertEqual(code, "unsafe_archive", (name, message))

    def test_in_a_field_are_folders_too(self) -> None:
        raw = b"raw"
        self.extract(zip_of(entry(raw, extra=unicode_path(raw, b"a\\b"), system=DOS)))
        self.assertIn("a/b", self.found())
        self.folder += "x"
        self.assertEqual(self.refusal(zip_of(entry(raw, extra=unicode_path(raw, b"..\\b"), system=DOS)))[0], "unsafe_archive")

    def test_folders_without_a_slash_are_told_by_their_attributes(self) -> None:
        self.extract(zip_of(entry(b"a", b"", system=DOS, attributes=0x10), entry(b"b", b"1", system=DOS, attributes=0x10), entry(b"c", b"", system=UNIX, mode=0o40755)))
        self.assertEqual(self.found(), {"a": None, "b": b"1", "c": None})


if __name__ == "__main__":
    unittest.main()
