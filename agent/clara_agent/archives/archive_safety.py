"""Decides whether an archive may be unpacked: no file system is touched, except to see what is there already."""

from __future__ import annotations

import os
import stat

from ..wire.errors import Failure
from .entry import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contracts import Way

FILE, FOLDER, SYMLINK, HARDLINK = "file", "directory", "symlink", "hardlink"
MAX_LINKS = 40
MAX_NAME = 255
# What the kernel takes, less what the name of a temporary file may need in the deepest folder.
MAX_PATH = 4096 - 64
# Folders that no entry names are made too: they may be this many for each entry that is allowed.
PLACES = 2


def unsafe(name: bytes, reason: str) -> Failure:
    """The Failure for an archive with such an entry."""
    return Failure("unsafe_archive", "The archive is refused: %s %s." % (show(name), reason))


def parts_of(name: bytes) -> list[bytes]:
    """The parts of an entry's name; a Failure where it is absolute or goes up."""
    if name.startswith(b"/"):
        raise unsafe(name, "is an absolute path")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise unsafe(name, "leads upwards")
    if b"\0" in name:
        raise unsafe(name, "has a NUL in its name")
    return parts


class Place:
    """A name in a folder, as it will be when the entries so far are unpacked; `kind` is None where nothing is."""

    __slots__ = ("kind", "target", "inner", "is_on_disk")

    def __init__(self, kind: str | None, target: bytes = b"", is_on_disk: bool = False) -> None:
        self.kind = kind
        self.target = target
        # What is known in a folder, by name.
        self.inner: dict[bytes, Place] | None = None
        self.is_on_disk = is_on_disk

    def become(self, kind: str | None, target: bytes = b"") -> None:
        """Another thing takes the place."""
        self.kind = kind
        self.target = target
        self.inner = None
        self.is_on_disk = False


class Inspector:
    """Takes the entries of an archive in order; raises at the first that is unsafe, impossible or over the limits."""

    def __init__(self, destination: bytes, archive_bytes: int, limits: dict[str, int]) -> None:
        self._destination = destination
        self._limits = limits
        self._most = min(limits["bytes"], max(limits["small"], limits["ratio"] * archive_bytes))
        self._top = Place(FOLDER, is_on_disk=True)
        self._most_places = PLACES * limits["entries"] + MAX_PATH
        self._places = 0
        # The way to the folder of an entry before, which the next mostly shares.
        self._way = ([], [self._top])
        self.entries = 0
        self.bytes = 0

    def take(self, name: bytes, kind: str | None, size: int, target: bytes = b"") -> None:
        """One entry; `kind` is None for devices and the like."""
        if kind is None:
            raise unsafe(name, "is a device, a socket or a pipe")
        self.entries += 1
        self.bytes += max(0, size)
        if self.entries > self._limits["entries"]:
            raise Failure("too_large", "The archive has more than %d entries." % self._limits["entries"])
        if self.bytes > self._most:
            raise Failure("too_large", "The archive holds more than %d bytes." % self._most)
        parts = parts_of(name)
        if not parts:
            return
        if max(map(len, parts)) > MAX_NAME or len(os.path.join(self._destination, *parts)) > MAX_PATH:
            raise Failure("invalid", "The archive has a name that is too long: %s." % show(name))
        if kind == FOLDER:
            self._make(name, parts)
            return
        way = self._make(name, parts[:-1])
        place = self._in(way, parts[-1])
        if kind == HARDLINK:
            linked = self._linked(name, target)
            kind, target = linked.kind, linked.target
        if kind == SYMLINK:
            if target.startswith(b"/"):
                raise unsafe(name, "is a link that points to an absolute path")
            self._follow(name, way, target.split(b"/"))
        if place.kind == FOLDER:
            raise Failure("is_directory", "There is a folder where the archive has a file or link: %s." % show(name))
        place.become(kind, target)

    def _linked(self, name: bytes, target: bytes) -> Place:
        """The place that a hard link stands for."""
        parts = parts_of(target)
        way = self._follow(name, [(b"", self._top)], parts[:-1])
        place = self._in(way, parts[-1], is_kept=False) if parts else self._top
        if place.kind not in (FILE, SYMLINK):
            raise Failure("invalid", "The archive has a hard link to what is no file: %s." % show(name))
        return place

    def _make(self, name: bytes, parts: list[bytes]) -> Way:
        """The way to a folder that is there or is to be made."""
        known_parts, known = self._way
        count = 0
        for part, other in zip(parts, known_parts):
            if part != other:
                break
            count += 1
        start = list(zip([b""] + known_parts, known))[: count + 1]
        way = self._follow(name, start, parts[count:], is_made=True)
        if [part for part, _ in way[1:]] == parts:
            self._way = (parts, [place for _, place in way])
        return way

    def _follow(self, name: bytes, start: Way, parts: list[bytes], is_made: bool = False) -> Way:
        """The way that the parts lead from a folder, through links of the archive and of the disk: pairs of a part and its Place."""
        way = list(start)
        todo = list(reversed(parts))
        followed = 0
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                if len(way) == 1:
                    raise unsafe(name, "leads out of the destination")
                way.pop()
                continue
            place = self._in(way, part, is_made)
            if place.kind != SYMLINK:
                if is_made and place.kind == FILE:
                    raise Failure("not_directory", "There is a file where the archive has a folder: %s." % show(name))
                if is_made and place.kind is None:
                    place.become(FOLDER)
                way.append((part, place))
                continue
            followed += 1
            if followed > MAX_LINKS:
                raise unsafe(name, "leads through too many links")
            if place.target.startswith(b"/"):
                raise unsafe(name, "leads through a link out of the destination")
            todo.extend(reversed(place.target.split(b"/")))
        return way

    def _in(self, way: Way, part: bytes, is_kept: bool = True) -> Place:
        """What is at a name in the folder at the end of the way."""
        folder = way[-1][1]
        place = folder.inner.get(part) if folder.inner else None
        if place is None:
            place = self._look(way, part) if folder.is_on_disk else Place(None)
            if is_kept:
                self._places += 1
                if self._places > self._most_places:
                    raise Failure("too_large", "The archive makes more than %d files and folders." % self._most_places)
                if folder.inner is None:
                    folder.inner = {}
                folder.inner[part] = place
        return place

    def _look(self, way: Way, part: bytes) -> Place:
        path = os.path.join(self._destination, *[step for step, _ in way[1:]], part)
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                return Place(SYMLINK, os.readlink(path))
        except OSError:
            return Place(None)
        return Place(FOLDER if stat.S_ISDIR(mode) else FILE, is_on_disk=True)
