"""Moving, copying, changing modes and deleting: what stays, what is replaced, and what is refused."""
import os
import shutil
import socket
import stat
import tempfile
import unittest

from case import AgentCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Moves(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.sandbox.path("m")
        os.mkdir(self.root)
        self.addCleanup(shutil.rmtree, self.root)
        self.make("a/x/1", "a/2", "b")
        os.symlink("../b", self.at("a/link"))

    def at(self, name: str) -> str:
        return os.path.join(self.root, name)

    def make(self, *names: str) -> None:
        for name in names:
            os.makedirs(os.path.dirname(self.at(name)), exist_ok=True)
            self.write_file("m/" + name, name.encode())

    def relocate(self, op: str, source: str, target: str, overwrite: bool = False) -> "dict[str, Any]":
        return self.client.call(op, **{"from": self.at(source), "to": self.at(target), "overwrite": overwrite}).result["entry"]

    def refuse(self, code: str, op: str, source: str, target: str, overwrite: bool = False) -> None:
        before = self.tree()
        self.assert_fails(code, op, **{"from": self.at(source), "to": self.at(target), "overwrite": overwrite})
        self.assertEqual(self.tree(), before)

    def tree(self, below: str = "") -> "list[str]":
        found = []
        for folder, folders, files in os.walk(self.at(below)):
            found += [os.path.relpath(os.path.join(folder, name), self.at(below)) for name in folders + files]
        return sorted(found)

    def assert_nothing_staged(self) -> None:
        self.assertEqual([name for name in os.listdir(self.sandbox.workspace) if name.startswith(".clara")], [])

    A = ["2", "link", "x", "x/1"]

    def test_a_folder_is_moved_whole(self) -> None:
        entry = self.relocate("move", "a", "new/deep")
        self.assertEqual((entry["path"], entry["type"]), (self.at("new/deep"), "directory"))
        self.assertEqual((self.tree("new/deep"), self.tree()[:1]), (self.A, ["b"]))

    def test_a_folder_is_copied_whole(self) -> None:
        self.relocate("copy", "a", "new/deep")
        self.assertEqual((self.tree("new/deep"), self.tree("a")), (self.A, self.A))
        self.assertEqual(os.readlink(self.at("new/deep/link")), "../b")
        self.assert_nothing_staged()

    def test_what_is_there_stays(self) -> None:
        for op in "move", "copy":
            for source, target in (("b", "a"), ("a", "b"), ("b", "a/2"), ("a/2", "a/link"), ("b", "b"), ("a", "a")):
                self.refuse("exists", op, source, target)
        self.assert_nothing_staged()

    def test_what_is_there_is_replaced_whole_if_wanted(self) -> None:
        for op in "move", "copy":
            for source, target in (("f", "g"), ("f", "d"), ("d", "g"), ("d", "e"), ("d", "l"), ("f", "l")):
                with self.subTest(op=op, source=source, target=target):
                    self.make("t/f", "t/g", "t/d/in", "t/e/other")
                    os.symlink("nowhere", self.at("t/l"))
                    self.relocate(op, "t/" + source, "t/" + target, True)
                    self.assertEqual(self.tree("t/" + target), ["in"] if source == "d" else [])
                    self.assertEqual(os.path.lexists(self.at("t/" + source)), op == "copy")
                    self.assertFalse(os.path.islink(self.at("t/" + target)))
                    shutil.rmtree(self.at("t"))
        self.assert_nothing_staged()

    def test_neither_into_itself_nor_over_what_holds_it(self) -> None:
        os.symlink("a", self.at("alias"))
        for op in "move", "copy":
            for source, target in (("a", "a/x/new"), ("a", "alias/x/new")):
                self.refuse("invalid", op, source, target)
            for source, target in (("a/x", "a"), ("a/x/1", "a")):
                self.refuse("invalid", op, source, target, True)

    def test_the_same_place_is_no_change(self) -> None:
        before = self.tree()
        for op in "move", "copy":
            for name in "a", "b":
                self.relocate(op, name, name, True)
        self.assertEqual(self.tree(), before)
        os.link(self.at("b"), self.at("b2"))
        self.relocate("move", "b", "b2", True)
        self.assertEqual(self.read_file("m/b2"), b"b")
        self.assertFalse(os.path.exists(self.at("b")))

    def test_a_copy_keeps_modes_times_holes_and_kinds(self) -> None:
        os.chmod(self.at("a/x"), 0o2750)
        os.chmod(self.at("a/2"), 0o4711)
        os.mkfifo(self.at("a/fifo"), 0o600)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        os.chdir(self.root)
        listener.bind("a/socket")
        with open(self.at("a/sparse"), "wb") as file:
            file.seek(50 << 20)
            file.write(b"end")
        for name in "a/x/1", "a/x", "a/2", "a/fifo", "a":
            os.utime(self.at(name), ns=(10**18, 10**18 + 1))
        self.relocate("copy", "a", "c")
        for name in "", "/x", "/x/1", "/2", "/fifo":
            one, other = os.lstat(self.at("a" + name)), os.lstat(self.at("c" + name))
            self.assertEqual((one.st_mode, one.st_mtime_ns), (other.st_mode, other.st_mtime_ns), name)
        self.assertTrue(stat.S_ISFIFO(os.lstat(self.at("c/fifo")).st_mode))
        self.assertFalse(os.path.lexists(self.at("c/socket")))
        self.assertEqual(os.stat(self.at("c/sparse")).st_size, (50 << 20) + 3)
        self.assertLess(os.stat(self.at("c/sparse")).st_blocks * 512, 10 << 20)
        self.assert_fails("invalid", "copy", **{"from": self.at("a/socket"), "to": self.at("s")})

    def test_a_move_to_another_file_system_is_a_copy(self) -> None:
        other = tempfile.mkdtemp(dir="/dev/shm")
        self.addCleanup(shutil.rmtree, other)
        if os.stat(other).st_dev == os.stat(self.root).st_dev:
            self.fail("the test needs two file systems")
        self.relocate("move", "a", other + "/a")
        self.assertFalse(os.path.exists(self.at("a")))
        self.relocate("move", other + "/a", "back")
        self.assertEqual((self.tree("back"), os.listdir(other)), (self.A, []))

    def test_names_of_any_bytes(self) -> None:
        self.relocate("copy", "b", "caf\udce9")
        self.relocate("move", "caf\udce9", "\udcff")
        self.assertIn(b"\xff", os.listdir(os.fsencode(self.root)))

    def test_what_is_missing_is_said(self) -> None:
        for op in "move", "copy":
            self.refuse("not_found", op, "none", "new")
            self.refuse("not_directory", op, "a", "b/new")
        self.assert_fails("not_found", "chmod", path=self.at("none"), mode=0o600)

    def test_a_copy_that_fails_leaves_nothing(self) -> None:
        deep = b"d" * 200
        os.chdir(self.at("a"))
        for _ in range(500):
            os.mkdir(deep)
            os.chdir(deep)
        os.chdir("/")
        self.refuse("invalid", "copy", "a", "c")
        self.shell("while ls -A | grep -q '^.clara-staged'; do :; done")
        self.assert_nothing_staged()
        self.client.call("remove", path=self.at("a"), recursive=True)

    def test_modes_are_set(self) -> None:
        self.assertEqual(self.client.call("chmod", path=self.at("b"), mode=0o4711).result["entry"]["mode"], 0o4711)
        self.client.call("chmod", path=self.at("a"), mode=0o640, recursive=True)
        found = {name: stat.S_IMODE(os.lstat(self.at("a")).st_mode) for name in ("a",)}
        self.assertEqual(found, {"a": 0o640})
        self.client.call("chmod", path=self.at("a"), mode=0o750)
        self.assertEqual(stat.S_IMODE(os.lstat(self.at("a/x")).st_mode), 0o640)
        self.assertEqual(stat.S_IMODE(os.lstat(self.at("a/2")).st_mode), 0o640)
        self.assertEqual(stat.S_IMODE(os.lstat(self.at("b")).st_mode), 0o4711)
        os.chmod(self.at("a/x"), 0o700)

    def test_a_folder_is_made_or_there(self) -> None:
        made = self.client.call("mkdir", path=self.at("n/m"), mode=0o2701).result
        self.assertEqual((made["created"], made["entry"]["mode"]), (True, 0o2701))
        for parents in True, False:
            again = self.client.call("mkdir", path=self.at("n/m"), parents=parents, mode=0o777).result
            self.assertEqual((again["created"], again["entry"]["mode"]), (False, 0o2701))
        self.assert_fails("exists", "mkdir", path=self.at("b"))
        self.assert_fails("exists", "mkdir", path=self.at("b"), parents=False)
        self.assert_fails("not_found", "mkdir", path=self.at("p/q"), parents=False)

    def test_an_empty_folder_is_deleted_and_a_full_one_not(self) -> None:
        os.mkdir(self.at("empty"))
        self.assertTrue(self.client.call("remove", path=self.at("empty"), empty=True).result["removed"])
        self.assert_fails("not_empty", "remove", path=self.at("a"), empty=True)
        self.assert_fails("invalid", "remove", path="/", recursive=True)
        self.assert_fails("invalid", "move", **{"from": "/proc", "to": self.at("p")})
        self.assertTrue(self.client.call("remove", path=self.at("a"), empty=True, recursive=True).result["removed"])
        self.assertFalse(os.path.exists(self.at("a")))


if __name__ == "__main__":
    unittest.main()
