"""What was acknowledged is on the disk; what was cut leaves nothing."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import tarfile
import unittest
from unittest import mock

from case import AgentCase
from client import CallFailed
from sandbox import kill_tree
from clara_agent.io.staged import PREFIX, Staged, new_name, place_made, sweep_roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MIB = 1 << 20
LIMITS = {"entries": 1000, "bytes": 500 * MIB, "ratio": 100000}


def run(*argv: Any) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class FullHost(AgentCase):
    """A disk image that promises more than the file system below it has, mounted in the workspace."""

    def setUp(self) -> None:
        super().setUp()
        place = os.path.join(self.sandbox.root, self.id().rpartition(".")[2])
        self.below = os.path.join(place, "below")
        self.disk = self.sandbox.path("disk")
        os.makedirs(self.below)
        os.makedirs(self.disk, exist_ok=True)
        host = os.path.join(place, "host")
        self.image = os.path.join(self.below, "image")
        self.filler = os.path.join(self.below, "filler")
        run("truncate", "-s", "160M", host)
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-N", "2000", "-J", "size=4", host)
        run("mount", "-o", "loop", host, self.below)
        self.addCleanup(run, "umount", "-l", self.below)
        run("fallocate", "-l", "120M", self.filler)
        run("truncate", "-s", "128M", self.image)
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-J", "size=4", "-E", "lazy_journal_init=0,nodiscard", self.image)
        run("mount", "-o", "loop", self.image, self.disk)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", self.disk]))

    def cycle(self) -> None:
        """Forgets all that is only in memory; there is room again before the disk is looked at."""
        run("umount", self.disk)
        os.unlink(self.filler)
        subprocess.run(["e2fsck", "-p", self.image], stdout=subprocess.DEVNULL)
        run("mount", "-o", "loop", self.image, self.disk)

    def test_a_file_that_was_acknowledged_is_there_and_one_that_was_not_leaves_the_old(self) -> None:
        self.client.call("write", b"old", path="disk/old")
        acknowledged = []
        with self.assertRaises(CallFailed) as caught:
            for number in range(128):
                self.client.call("write", bytes([number]) * MIB, path="disk/%d" % number)
                acknowledged.append(number)
        self.assertEqual(caught.exception.code, "no_space")
        self.assert_fails("no_space", "write", b"n" * 8 * MIB, path="disk/old")
        self.assertGreater(len(acknowledged), 4)
        self.cycle()
        self.assertEqual(self.read_file("disk/old"), b"old")
        for number in acknowledged:
            self.assertEqual(self.read_file("disk/%d" % number), bytes([number]) * MIB)
        names = set(os.listdir(self.disk)) - {"lost+found", "old"}
        self.assertEqual(names, {str(number) for number in acknowledged})

    def test_an_archive_that_was_acknowledged_is_there(self) -> None:
        def archive(number: int) -> bytes:
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w") as tar:
                for name in "a", "b":
                    info = tarfile.TarInfo("%d/%s" % (number, name))
                    info.size = MIB // 2
                    tar.addfile(info, io.BytesIO(bytes([number]) * info.size))
            return out.getvalue()

        acknowledged = []
        with self.assertRaises(CallFailed) as caught:
            for number in range(128):
                self.client.call("unpack", archive(number), destination="disk", format="tar", limits=LIMITS)
                acknowledged.append(number)
        self.assertEqual(caught.exception.code, "no_space")
        self.assertGreater(len(acknowledged), 4)
        self.cycle()
        for number in acknowledged:
            for name in "a", "b":
                self.assertEqual(self.read_file("disk/%d/%s" % (number, name)), bytes([number]) * (MIB // 2))


class Writers(AgentCase):
    def test_one_that_is_killed_leaves_nothing(self) -> None:
        os.mkdir(self.sandbox.path("cut"))
        self.write_file("cut/old", b"old")
        for name in "old", "new":
            number = self.client.open("write", path="cut/" + name)
            self.client.put(number, b"x" * 200000)
        self.client.call("stat", path=".")
        kill_tree(self.client.hello["pid"])
        type(self).client = self.sandbox.start(replace=True)
        self.assertEqual((os.listdir(self.sandbox.path("cut")), self.read_file("cut/old")), (["old"], b"old"))
        self.assertEqual([name for name in os.listdir(self.sandbox.workspace) if name.startswith(".")], [])

    def test_many_that_end_at_once_are_all_answered(self) -> None:
        numbers = [self.client.open("write", b"%d" % n, path="many/%d" % (n % 40)) for n in range(120)]
        for number in numbers:
            self.assertIn("bytes", self.client.finish(number).result)
        self.assertEqual(len(os.listdir(self.sandbox.path("many"))), 40)

    def test_of_those_that_end_at_once_for_one_version_one_is_written(self) -> None:
        numbers = [self.client.open("write", b"%d" % n, path="once", only=["absent"]) for n in range(20)]
        codes = []
        for number in numbers:
            self.client.wait(lambda number=number: self.client.answers[number].is_over)
            codes.append((self.client.answers[number].error or {"code": "written"})["code"])
        self.assertEqual(sorted(codes), ["changed"] * 19 + ["written"])


class WithoutNamelessFiles(AgentCase):
    """As on a file system that has none."""

    def setUp(self) -> None:
        super().setUp()
        self.root = os.fsencode(self.sandbox.path(self.id().rpartition(".")[2]))
        self.deep = os.path.join(self.root, b"a/b")
        os.makedirs(self.deep)
        plain = os.open

        def refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "no nameless files")
            return plain(path, flags, *more, **named)

        patch = mock.patch("os.open", refuse)
        patch.start()
        self.addCleanup(patch.stop)

    def test_what_is_left_lies_in_the_root_and_is_swept(self) -> None:
        Staged(self.deep, [self.root]).write(b"cut")
        self.assertEqual(os.listdir(self.deep), [])
        mine = os.path.join(self.root, PREFIX + b"not-one-of-ours")
        os.close(os.open(mine, os.O_CREAT))
        os.makedirs(os.path.join(self.root, new_name(), b"of a copy"))
        children = mock.Mock()
        sweep_roots([self.root, b"/no/such/root"], children)
        os.waitpid(children.watch.call_args.args[0], 0)
        self.assertEqual(sorted(os.listdir(self.root)), [PREFIX + b"not-one-of-ours", b"a"])

    def test_a_file_takes_its_place(self) -> None:
        path = os.path.join(self.deep, b"file")
        for content in b"one", b"two":
            file = Staged(self.deep, [self.root])
            file.write(content)
            file.settle()
            file.place(path)
            file.persist()
            file.close()
            with open(path, "rb") as found:
                self.assertEqual(found.read(), content)
        self.assertEqual((os.listdir(self.deep), [name for name in os.listdir(self.root) if name.startswith(PREFIX)]), ([b"file"], []))

    def test_one_that_is_given_up_is_gone(self) -> None:
        Staged(self.deep, [self.root]).close()
        Staged(self.deep, []).close()
        self.assertEqual((os.listdir(self.deep), os.listdir(self.root).count(b"a")), ([], 1))

    def test_a_link_takes_its_place(self) -> None:
        path = os.path.join(self.deep, b"link")
        for target in b"one", b"two":
            place_made(path, [self.root], lambda name, target=target: os.symlink(target, name))
            self.assertEqual(os.readlink(path), target)
        os.unlink(path)


if __name__ == "__main__":
    unittest.main()
