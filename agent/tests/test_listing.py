"""Listings: order, pages, bounds, links, and names that are not UTF-8."""
import json
import os
import shutil
import unittest

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Listing(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.sandbox.path("listed")
        os.mkdir(self.root)
        self.addCleanup(shutil.rmtree, self.root)

    def make(self, *names: "str | bytes") -> None:
        for name in names:
            path = os.path.join(os.fsencode(self.root), os.fsencode(name))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"x")

    def entries(self, **parameters: "Any") -> "tuple[list[dict[str, Any]], str | None]":
        answer = self.client.call("list", path=self.root, **parameters)
        return [json.loads(line) for line in answer.out.splitlines()], answer.result["next"]

    def names(self, **parameters: "Any") -> "list[str]":
        entries, _ = self.entries(**parameters)
        return [entry["path"][len(self.root) + 1 :] for entry in entries]

    def pages(self, limit: int, **parameters: "Any") -> "list[str]":
        names, after = [], None
        while True:
            entries, after = self.entries(limit=limit, after=after, **parameters)
            self.assertLessEqual(len(entries), limit)
            names += [entry["path"][len(self.root) + 1 :] for entry in entries]
            if after is None:
                return names

    def test_details_are_told_to_who_asks(self) -> None:
        self.make("file")
        os.symlink("file", os.path.join(self.root, "link"))
        os.symlink("nowhere", os.path.join(self.root, "loose"))
        plain, _ = self.entries()
        self.assertNotIn("attributes", plain[0])
        (file, link, loose), _ = self.entries(attributes="user.")
        self.assertEqual((file["resolved"], file["attributes"], isinstance(file["group"], str)), (None, {}, True))
        self.assertEqual((link["resolved"]["path"], link["resolved"]["type"]), (os.path.join(self.root, "file"), "file"))
        self.assertIsNone(loose["resolved"])
        self.assertEqual(self.client.call("entry", path=os.path.join(self.root, "link"), follow=False, attributes="user.").result["type"], "symlink")

    def test_attributes_are_those_of_the_last_write(self) -> None:
        path = os.path.join(self.root, "file")
        for attributes in ({"user.own.a": "1", "user.other": "2"}, {"user.own.b": "x"}, {}):
            self.client.call("write", b"x", path=path, attributes=attributes)
            told = self.client.call("entry", path=path, attributes="user.own.").result["attributes"]
            self.assertIn(told, ({}, {name[9:]: value for name, value in attributes.items() if name.startswith("user.own.")}))
        for attributes in {"trusted.a": "1"}, {"user.a": 1}, {"user.a": "\0"}:
            self.assert_fails("invalid", "write", b"x", path=path, attributes=attributes)
        self.assert_fails("too_large", "write", b"x", path=path, attributes={"user.a": "x" * 9000})

    def test_it_goes_depth_first_by_bytes(self) -> None:
        self.make("a/1", "a/b/2", "a.txt", "B", "\u00e9", "a-")
        whole = ["B", "a", "a/1", "a/b", "a/b/2", "a-", "a.txt", "\u00e9"]
        self.assertEqual(self.names(depth=32), whole)
        self.assertEqual(self.names(depth=2), [name for name in whole if name != "a/b/2"])
        self.assertEqual(self.names(), ["B", "a", "a-", "a.txt", "\u00e9"])

    def test_pages_of_any_size_have_the_same(self) -> None:
        self.make(*("d%d/e%d/f%d" % (n % 3, n % 5, n) for n in range(40)), "top", "d1.txt")
        whole = self.names(depth=32)
        self.assertEqual(len(whole), 40 + 15 + 3 + 2)
        for limit in 1, 2, 7, len(whole) - 1, len(whole), 1000:
            self.assertEqual(self.pages(limit, depth=32), whole)

    def test_a_page_begins_behind_what_is_gone(self) -> None:
        self.make("a/x", "b/1", "b/2", "b/3", "c")
        _, after = self.entries(depth=3, limit=4)
        self.assertEqual(after, "b/1")
        os.remove(os.path.join(self.root, "b/1"))
        self.make("a/later", "b/1a", "b/0")
        self.assertEqual(self.names(depth=3, after=after), ["b/1a", "b/2", "b/3", "c"])
        shutil.rmtree(os.path.join(self.root, "b"))
        self.assertEqual(self.names(depth=3, after=after), ["c"])
        self.make("b")
        self.assertEqual(self.names(depth=3, after=after), ["c"])

    def test_hidden_names_are_left_out_with_all_below(self) -> None:
        self.make(".git/config", "src/.env", "src/main")
        self.assertEqual(self.names(depth=9, hidden=False), ["src", "src/main"])
        self.assertEqual(self.pages(1, depth=9, hidden=False), ["src", "src/main"])

    def test_links_are_told_and_not_followed(self) -> None:
        self.make("real/file")
        os.symlink("real", os.path.join(self.root, "link"))
        os.symlink(".", os.path.join(self.root, "real/loop"))
        os.symlink("nowhere", os.path.join(self.root, "gone"))
        entries, _ = self.entries(depth=32)
        found = {entry["path"][len(self.root) + 1 :]: (entry["type"], entry["target"]) for entry in entries}
        link = "symlink"
        self.assertEqual(
            found,
            {"gone": (link, "nowhere"), "link": (link, "real"), "real": ("directory", None), "real/file": ("file", None), "real/loop": (link, ".")},
        )

    def test_an_entry_says_all_of_a_file(self) -> None:
        self.make("file")
        path = os.path.join(self.root, "file")
        os.chmod(path, 0o4751)
        os.utime(path, ns=(1, 1234567890123456789))
        (entry,), _ = self.entries()
        self.assertEqual(
            {name: entry[name] for name in ("type", "size", "mode", "uid", "gid", "mtimeNs", "target")},
            {"type": "file", "size": 1, "mode": 0o4751, "uid": os.getuid(), "gid": os.getgid(), "mtimeNs": "1234567890123456789", "target": None},
        )
        self.assertEqual(self.client.call("entry", path=path).result, entry)

    def test_names_that_are_not_utf8_can_be_told_and_asked_for(self) -> None:
        self.make(b"caf\xe9/\xff")
        self.assertEqual(self.names(depth=2), ["caf\udce9", "caf\udce9/\udcff"])
        self.assertEqual(self.pages(1, depth=2), ["caf\udce9", "caf\udce9/\udcff"])
        self.assertEqual(self.client.call("entry", path=self.root + "/caf\udce9/\udcff").result["size"], 1)

    def test_what_cannot_be_entered_is_told_as_empty(self) -> None:
        self.make("closed/file", "open/file")
        os.chmod(os.path.join(self.root, "closed"), 0)
        self.addCleanup(os.chmod, os.path.join(self.root, "closed"), 0o700)
        readable = ["closed/file"] if os.getuid() == 0 else []
        self.assertEqual(self.names(depth=2), ["closed", *readable, "open", "open/file"])

    def test_a_page_ends_where_it_has_enough_bytes(self) -> None:
        for number in range(4_000):
            os.symlink("\U0001f600" * 1_000, "%s/%06d" % (self.root, number))
        self.assertLess(len(self.client.call("list", path=self.root).out), 10 << 20)
        self.assertEqual(self.pages(10_000), ["%06d" % number for number in range(4_000)])

    def test_what_is_wrong_is_said(self) -> None:
        self.make("file")
        for code, parameters in (
            ("not_found", {"path": "listed/none"}),
            ("not_directory", {"path": "listed/file"}),
            ("invalid", {"path": "listed", "after": "../x"}),
            ("invalid", {"path": "listed", "after": "/x"}),
            ("invalid", {"path": "listed", "depth": 33}),
            ("invalid", {"path": "listed", "limit": 10_001}),
        ):
            self.assert_fails(code, "list", **parameters)
        self.assert_fails("not_found", "entry", path="listed/none")


if __name__ == "__main__":
    unittest.main()
