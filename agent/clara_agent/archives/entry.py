"""One thing in an archive, whatever its format."""


class Entry:
    """`name` is bytes, `kind` None for devices and the like, `origin` what the reader has of it."""

    __slots__ = ("name", "kind", "size", "mode", "mtime", "target", "origin")

    def __init__(self, name, kind, size, mode, mtime, target, origin):
        self.name = name
        self.kind = kind
        self.size = size
        self.mode = mode
        self.mtime = mtime
        self.target = target
        self.origin = origin


def show(name):
    """A name as sentences have it, of a bearable length."""
    text = (name.rstrip(b"/") or name).decode("utf-8", "replace")
    return text if len(text) <= 400 else "%s...%s" % (text[:200], text[-200:])
