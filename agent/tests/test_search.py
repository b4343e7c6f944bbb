"""Patterns of names, searches in files, edits and digests."""
import hashlib
import json
import os
import shutil
import subprocess
import unittest

from case import AgentCase
from client import CallFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class InFolder(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.sandbox.path("s")
        os.mkdir(self.root)
        self.addCleanup(shutil.rmtree, self.root)

    def at(self, name: str) -> str:
        return os.path.join(self.root, name)

    def make(self, name: str, content: bytes = b"") -> None:
        os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
        self.write_file("s/" + name, content)


class Globs(InFolder):
    def glob(self, pattern: str, **parameters: "Any") -> "tuple[list[str], bool]":
        answer = self.client.call("glob", path=self.root, pattern=pattern, **parameters)
        return [json.loads(line)["path"][len(self.root) + 1 :] for line in answer.out.splitlines()], answer.result["truncated"]

    def test_patterns_fit_names_or_paths(self) -> None:
        for name in "a.py", "b.txt", "src/a.py", "src/deep/c.py", "src/deep/.env", "[x]", "src/new\nline.py", "d/" * 12 + "z.c":
            self.make(name)
        os.symlink("..", self.at("src/loop"))
        for pattern, names in (
            ("*.py", ["a.py", "src/a.py", "src/deep/c.py", "src/new\nline.py"]),
            ("src/*.py", ["src/a.py", "src/new\nline.py"]),
            ("src/**", ["src/a.py", "src/deep", "src/deep/.env", "src/deep/c.py", "src/loop", "src/new\nline.py"]),
            ("**/c.py", ["src/deep/c.py"]),
            ("**/a.py", ["a.py", "src/a.py"]),
            ("src/**/*.py", ["src/a.py", "src/deep/c.py", "src/new\nline.py"]),
            ("**/" * 200 + "z.c", ["d/" * 12 + "z.c"]),
            ("./a.py", ["a.py"]),
            ("?.{py,txt}", ["a.py", "b.txt", "src/a.py", "src/deep/c.py"]),
            ("[ab].*", ["a.py", "b.txt", "src/a.py"]),
            ("[!a].py", ["src/deep/c.py"]),
            ("[^a].py", ["src/deep/c.py"]),
            ("[", []),
            ("[x]", []),
            ("[[]x]", ["[x]"]),
            ("\\[x]", ["[x]"]),
            ("{a", []),
            ("(a).py", []),
            ("../*", []),
        ):
            self.assertEqual(self.glob(pattern), (names, False), pattern)
        self.assertEqual(self.glob("*", limit=3), (["[x]", "a.py", "b.txt"], True))
        self.assertEqual(self.glob("a.py", limit=2), (["a.py", "src/a.py"], False))

    def test_a_pattern_that_takes_for_ever_is_given_up(self) -> None:
        self.make("a" * 250)
        self.make("b")
        self.assertEqual(self.glob("*a" * 30 + "b"), ([], True))


class Searches(InFolder):
    def search(self, query: str, **parameters: "Any") -> "list[tuple[str, int, int, str]]":
        self.answer = self.client.call("search", path=self.root, query=query, **parameters)
        self.matches = [json.loads(line) for line in self.answer.out.splitlines()]
        return [(match["path"][len(self.root) + 1 :], match["line"], match["column"], match["text"]) for match in self.matches]

    def test_lines_are_found(self) -> None:
        self.make("a/1", b"one\ntwo TWO\r\n\nthree two\n")
        self.make("b", "\u00e9 two".encode())
        found = [("a/1", 2, 1, "two TWO"), ("a/1", 4, 7, "three two"), ("b", 1, 3, "\u00e9 two")]
        self.assertEqual(self.search("two"), found)
        self.assertEqual(self.answer.result, {"files": 2, "reason": None})
        self.assertEqual(self.search("TWO", caseSensitive=False), found)
        self.assertEqual(self.search("TWO"), [("a/1", 2, 5, "two TWO")])
        self.assertEqual(self.search("tw[o]", regex=True), found)
        self.assertEqual(self.search("^two.*o$", regex=True, caseSensitive=False), found[:1])
        self.assertEqual(self.search("^$", regex=True), [("a/1", 3, 1, "")])
        self.assertEqual(self.search("(?i)^TWO ", regex=True), found[:1])
        self.assertEqual(self.search("two|three", regex=True), [found[0], ("a/1", 4, 1, "three two"), found[2]])
        self.assertEqual(self.search("t.o"), [])

    def test_lines_around_are_given(self) -> None:
        self.make("f", b"1\n2\n3\n4\n5\n")
        self.search("[14]", regex=True, context=2)
        self.assertEqual([(match["before"], match["after"]) for match in self.matches], [([], ["2", "3"]), (["2", "3"], ["5"])])

    def test_files_are_chosen_by_patterns(self) -> None:
        for name in "src/a.js", "src/a.ts", "node_modules/p/a.js", "top.js":
            self.make(name, b"x")

        def names(**parameters: "Any") -> "list[str]":
            return [found[0] for found in self.search("x", **parameters)]

        self.assertEqual(names(include=["*.js"]), ["node_modules/p/a.js", "src/a.js", "top.js"])
        self.assertEqual(names(exclude=["node_modules"]), ["src/a.js", "src/a.ts", "top.js"])
        self.assertEqual(names(include=["*.js"], exclude=["node_modules", "src/**"]), ["top.js"])
        self.assertEqual(names(include=["src/*"]), ["src/a.js", "src/a.ts"])

    def test_what_is_no_text_is_left_out(self) -> None:
        self.make("binary", b"x\0")
        self.make("huge", b"x" * ((10 << 20) + 1))
        os.mkfifo(self.at("fifo"))
        os.symlink("real", self.at("link"))
        os.symlink("/dev/zero", self.at("zero"))
        self.make("real", b"x\xff")
        self.assertEqual(self.search("x"), [("real", 1, 1, "x\ufffd")])
        self.assertEqual(self.answer.result["files"], 1)

    def test_lines_of_windows_are_shown_without_their_end(self) -> None:
        self.make("f", b"a\r\nx\r\nb\r\r\n")
        self.assertEqual(self.search("x", context=1), [("f", 2, 1, "x")])
        self.assertEqual((self.matches[0]["before"], self.matches[0]["after"]), (["a"], ["b\r"]))

    def test_one_file_is_searched_too(self) -> None:
        self.make("f", b"x")
        answer = self.client.call("search", path=self.at("f"), query="x")
        self.assertEqual(json.loads(answer.out)["path"], self.at("f"))

    def test_bounds_are_told(self) -> None:
        self.make("f", b"x\n" * 10)
        self.assertEqual(len(self.search("x", limit=10)), 10)
        self.assertEqual(self.answer.result["reason"], None)
        self.assertEqual(len(self.search("x", limit=9)), 9)
        self.assertEqual(self.answer.result["reason"], "limit")

    def test_a_long_line_is_shown_around_the_match(self) -> None:
        self.make("f", b"a" * 100_000 + b"needle" + b"b" * 100_000)
        ((_, _, column, text),) = self.search("needle")
        self.assertEqual((column, text.index("needle"), len(text)), (100_001, 200, 2000))

    def test_an_expression_that_takes_for_ever_is_given_up_with_what_was_found(self) -> None:
        self.make("1", b"aab")
        self.make("2", b"a" * 64 + b"!b")
        self.assertEqual(self.search("^(a+)+b", regex=True), [("1", 1, 1, "aab")])
        self.assertEqual(self.answer.result["reason"], "time")

    def test_an_expression_that_is_none_is_refused(self) -> None:
        for query in "(", "a**", "[z-a]", "(?P<1>a)", "\\", "(?<=a+)b":
            self.assert_fails("bad_pattern", "search", path=self.root, query=query, regex=True)
        self.assertEqual(self.search("("), [])

    def test_a_search_that_is_cancelled_ends(self) -> None:
        self.make("f", b"a" * 64 + b"!b")
        number = self.client.open("search", path=self.root, query="^(a+)+b", regex=True)
        self.client.send(9, number)
        with self.assertRaises(CallFailed) as caught:
            self.client.finish(number)
        self.assertEqual(caught.exception.code, "cancelled")


class Edits(InFolder):
    def edit(self, *edits: "tuple[str, str, int]", name: str = "f") -> "tuple[int, str]":
        body = json.dumps([{"old": old, "new": new, "count": count} for old, new, count in edits]).encode()
        answer = self.client.call("edit", body, path=self.at(name))
        return answer.result["replaced"], answer.out.decode()

    def refuse(self, code: str, *edits: "tuple[str, str, int]", name: str = "f") -> str:
        before = self.read_file("s/" + name)
        with self.assertRaises(CallFailed) as caught:
            self.edit(*edits, name=name)
        self.assertEqual((caught.exception.code, self.read_file("s/" + name)), (code, before))
        return caught.exception.message

    def test_edits_follow_each_other(self) -> None:
        self.make("f", b"one\r\ntwo\n")
        os.chmod(self.at("f"), 0o750)
        self.assertEqual(self.edit(("one", "two", 1), ("two", "\u00e9", 2), ("none", "x", 0))[0], 3)
        self.assertEqual((self.read_file("s/f"), os.stat(self.at("f")).st_mode & 0o777), ("\u00e9\r\n\u00e9\n".encode(), 0o750))

    def test_all_fit_or_none_is_made(self) -> None:
        self.make("f", b"a b a")
        self.assertIn("Edit 2 does not fit: its old text occurs 2 times, not once", self.refuse("mismatch", ("b", "c", 1), ("a", "x", 1)))
        self.assertIn("The edit does not fit: its old text occurs nowhere, not 3 times", self.refuse("mismatch", ("z", "c", 3)))
        self.assertIn("occurs once, not 2 times", self.refuse("mismatch", ("b", "c", 2)))
        self.refuse("invalid", ("", "x", 0))
        self.refuse("unsupported", ("a", "x" * (9 << 20), 2))

    def test_what_is_no_text_is_refused(self) -> None:
        self.make("f", b"\xff")
        self.refuse("unsupported", ("a", "b", 0))
        self.assert_fails("not_found", "edit", b"[]", path=self.at("none"))
        self.assert_fails("is_directory", "edit", b"[]", path=self.root)

    def test_a_link_is_edited_through(self) -> None:
        self.make("f", b"old")
        os.symlink("f", self.at("link"))
        self.edit(("old", "new", 1), name="link")
        self.assertEqual((self.read_file("s/f"), os.path.islink(self.at("link"))), (b"new", True))

    def test_the_difference_makes_the_one_of_the_other(self) -> None:
        many = "".join("line %d\n" % number for number in range(400))
        for before, edits in (
            (many, [("line 7\n", "seven\nand more\n", 1), ("line 300\n", "", 1), ("line 399\n", "last", 1)]),
            ("one", [("one", "two\n", 1)]),
            ("one\n", [("one\n", "", 1)]),
            ("a\x0bb\u2028c\r\nd\n", [("c", "C", 1)]),
            ("same\n", [("same", "same", 1)]),
        ):
            self.make("f", before.encode())
            self.make("patched", before.encode())
            _, diff = self.edit(*edits)
            if diff:
                subprocess.run(["patch", "-s", "--binary", self.at("patched")], input=diff.encode(), check=True)
            self.assertEqual(self.read_file("s/patched"), self.read_file("s/f"))
            self.assertEqual(diff == "", edits[0][0] == edits[0][1])


class Digests(InFolder):
    def test_they_are_of_the_bytes(self) -> None:
        content = os.urandom(3_000_000)
        self.make("f", content)
        for algorithm in "md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256":
            self.assertEqual(
                self.client.call("hash", path=self.at("f"), algorithm=algorithm).result,
                {"digest": hashlib.new(algorithm, content).hexdigest(), "size": len(content)},
            )
        self.assert_fails("is_directory", "hash", path=self.root)
        self.assert_fails("not_found", "hash", path=self.at("none"))
        self.assert_fails("invalid", "hash", path=self.at("f"), algorithm="crc")


if __name__ == "__main__":
    unittest.main()
