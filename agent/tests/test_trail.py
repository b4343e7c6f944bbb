"""Ways down through a tree and back up."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import unittest
from unittest import mock

from packing_case import in_child

from clara_agent.archives.pack import pack
from clara_agent.files.remove import remove_tree
from clara_agent.host.usage import measure
from clara_agent.io import trail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 100
STRIDE = 8


class Trails(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = os.fsencode(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        for number in range(DEPTH):
            os.mkdir(b"%d" % number)
            os.chdir(b"%d" % number)
        os.chdir(self.folder)

    def down(self, way: trail.Trail) -> Iterator[tuple[int, int]]:
        """Goes down to the last folder; the places on the way."""
        for number in range(DEPTH):
            yield trail.place()
            way.enter(b"%d" % number)

    @mock.patch.object(trail, "STRIDE", STRIDE)
    def test_the_way_back_is_known_with_few_folders_open(self) -> None:
        before = len(os.listdir("/proc/self/fd"))
        with mock.patch.object(os, "open", wraps=os.open) as opened, trail.Trail() as way:
            places = list(self.down(way))
            self.assertLessEqual(len(os.listdir("/proc/self/fd")) - before, STRIDE + DEPTH // STRIDE + 1)
            for number in reversed(range(DEPTH)):
                self.assertEqual((way.leave(), trail.place()), (b"%d" % number, places[number]))
            self.assertLess(opened.call_count, 2 * DEPTH)
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    @mock.patch.object(trail, "STRIDE", STRIDE)
    def test_a_way_that_leads_elsewhere_by_now_is_told(self) -> None:
        with trail.Trail() as way:
            list(self.down(way))
            parent = b"/".join(b"%d" % number for number in range(50))
            os.rename(os.path.join(self.folder, parent, b"50"), os.path.join(self.folder, b"moved"))
            os.mkdir(os.path.join(self.folder, parent, b"50"))
            os.mkdir(os.path.join(self.folder, parent, b"50", b"51"))
            with self.assertRaises(OSError) as caught:
                for _ in range(DEPTH):
                    way.leave()
        self.assertEqual(caught.exception.errno, errno.ESTALE)

    def test_nothing_goes_up_by_dots_which_takes_as_long_as_a_folder_is_deep(self) -> None:
        real = os.chdir

        def go(path: bytes) -> None:
            assert path not in (b"..", ".."), "by dots"
            real(path)

        out = os.open(os.devnull, os.O_WRONLY)
        self.addCleanup(os.close, out)
        with mock.patch.object(os, "chdir", go):
            self.assertRegex(in_child(lambda: measure([self.folder], 60, 1000)), "'entries': %d, 'complete': True" % DEPTH)
            self.assertRegex(in_child(lambda: pack(self.folder, "tar", out)), "'entries': %d" % DEPTH)
            self.assertEqual(in_child(lambda: remove_tree(os.path.join(self.folder, b"0"))), "None")
        self.assertEqual(os.listdir(self.folder), [])


class WideFolders(unittest.TestCase):
    def test_folders_beside_each_other_are_removed_without_looking_for_each(self) -> None:
        folder = os.fsencode(tempfile.mkdtemp())
        for number in range(1000):
            os.mkdir(os.path.join(folder, b"%d" % number))

        def looks() -> int:
            with mock.patch.object(os, "scandir", wraps=os.scandir) as looked:
                remove_tree(folder)
            return looked.call_count

        # Once into each, and a few times into that with all of them.
        self.assertLess(int(in_child(looks)), 1000 + 20)
        self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    unittest.main()
