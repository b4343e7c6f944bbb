"""What the kernel says of a process in one line."""

from __future__ import annotations


def fields_of(pid: int) -> list[bytes]:
    """Its line in /proc from the state on; X alone once it is gone."""
    try:
        with open("/proc/%d/stat" % pid, "rb", 0) as file:
            line = file.read(4096)
    except OSError:
        return [b"X"]
    # The name in brackets may hold anything, brackets too.
    return line[line.rfind(b")") + 2 :].split() or [b"X"]
