"""Decides whether an archive may be unpacked: no file system is touched, except to see which links are there already."""
import os

from ..errors import Failure

FILE, FOLDER, SYMLINK, HARDLINK = "file", "directory", "symlink", "hardlink"
MAX_LINKS = 40
MAX_NAME = 255
# What the kernel takes, less what the name of a temporary file may need in the deepest folder.
MAX_PATH = 4096 - 64


def unsafe(name, reason):
    """The Failure for an archive with such an entry."""
    return Failure("unsafe_archive", "The archive is refused: %r %s." % (name.decode("utf-8", "replace"), reason))


def parts_of(name):
    """The parts of an entry's name; a Failure where it is absolute or goes up."""
    if name.startswith(b"/"):
        raise unsafe(name, "is an absolute path")
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts:
        raise unsafe(name, "leads upwards")
    if b"\0" in name:
        raise unsafe(name, "has a NUL in its name")
    return parts


class Inspector:
    """Takes the entries of an archive in order; raises at the first that is unsafe or over the limits."""

    def __init__(self, destination, archive_bytes, limits):
        self._destination = destination
        self._limits = limits
        self._most = min(limits["bytes"], limits["ratio"] * archive_bytes)
        self._links = {}
        # The parts of a name that were found to lead through no link: the next name mostly begins like it.
        self._plain = []
        self.entries = 0
        self.bytes = 0

    def take(self, name, kind, size, target=b""):
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
            raise Failure("invalid", "The archive has a name that is too long: %r." % name[:MAX_NAME].decode("utf-8", "replace"))
        parent = self._resolve(name, [], parts[:-1])
        place = tuple(parent + parts[-1:])
        if kind == SYMLINK:
            if target.startswith(b"/"):
                raise unsafe(name, "is a link that points to an absolute path")
            self._links[place] = target
            self._plain = []
            self._resolve(name, parent, target.split(b"/"))
        elif kind == HARDLINK:
            self._resolve(name, [], parts_of(target))
        elif kind == FOLDER:
            self._resolve(name, [], parts)
        else:
            self._links[place] = None

    def _resolve(self, name, start, parts):
        """Where the parts lead from a folder of the destination, through links of the archive and of the disk."""
        known = 0 if start else _common(parts, self._plain)
        at = list(start) + parts[:known]
        todo = list(reversed(parts[known:]))
        followed = 0
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                if not at:
                    raise unsafe(name, "leads out of the destination")
                at.pop()
                continue
            target = self._target(tuple(at) + (part,))
            if target is None:
                at.append(part)
                continue
            followed += 1
            if followed > MAX_LINKS:
                raise unsafe(name, "leads through too many links")
            if target.startswith(b"/"):
                raise unsafe(name, "leads through a link out of the destination")
            todo.extend(reversed(target.split(b"/")))
        if not start and not followed and at == parts:
            self._plain = parts
        return at

    def _target(self, place):
        if place in self._links:
            return self._links[place]
        try:
            return os.readlink(os.path.join(self._destination, *place))
        except OSError:
            return None


def _common(parts, others):
    """How many parts two names have in common at their beginning."""
    count = 0
    for part, other in zip(parts, others):
        if part != other:
            break
        count += 1
    return count
