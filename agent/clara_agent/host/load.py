"""The operation `load`: what the sandbox takes of memory and CPU, from its control group in the layout of version 1 or 2."""

from __future__ import annotations

import os
from time import process_time_ns

from ..wire.errors import Failure
from ..io.tree import count_processes
from ..wire.operation import Operation

ROOT = "/sys/fs/cgroup"
LARGEST = 16384


class Load(Operation):
    """Answers at once: three small files and a list of the kernel."""

    def start(self) -> None:
        """Reads them, or says that there are none."""
        load = read_load(ROOT)
        if load is None:
            raise Failure("unsupported", "The sandbox does not see its own control group.")
        self.channel.result(dict(load, ownCpuNanos=process_time_ns(), processes=count_processes()))


def read_load(root: str) -> dict[str, int] | None:
    """Memory without the file cache that the kernel would give back, that cache, and CPU time so far; None where the files are not there."""
    return _read_unified(root) or _read_version_1(root)


def _read_unified(root: str) -> dict[str, int] | None:
    usage, statistics, cpu = _read(root, "memory.current"), _read(root, "memory.stat"), _read(root, "cpu.stat")
    microseconds = _field(cpu, b"usage_usec")
    if not usage.isdigit() or microseconds is None:
        return None
    return _load(int(usage), _field(statistics, b"inactive_file"), microseconds * 1000)


def _read_version_1(root: str) -> dict[str, int] | None:
    usage, statistics = _read(root, "memory/memory.usage_in_bytes"), _read(root, "memory/memory.stat")
    cpu = _read(root, "cpuacct/cpuacct.usage")
    if not usage.isdigit() or not cpu.isdigit():
        return None
    return _load(int(usage), _field(statistics, b"total_inactive_file"), int(cpu))


def _load(memory: int, cache: int | None, nanoseconds: int) -> dict[str, int]:
    given_back = min(memory, cache or 0)
    return {"memoryBytes": memory - given_back, "cacheBytes": given_back, "cpuNanos": nanoseconds}


def _field(text: bytes, name: bytes) -> int | None:
    for line in text.split(b"\n"):
        found, _, value = line.partition(b" ")
        if found == name and value.isdigit():
            return int(value)
    return None


def _read(root: str, name: str) -> bytes:
    try:
        fd = os.open("%s/%s" % (root, name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, LARGEST).strip()
    except OSError:
        return b""
    finally:
        os.close(fd)
