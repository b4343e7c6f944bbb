"""A shell that is started ahead and waits for its command (images/sandbox/prestarted_shell.c is its other end)."""

from __future__ import annotations

import os

from _socket import AF_UNIX, SOCK_SEQPACKET, socketpair

from ..io.descriptors import send_with
from ..io.process import RESET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from ..io.children import Children
    from .process import Process

BASH = b"/bin/bash"
LIBRARY = b"/usr/lib/clara/prestarted_shell.so"
# The command takes the place of the first; the environment has as many entries as it may have at the end.
PLACEHOLDER = b" " * 1024
SLOTS = 128
MAX_MESSAGE = 128 * 1024
ENVIRONMENT = dict({b"LD_PRELOAD": LIBRARY}, **{"_%d" % number: b"" for number in range(SLOTS - 1)})
# What acts on a shell before its command comes.
EARLY = (b"LD_", b"GLIBC_TUNABLES", b"MALLOC_")
SIGCONT = 18


class PrestartedShell:
    """Keeps one shell waiting from the first run of a shell on; `give` hands it a run."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._is_possible = os.access(LIBRARY, os.R_OK) and os.access(BASH, os.X_OK)
        self._pid: int | None = None
        self._socket: socket | None = None

    def give(self, run: Process, source: bytes, environment: dict[bytes, bytes], outputs: list[int]) -> bool:
        """Has the waiting shell run the source; false where none waits, or it cannot be had that way."""
        if self._pid is None or self._socket is None or len(environment) > SLOTS or any(name.startswith(EARLY) for name in environment):
            return False
        variables = [name + b"=" + value for name, value in environment.items()]
        message = b"\0".join([run.request.cwd, source] + variables) + b"\0"
        if len(message) > MAX_MESSAGE:
            return False
        try:
            # Code of the same user may have stopped it.
            os.kill(self._pid, SIGCONT)
            send_with(self._socket, message, outputs)
        except OSError:
            self._forget()
            return False
        pid = self._pid
        self._forget()
        self._children.watch(pid, run.on_exited)
        run.on_started(pid)
        return True

    def prepare(self) -> None:
        """Starts one, unless one waits or none can be had."""
        if not self._is_possible or self._pid is not None:
            return
        try:
            ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        except OSError:
            # Code may have used up the files that the system has.
            return
        try:
            null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
            try:
                places = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((null, theirs.fileno(), null))]
                # No fork, which would cost the agent a page fault for all that it touches next; what a fork would do, the shell does.
                self._pid = os.posix_spawn(BASH, [BASH, b"-c", PLACEHOLDER], ENVIRONMENT, file_actions=places, setsigmask=(), setsigdef=RESET)
            finally:
                os.close(null)
        except OSError:
            ours.close()
            return
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket = ours
        pid = self._pid
        self._children.watch(pid, lambda status: self._forget() if self._pid == pid else None)

    def _forget(self) -> None:
        self._pid = None
        if self._socket:
            self._socket.close()
            self._socket = None

    def pids(self) -> list[int]:
        """The shell that waits, if one does."""
        return [self._pid] if self._pid is not None else []
