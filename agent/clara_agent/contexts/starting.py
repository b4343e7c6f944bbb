"""How the Python of a context is started: a fork of a zygote, or one of its own."""

from __future__ import annotations

import marshal
import os
import sys

import _socket

from ..io.descriptors import send_with
from ..io.process import spawn
from .control import start_with_control
from .messages import Packets
from .program_interrupts import PassedInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..io.loop import Loop
    from ..wire.contracts import Host

# The folder that it starts in may have a file of any module's name.
LOADER = "import sys;sys.path[:]=filter(None,sys.path);import marshal,posix;p,j=marshal.loads(posix.read(3,1<<20));d={};exec(p['main'],d);d['start'](p,j)"
PARTS = {
    "main": "contexts.inside_main",
    "serving": "contexts.inside_serving",
    "showing": "display.inside_showing",
    "ipython": "contexts.inside_ipython",
    "bundles": "display.inside_bundles",
    "small": "contexts.inside_small",
    "charts": "contexts.inside_charts",
    "rich": "contexts.inside_rich",
    "title": "io.title",
}
# An interpreter has read these before a context could set them.
EARLY = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"TZ", b"MALLOC_", b"OMP_", b"OPENBLAS_", b"MKL_")


def _parts() -> dict[str, Any]:
    # The name is that of the import machinery, whose frames tracebacks leave out.
    return {name: __spec__.loader.code_of(module, "<frozen importlib._bootstrap>") for name, module in PARTS.items()}


def start_interpreter(environment: Mapping[bytes, bytes], cwd: bytes, job: dict[str, Any], descriptors: list[int]) -> tuple[int, socket]:
    """Starts an interpreter with stdout, stderr and the pipe of what it shows, or without them a zygote; its pid and the agent's end of its control."""

    def start(null: int, control: int) -> int:
        argv = [os.fsencode(sys.executable), b"-u", b"-c", LOADER.encode()]
        if descriptors:
            out, err, shown = descriptors
            return spawn(argv, environment, cwd, [null, out, err, control, shown], False)
        # A pipe, as contexts have: streams find out what they can do when they are made. The zygote lets go of both ends.
        reader, writer = os.pipe()
        try:
            return spawn(argv, environment, cwd, [null, writer, writer, control, null, reader], False)
        finally:
            os.close(reader)
            os.close(writer)

    return start_with_control(_socket.SOCK_SEQPACKET, marshal.dumps((_parts(), job)), start)


class Forge:
    """The zygote of contexts; there is none before the first context is made."""

    # A cell that is longer goes through a file.
    max_inline = 100 << 10
    # Whether code can ask for a line.
    asks = True
    # Whether it may run on when its control has ended.
    outlives_control = False

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pid: int | None = None
        self._socket: socket | None = None

    def pids(self) -> list[int]:
        """Its process."""
        return [self._pid] if self._pid else []

    def fork(self, job: dict[str, Any], descriptors: list[int]) -> socket | None:
        """Asks for a fork with these descriptors; the agent's end of its control, None where the job needs an interpreter of its own."""
        if any(name.startswith(EARLY) and self._host.environment.get(name) != value for name, value in job["env"].items()):
            return None
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            send_with(self._zygote(), marshal.dumps(job), [descriptors[0], descriptors[1], theirs.fileno(), descriptors[2]])
            return ours
        except OSError:
            # The kernel counts what all processes of this user pass to each other, those of other sandboxes too.
            ours.close()
            return None
        finally:
            theirs.close()

    def start(self, environment: Mapping[bytes, bytes], job: dict[str, Any], descriptors: list[int]) -> tuple[int, socket]:
        """One of its own: its pid and the agent's end of its control."""
        return start_interpreter(environment, job["cwd"], dict(job, is_zygote=False), descriptors)

    def messages(self) -> Packets:
        """How an interpreter is spoken to."""
        return Packets()

    def interrupt(self, loop: Loop, pid: int, tell: Callable[[dict[str, Any]], object]) -> PassedInterrupt:
        """Interrupts its code, which passes that on to what it has started."""
        return PassedInterrupt(loop, pid)

    def give_up(self) -> None:
        """It does not answer: the next context has another."""
        if self._pid:
            try:
                os.kill(self._pid, 9)
            except OSError:
                pass

    def _zygote(self) -> socket:
        if self._socket is None:
            workspace = os.fsencode(self._host.workspace)
            self._pid, self._socket = start_interpreter(self._host.environment, workspace, {"is_zygote": True}, [])
            self._host.children.watch(self._pid, lambda status: self._died())
        return self._socket

    def _died(self) -> None:
        if self._socket:
            self._socket.close()
        self._pid = self._socket = None
