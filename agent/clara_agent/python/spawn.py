"""How a Python interpreter is started: the code it is to run comes on descriptor 3."""

from __future__ import annotations

import marshal
import os
import sys

import _socket

from ..io.process import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

# The folder that it starts in may have a file of any module's name.
LOADER = "import sys;sys.path[:]=filter(None,sys.path);import marshal,posix;p,l,j=marshal.loads(posix.read(3,1<<20));d={};exec(p['zygote'],d);d['start'](p,l,j)"
PARTS = {
    "zygote": "python.zygote",
    "title": "io.title",
    "guise": "python.guise",
    "rehearsal": "python.rehearsal",
    "sources": "python.sources",
    "import_report": "python.import_report",
    "showing": "python.showing",
    "failures": "python.failures",
    "shutdown": "python.shutdown",
    "main": "python.main",
    # What a script that shows something needs besides.
    "shown": "display.inside_showing",
    "bundles": "display.inside_bundles",
    "pictures": "python.pictures",
}
_parts = {}


def zygote_parts() -> dict[str, Any]:
    """The compiled parts of the zygote, which are never imported here."""
    if not _parts:
        for name, module in PARTS.items():
            _parts[name] = __spec__.loader.code_of(module, "<frozen importlib._bootstrap>")
    return _parts


def start_zygote(environment: dict[bytes, bytes], cwd: bytes, preload: list[str]) -> tuple[int, socket]:
    """Starts a zygote; its pid and the agent's end of its socket."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    # A pipe, as runs have: streams find out what they can do when they are made. The zygote lets go of both ends.
    reader, writer = os.pipe()
    try:
        ours.setblocking(False)
        ours.send(marshal.dumps((zygote_parts(), LOADER, {"preload": preload})))
        # No subreaper: what its runs leave behind becomes the agent's.
        pid = _spawn(environment, cwd, [null, writer, writer, theirs.fileno(), reader], False)
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        for fd in null, reader, writer:
            os.close(fd)
    return pid, ours


def start_cold(environment: dict[bytes, bytes], cwd: bytes, job: dict[str, Any], descriptors: list[int]) -> int:
    """Runs one job in an interpreter of its own; its pid."""
    # A pipe would not hold it.
    holder = os.memfd_create("clara-job")
    try:
        os.write(holder, marshal.dumps((zygote_parts(), LOADER, job)))
        os.lseek(holder, 0, os.SEEK_SET)
        return _spawn(environment, cwd, descriptors + [holder], True)
    finally:
        os.close(holder)


def _spawn(environment: dict[bytes, bytes], cwd: bytes, descriptors: list[int], is_run: bool) -> int:
    argv = [os.fsencode(sys.executable), b"-u", b"-c", LOADER.encode()]
    return spawn(argv, environment, cwd, descriptors, is_run)
