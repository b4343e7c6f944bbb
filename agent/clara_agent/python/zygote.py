"""The zygote: forks a process for each Python run, one of them ahead so that a run need not wait for the fork.

Runs in an interpreter of its own and never imports the agent; `start` is called by the loader (spawn.py), with the other parts as code.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any

    from ..io.title import find_title, set_title
    from .guise import become_program, become_victim, forget_first_outputs, take_title
    from .rehearsal import rehearse

# Python 3.13 loads it for `-c`, though not for a script.
sys.modules.pop("linecache", None)
KNOWN = set(sys.modules)

import _ctypes
import _signal
import _socket
import gc
import marshal
import posix
from select import POLLHUP, POLLIN, poll

READY, IMPORTING, BROKEN, STARTED, EXITED, REFUSED, SPARE_FORK = range(1, 8)
CHANNEL = 3
PR_SET_CHILD_SUBREAPER = 36
MAX_REQUEST = 1 << 18
REHEARSALS = 10
ALL = _signal.valid_signals()
HELD_BACK = ALL - {_signal.SIGCHLD}
# What a fork keeps to its end: to let go of it would copy the pages that it is on.
KEPT: list[object] = []


class Zygote:
    """Answers the agent's requests with forks, and reports how they end."""

    def __init__(self, channel: socket, preload: list[str], script: dict[str, Any]) -> None:
        self.channel = channel
        self.script = script
        self.prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
        self.place = find_title()
        set_title(self.place, b"clara-zygote", b"clara-zygote")
        # Whoever ends all processes of a user does not mean this one, nor the fork that waits.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, HELD_BACK)
        self.spare_fork: tuple[int, int] | None = None
        self.failure = 0
        self.path = [entry for entry in sys.path if entry]
        for number, name in enumerate(preload):
            self.report(IMPORTING, number)
            try:
                __import__(name)
            except BaseException:
                self.report(BROKEN, number)
        sys.path[:] = self.path
        # Reserved, not touched: a fork pays for the pages that a request fills.
        self.request = memoryview(bytearray(MAX_REQUEST))
        self.preloaded = {name.partition(".")[0] for name in set(sys.modules) - KNOWN}
        KNOWN.update(sys.modules)

    def report(self, kind: int, number: int = 0, pid: int = 0, status: int = 0) -> None:
        """Tells the agent; without an agent there is nothing left to do."""
        message = b"".join(value.to_bytes(4, "little", signed=True) for value in (kind, number, pid, status))
        try:
            self.channel.send(message)
        except OSError:
            posix._exit(0)

    def serve(self) -> dict[str, Any]:
        """Returns only in a fork, with the job that it is to run."""
        self.wake, self.writer = posix.pipe()
        posix.set_blocking(self.wake, False)
        posix.set_blocking(self.writer, False)
        _signal.signal(_signal.SIGCHLD, _ignore)
        _signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        self.poller: Any = poll()
        self.poller.register(self.channel, POLLIN)
        self.poller.register(self.wake, POLLIN)
        # The interpreter makes what it runs faster after a few times, and what it makes is inherited.
        for _ in range(REHEARSALS):
            rehearse(self.place, self.script)
        gc.collect()
        gc.freeze()
        self.report(READY)
        job = self.fork_spare()
        while not job:
            for descriptor, events in self.poller.poll():
                if descriptor == self.wake:
                    job = self.reap()
                elif descriptor != CHANNEL:
                    self.forget_spare()
                elif events & POLLHUP:
                    posix._exit(0)
                elif not self.spare_fork:
                    job = self.fork_spare() or self.refuse_if_alone()
                if job:
                    break
        return job

    def reap(self) -> dict[str, Any] | None:
        """Reports every fork that has ended; makes a new spare fork where none is left, and in that returns its job."""
        try:
            posix.read(self.wake, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = posix.waitpid(-1, posix.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if self.spare_fork and pid == self.spare_fork[0]:
                self.forget_spare()
            self.report(EXITED, 0, pid, status)
        return None if self.spare_fork else self.fork_spare()

    def fork_spare(self) -> dict[str, Any] | None:
        """Forks the process that takes the next request from the channel; in that returns the job."""
        taken, holder = posix.pipe()
        try:
            pid = posix.fork()
        except OSError as error:
            self.failure = error.errno or 0
            posix.close(taken)
            posix.close(holder)
            return None
        if not pid:
            posix.close(taken)
            return self.wait_for_job(holder)
        posix.close(holder)
        self.spare_fork = (pid, taken)
        self.poller.register(taken, POLLIN)
        self.poller.modify(self.channel, 0)
        self.report(SPARE_FORK, 0, pid)
        return None

    def forget_spare(self) -> None:
        """The spare fork has a job, or is gone: until there is another the zygote itself looks for requests."""
        assert self.spare_fork
        _, taken = self.spare_fork
        self.spare_fork = None
        self.poller.unregister(taken)
        posix.close(taken)
        self.poller.modify(self.channel, POLLIN)

    def refuse_if_alone(self) -> None:
        """Takes a request that no fork could be made for, and says so."""
        if not self.spare_fork:
            job, descriptors = self.receive()
            for descriptor in descriptors:
                posix.close(descriptor)
            self.report(REFUSED, job["id"], 0, self.failure)

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """The next request and its descriptors."""
        size, ancillary, _, _ = self.channel.recvmsg_into([self.request], _socket.CMSG_SPACE(8), _socket.MSG_CMSG_CLOEXEC)
        if not size:
            posix._exit(0)
        descriptors = []
        for _, _, rights in ancillary:
            descriptors += [int.from_bytes(rights[at : at + 4], sys.byteorder) for at in range(0, len(rights), 4)]
        return marshal.loads(self.request[:size]), descriptors

    def wait_for_job(self, holder: int) -> dict[str, Any]:
        """In the spare fork: does what can be done ahead, then waits for a request."""
        posix.setsid()
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        _ctypes.call_function(self.prctl, (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
        posix.close(self.wake)
        posix.close(self.writer)
        if self.spare_fork:
            posix.close(self.spare_fork[1])
        self.poller = None
        rehearse(self.place, self.script)
        KEPT.append(self)
        job, descriptors = self.receive()
        # What came while it waited was meant for others; what comes from here on is for the program, which hears it once it begins.
        while _signal.sigpending():
            _signal.sigtimedwait(ALL, 0)
        # Said before the next spare fork may take a request: requests start in the order in which they came.
        self.report(STARTED, job["id"], posix.getpid())
        posix.close(holder)
        self.channel.close()
        for number, descriptor in enumerate(descriptors, 1):
            posix.dup2(descriptor, number)
        for descriptor in descriptors:
            posix.close(descriptor)
        if "script" in job:
            take_title(self.place, job)
        job["path"] = self.path
        job["preloaded"] = self.preloaded
        return job


def _ignore(number: int, frame: object) -> None:
    pass


def start(parts: dict[str, Any], loader: str, job: dict[str, Any]) -> None:
    """Serves where the job is a list of modules to preload, else runs the one job."""
    for name in ("title", "guise", "rehearsal"):
        exec(parts[name], globals())
    become_victim()
    script, sources = {}, {}
    for name in ("import_report", "showing", "failures", "shutdown", "main"):
        exec(parts[name], script)
    exec(parts["sources"], sources)
    sources["follow_sources"]()
    for name in set(sys.modules) - KNOWN:
        del sys.modules[name]
    script["KNOWN"] = KNOWN
    script["PARTS"] = parts
    script["LOADER"] = loader
    KEPT.append(sys.modules["__main__"])
    script["KEPT"] = KEPT
    script["offer_showing"]()
    if "preload" in job:
        posix.set_inheritable(CHANNEL, False)
        forget_first_outputs()
        job = Zygote(_socket.socket(fileno=CHANNEL), job["preload"], script).serve()
    else:
        posix.close(CHANNEL)
        take_title(find_title(), job)
        job["path"] = [entry for entry in sys.path if entry]
        job["preloaded"] = ()
    if "argv" in job:
        become_program(job)
    script["unwind_into"](job)
