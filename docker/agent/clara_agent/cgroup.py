"""Reads the container's own memory control group, in the layout of version 1 or 2."""

EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def oom_kills():
    """How many processes the OOM killer has taken so far; 0 where nobody counts."""
    for line in _read(EVENTS).split(b"\n"):
        name, _, value = line.partition(b" ")
        if name == b"oom_kill":
            return int(value)
    return 0


def memory_limit():
    """The memory limit in bytes, or None."""
    text = _read(LIMITS).strip()
    limit = int(text) if text.isdigit() else None
    return limit if limit and limit < 1 << 60 else None


def _read(paths):
    for path in paths:
        try:
            with open(path, "rb", 0) as file:
                return file.read(4096)
        except OSError:
            continue
    return b""
