"""The operation `ports`: what listens on the sandbox's loopback, and whose it is, looked up in a child."""

from __future__ import annotations

import os
import time

from ..io.disk import write_all
from ..io.tree import scan
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.wire_json import dumps
from .listeners import listening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.tree import Processes

MAX_PORTS = 512
MAX_COMMAND = 4096
# After this the ports that are left are told without their processes.
SECONDS = 2


class Ports(JobOperation):
    """Sends a line for each port that `tunnel` would reach, lowest first; the agent's own are left out."""

    def start(self) -> None:
        """Notes which processes are kept, and leaves the rest to a child, as a sandbox can have many descriptors."""
        own = self.agent.own_ports
        kept = {one["pid"]: one["id"] for one in (kept.describe() for kept in self.agent.table().all()) if one["exit"] is None and one["pid"]}
        self.job = Job(self.agent, self.channel, lambda _, out: report(own, kept, out), has_output=True)


def report(own: frozenset[int], kept: dict[int, int], out: int) -> dict[str, Any]:
    """Writes the lines; `truncated` where more listen."""
    inodes = listening()
    ports = sorted(set(inodes.values()) - own)
    owners = owners_of(inodes, time.monotonic() + SECONDS)
    processes = scan()
    for port in ports[:MAX_PORTS]:
        pid = owners.get(port)
        process = None if pid is None else {"id": kept_above(pid, kept, processes), "pid": pid, "command": command_of(pid)}
        write_all(out, dumps({"port": port, "process": process}) + b"\n")
    return {"truncated": len(ports) > MAX_PORTS}


def owners_of(inodes: dict[int, int], deadline: float) -> dict[int, int]:
    """Port to the lowest pid that has its socket open; a process that does not let itself be read (another user's) owns nothing."""
    owners: dict[int, int] = {}
    wanted = {b"socket:[%d]" % inode: port for inode, port in inodes.items()}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            names = os.listdir("/proc/%d/fd" % pid)
        except OSError:
            continue
        for name in names:
            if time.monotonic() > deadline:
                return owners
            try:
                port = wanted.get(os.readlink(b"/proc/%d/fd/%s" % (pid, os.fsencode(name))))
            except OSError:
                continue  # It was closed meanwhile.
            if port is not None:
                owners.setdefault(port, pid)
    return owners


def kept_above(pid: int, kept: dict[int, int], processes: Processes) -> int | None:
    """The number of the kept process that a pid is, or lies below."""
    seen = set()
    while pid in processes and pid not in seen:
        if pid in kept:
            return kept[pid]
        seen.add(pid)
        pid = processes[pid][0]
    return None


def command_of(pid: int) -> str:
    """Its command line, parted by blanks; empty where it has ended."""
    try:
        fd = os.open("/proc/%d/cmdline" % pid, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.fsdecode(os.read(fd, MAX_COMMAND).rstrip(b"\0").replace(b"\0", b" "))
        finally:
            os.close(fd)
    except OSError:
        return ""
