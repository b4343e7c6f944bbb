"""Operations on files."""
import errno
import json
import os
import socket
import stat
import subprocess
import unittest

from case import AgentCase
from client import CallFailed
from clara_agent.wire import codec
from clara_agent.wire.errors import from_os_error


class Files(AgentCase):
    def test_written_bytes_are_read_again(self) -> None:
        for size in 0, 1, 65535, 65536, 65537, 262144, 1000000, 20000000:
            body = os.urandom(1000) * (size // 1000) + b"x" * (size % 1000)
            self.assertEqual(self.client.call("write", body, path="file", size=size).result["bytes"], size)
            answer = self.client.call("read", path="file")
            self.assertTrue(answer.out == body)
            self.assertEqual((answer.result, answer.events[0]["size"], answer.events[0]["type"]), ({"bytes": size}, size, "file"))

    def test_parts_are_read(self) -> None:
        self.write_file("file", b"0123456789")
        for offset, length, part in ((0, 0, b""), (3, 4, b"3456"), (8, 100, b"89"), (10, 1, b""), (10**15, 1, b""), (0, None, b"0123456789")):
            self.assertEqual(self.client.call("read", path="file", offset=offset, length=length).out, part)

    def test_odd_names_work(self) -> None:
        for name in ("a b", "-rf", "new\nline", "quote'\"", "\u00e9\U0001f600", "caf\udce9", "\\x", "*", "~", ".hidden", "x" * 255):
            self.client.call("write", b"odd", path="odd/" + name)
            self.assertEqual(self.client.call("read", path="odd/" + name).out, b"odd")
            entries = [json.loads(line)["path"] for line in self.client.call("list", path="odd").out.splitlines()]
            self.assertEqual(entries, [self.sandbox.path("odd/" + name)])
            self.assertEqual(self.client.call("remove", path="odd/" + name).result, {"removed": True})
        self.assert_fails("invalid", "write", b"", path="x" * 256)

    def test_write_says_whether_it_created(self) -> None:
        self.assertTrue(self.client.call("write", b"1", path="new").result["created"])
        self.assertFalse(self.client.call("write", b"2", path="new").result["created"])

    def test_write_keeps_the_mode_or_sets_it(self) -> None:
        self.client.call("write", b"1", path="script", mode=0o755)
        self.client.call("write", b"2", path="script")
        self.assertEqual(stat.S_IMODE(os.stat(self.sandbox.path("script")).st_mode), 0o755)
        self.client.call("write", b"3", path="script", mode=0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.sandbox.path("script")).st_mode), 0o600)

    def test_write_goes_through_a_symlink(self) -> None:
        self.write_file("real", b"old")
        os.symlink("real", self.sandbox.path("link"))
        os.symlink("nowhere", self.sandbox.path("dangling"))
        self.client.call("write", b"new", path="link")
        self.client.call("write", b"made", path="dangling")
        self.assertTrue(os.path.islink(self.sandbox.path("link")))
        self.assertEqual((self.read_file("real"), self.read_file("nowhere")), (b"new", b"made"))

    def test_an_unfinished_write_leaves_the_old_file_and_no_other(self) -> None:
        os.mkdir(self.sandbox.path("whole"))
        self.write_file("whole/file", b"old")
        number = self.client.open("write", path="whole/file")
        self.client.put(number, b"x" * 100000)
        self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: self.client.answers[number].is_over)
        self.assertEqual(self.client.answers[number].error["code"], "cancelled")
        self.assert_fails("invalid", "write", b"short", path="whole/file", size=6)
        self.assert_fails("invalid", "write", b"longer", path="whole/file", size=5)
        number = self.client.open("write", path="whole/file")
        self.client.put(number, b"x")
        type(self).client = self.sandbox.start()
        self.assertEqual(os.listdir(self.sandbox.path("whole")), ["file"])
        self.assertEqual(self.read_file("whole/file"), b"old")

    def test_write_only_over_the_version_that_is_expected(self) -> None:
        self.assert_fails("changed", "write", b"1", path="only/file", only=["present"])
        self.assertFalse(os.path.exists(self.sandbox.path("only")))
        self.client.call("write", b"1", path="only/file", only=["absent"])
        self.assert_fails("changed", "write", b"2", path="only/file", only=["absent"])
        status = os.stat(self.sandbox.path("only/file"))
        version = "%d-%d-%d" % (status.st_size, status.st_mtime_ns, status.st_ino)
        self.client.call("write", b"three", path="only/file", only=["other", version])
        self.assert_fails("changed", "write", b"4", path="only/file", only=[version])
        self.assert_fails("changed", "write", b"4", path="only/file", only=[])
        self.client.call("write", b"five", path="only/file", only=["present"])
        self.assertEqual((self.read_file("only/file"), os.listdir(self.sandbox.path("only"))), (b"five", ["file"]))

    def test_write_sees_what_changes_while_its_bytes_come(self) -> None:
        os.mkdir(self.sandbox.path("raced"))
        number = self.client.open("write", path="raced/file", only=["absent"])
        self.client.put(number, b"late")
        self.write_file("raced/file", b"first")
        self.client.send(codec.END, number)
        with self.assertRaises(CallFailed) as caught:
            self.client.finish(number)
        self.assertEqual(caught.exception.code, "changed")
        self.assertEqual((self.read_file("raced/file"), os.listdir(self.sandbox.path("raced"))), (b"first", ["file"]))

    def test_write_makes_parents_unless_told_not_to(self) -> None:
        self.client.call("write", b"", path="p/q/r/file")
        self.assert_fails("not_found", "write", b"", path="nope/file", parents=False)
        self.write_file("plain")
        self.assert_fails("not_directory", "write", b"", path="plain/file")

    def test_folders_as_deep_as_a_path_can_be_are_made(self) -> None:
        deep = "deep/" + "d/" * 1500
        self.assertTrue(self.client.call("write", b"x", path=deep + "file").result["created"])
        self.assertEqual(self.client.call("read", path=deep + "file").out, b"x")
        self.assertTrue(self.client.call("mkdir", path="deeper/" + "d/" * 1500).result["created"])
        self.assert_fails("invalid", "write", b"x", path="deep/" + "d/" * 3000 + "file")
        self.assert_fails("not_directory", "mkdir", path=deep + "file/more")
        for name in "deep", "deeper":
            self.client.call("remove", path=name, recursive=True)

    def test_a_full_disk_is_no_space_and_keeps_the_old_file(self) -> None:
        small = self.sandbox.path("small")
        os.mkdir(small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], check=True)
        try:
            self.client.call("write", b"old", path="small/file")
            self.assert_fails("no_space", "write", b"x" * 200000, path="small/file")
            self.assertEqual((os.listdir(small), self.read_file("small/file")), (["file"], b"old"))
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            self.assert_fails("no_space", "write", b"x", path="small/file")
            self.assert_fails("read_only", "remove", path="small/file")
        finally:
            subprocess.run(["umount", small], check=True)

    def test_what_is_no_regular_file_never_blocks(self) -> None:
        os.mkfifo(self.sandbox.path("fifo"))
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.sandbox.path("socket"))
        for path in "fifo", "/dev/zero", "/dev/tty", "socket":
            with self.assertRaises(CallFailed):
                self.client.call("read", path=path)
        self.assert_fails("invalid", "read", path="fifo")
        self.assert_fails("invalid", "write", b"x", path="fifo")
        self.assert_fails("is_directory", "read", path=".")
        self.assert_fails("is_directory", "write", b"x", path=".")
        self.assert_fails("is_directory", "write", b"x", path="/")
        self.assertEqual(self.client.call("stat", path="fifo").result["type"], "other")

    def test_what_cannot_be_read_is_invalid_and_no_fault_of_the_agent(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.sandbox.path("bound"))
            self.assert_fails("invalid", "read", path="bound")
        self.assert_fails("invalid", "read", path="/proc/self/mem")

    def test_an_error_that_nobody_has_met_is_invalid(self) -> None:
        for number in errno.errorcode:
            failure = from_os_error(OSError(number, os.strerror(number)), "file")
            self.assertNotEqual(failure.code, "internal", errno.errorcode[number])
            self.assertRegex(failure.message, r"^[^a-z].*: file\.$")
        self.assertEqual(from_os_error(OSError("odd")).code, "invalid")

    def test_what_is_not_there_is_not_found(self) -> None:
        for op in "stat", "read", "list":
            self.assert_fails("not_found", op, path="absent")
        self.assert_fails("not_found", "move", **{"from": "absent", "to": "x"})
        self.assertEqual(self.client.call("remove", path="absent").result, {"removed": False})
        self.assertEqual(self.client.call("remove", path="absent", recursive=True).result, {"removed": False})

    def test_stat_follows_a_link_or_not(self) -> None:
        os.symlink("/etc", self.sandbox.path("etc"))
        self.assertEqual(self.client.call("stat", path="etc").result["type"], "directory")
        found = self.client.call("stat", path="etc", follow=False).result
        status = os.lstat(self.sandbox.path("etc"))
        self.assertEqual(found, {"type": "symlink", "size": 4, "mtimeNs": str(status.st_mtime_ns), "mode": 0o777, "inode": str(status.st_ino)})

    def test_a_loop_of_links_is_invalid(self) -> None:
        os.symlink("loop", self.sandbox.path("loop"))
        for op in "stat", "read", "write":
            self.assert_fails("invalid", op, b"" if op == "write" else None, path="loop")

    def test_remove_needs_recursive_for_a_folder(self) -> None:
        os.makedirs(self.sandbox.path("tree/a/b"))
        self.write_file("tree/a/b/c")
        os.symlink("/etc", self.sandbox.path("tree/a/etc"))
        self.assert_fails("is_directory", "remove", path="tree")
        self.assertEqual(self.client.call("remove", path="tree", recursive=True).result, {"removed": True})
        self.assertFalse(os.path.exists(self.sandbox.path("tree")))
        self.assertTrue(os.path.exists("/etc/passwd"))

    def test_remove_takes_a_link_and_not_its_target(self) -> None:
        os.makedirs(self.sandbox.path("kept/inner"))
        os.symlink("kept", self.sandbox.path("tokept"))
        self.assertEqual(self.client.call("remove", path="tokept", recursive=True).result, {"removed": True})
        self.assertTrue(os.path.exists(self.sandbox.path("kept/inner")))

    def test_remove_takes_a_very_deep_tree(self) -> None:
        source = "import os\nfor n in range(3000):\n os.mkdir('d' * 10); os.chdir('d' * 10)"
        os.mkdir(self.sandbox.path("deep"))
        self.assertEqual(self.python(source, cwd="deep").result["exitCode"], 0)
        self.assertEqual(self.client.call("remove", path="deep", recursive=True).result, {"removed": True})

    def test_a_slow_read_holds_little_memory_and_can_be_cancelled(self) -> None:
        self.write_file("large", bytes(20000000))
        self.client.gives_credit = False
        number = self.client.open("read", path="large")
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        self.client.send(codec.CANCEL, number)
        self.client.wait(lambda: answer.is_over)
        self.client.gives_credit = True
        self.assertEqual(answer.error["code"], "cancelled")

    def test_many_transfers_at_once_are_all_whole(self) -> None:
        bodies = [bytes([n]) * (300000 + n) for n in range(20)]
        for n, body in enumerate(bodies):
            self.write_file("t%d" % n, body)
        numbers = [self.client.open("read", path="t%d" % n) for n in range(20)]
        for number, body in zip(numbers, bodies):
            self.assertTrue(self.client.finish(number).out == body)

    def test_a_file_that_shrinks_while_it_is_read_ends_early(self) -> None:
        self.write_file("shrinks", bytes(1000000))
        self.client.gives_credit = False
        number = self.client.open("read", path="shrinks")
        answer = self.client.answers[number]
        self.client.wait(lambda: len(answer.out) == 262144)
        os.truncate(self.sandbox.path("shrinks"), 0)
        self.client.gives_credit = True
        self.client.send(codec.CREDIT, number, 0, (262144).to_bytes(4, "big"))
        self.assertEqual(self.client.finish(number).result, {"bytes": 262144})
        self.assertEqual(errno.ENOENT, 2)


if __name__ == "__main__":
    unittest.main()
