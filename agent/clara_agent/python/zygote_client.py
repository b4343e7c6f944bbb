"""The agent's end of one zygote."""

from __future__ import annotations

import errno
import marshal
import os
from struct import Struct

from _socket import SHUT_RDWR

from ..io.descriptors import send_with
from .spawn import start_zygote
from ..io.loop import READ, WRITE
from ..io.stat_line import fields_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..io.children import Children
    from ..io.loop import Loop, Timer
    from .launch import PythonLaunch

READY, IMPORTING, BROKEN, STARTED, EXITED, REFUSED, SPARE_FORK = range(1, 8)
# Four numbers: the kind, the number of a launch or module, a process, a status.
MESSAGE = Struct("<4i")
# A zygote that was stopped by the code it runs is first continued, then given up; so is one that does not answer.
WATCH_SECONDS = 1
MOST_STOPS = 2
MOST_SILENCE = 10
SIGKILL = 9
SIGCONT = 18


class ZygoteClient:
    """One zygote: `run(launch)` forks it; `launch` hears on_started(pid), on_exited(status), on_lost() or on_refused(errno)."""

    def __init__(self, loop: Loop, children: Children, environment: dict[bytes, bytes], cwd: bytes, preload: list[str]) -> None:
        self._loop = loop
        self._children = children
        self.preload = preload
        self.pid, self._socket = start_zygote(environment, cwd, preload)
        self._fd = self._socket.fileno()
        self._number = 0
        self._pending: dict[int, PythonLaunch] = {}
        self._running: dict[int, PythonLaunch] = {}
        self._backlog: list[tuple[bytes, int, PythonLaunch]] = []
        self._is_retired = False
        self.is_alive = True
        self.broken: list[int] = []
        self.importing: int | None = None
        self.on_ready: Callable[[ZygoteClient], object] | None = None
        self.on_dead: Callable[[ZygoteClient], object] | None = None
        self._watchdog: Timer | None = None
        self._silence = self._stops = 0
        self.spare_fork: int | None = None
        self.has_spoken = False
        children.watch(self.pid, lambda status: self._died())
        loop.add(self._fd, READ, self._ready)

    def run(self, launch: PythonLaunch) -> None:
        """Asks for a fork that runs its job with its two descriptors as stdout and stderr."""
        self._number += 1
        message = marshal.dumps(dict(launch.job, id=self._number))
        self._pending[self._number] = launch
        launch.zygote = self
        self._backlog.append((message, self._number, launch))
        self._send()
        if self._watchdog is None:
            self._silence = self._stops = 0
            self._watchdog = self._loop.later(WATCH_SECONDS, self._watch)

    def _send(self) -> None:
        while self._backlog:
            message, number, launch = self._backlog[0]
            try:
                send_with(self._socket, message, launch.descriptors)
            except BlockingIOError:
                return self._loop.modify(self._fd, READ | WRITE)
            except OSError as error:
                if error.errno != errno.ETOOMANYREFS:
                    return None  # Its end is read as end of file.
                # The kernel counts what all processes of this user pass to each other, those of other sandboxes too.
                if self._pending.pop(number, None):
                    self._loop.soon(launch.on_unsent)
            del self._backlog[0]
        return None

    def _watch(self) -> None:
        self._watchdog = None
        if not self._pending and not self._running:
            return
        self._silence = self._silence + 1 if self._pending else 0
        stopped = [pid for pid in self.pids() if _is_stopped(pid)]
        is_stopped = bool(stopped)
        self._stops = self._stops + 1 if is_stopped else 0
        is_unwanted = any(launch.is_unwanted for launch in self._pending.values())
        if self._silence > (0 if is_unwanted else MOST_SILENCE) or self._stops > MOST_STOPS:
            return self.kill()
        for pid in stopped:
            kill(pid, SIGCONT)
        self._watchdog = self._loop.later(WATCH_SECONDS, self._watch)

    def _ready(self, events: int) -> None:
        if events & WRITE and self._backlog:
            self._loop.modify(self._fd, READ)
            self._send()
        if self.is_alive and self._read() is False:
            self._died()

    def _read(self) -> bool | None:
        """Hears one message; None where none has come, false at the end."""
        try:
            message = self._socket.recv(64)
        except BlockingIOError:
            return None
        except OSError:
            return False
        if len(message) != MESSAGE.size:
            return False
        self._hear(*MESSAGE.unpack(message))
        return True

    def _hear(self, kind: int, number: int, pid: int, status: int) -> None:
        self._silence = 0
        self.has_spoken = True
        if kind == STARTED:
            if pid == self.spare_fork:
                self.spare_fork = None
            launch = self._pending.pop(number, None)
            if launch:
                self._running[pid] = launch
                launch.on_started(pid)
        elif kind == EXITED:
            launch = self._running.pop(pid, None)
            if launch:
                launch.on_exited(status)
            self._rest()
        elif kind == REFUSED:
            launch = self._pending.pop(number, None)
            if launch:
                launch.on_refused(status)
        elif kind == SPARE_FORK:
            self.spare_fork = pid
        elif kind == IMPORTING:
            self.importing = number
        elif kind == BROKEN:
            self.broken.append(number)
        elif kind == READY and self.on_ready:
            self.on_ready(self)

    def _died(self) -> None:
        if not self.is_alive:
            return
        # From here on no fork can start a request: it says so first, and that fails.
        try:
            self._socket.shutdown(SHUT_RDWR)
        except OSError:
            pass
        while self.is_alive and self._read():
            pass
        self.is_alive = False
        self._loop.remove(self._fd)
        self._socket.close()
        if self._watchdog:
            self._watchdog.cancel()
        kill(self.pid)
        running, self._running = self._running, {}
        pending, self._pending = self._pending, {}
        for pid, launch in running.items():
            # Its forks are the agent's children from now on, unless it reaped one and could not say so.
            self._children.watch(pid, launch.on_exited)
            try:
                os.kill(pid, 0)
            except OSError:
                self._children.forget(pid)
                launch.on_exited(SIGKILL)
        if self.on_dead:
            self.on_dead(self)
        for launch in pending.values():
            launch.on_lost()
        self._children.reap()

    def pids(self) -> list[int]:
        """Its processes, without those that run something."""
        return [self.pid] + ([self.spare_fork] if self.spare_fork else [])

    def give_up(self) -> None:
        """Nobody waits any more for one of its starts: ends it where it does not answer; one that does may go on for the others."""
        if not self.has_spoken or self._silence:
            self.kill()

    def kill(self) -> None:
        """Ends it; its runs go on as children of the agent."""
        kill(self.pid)

    def retire(self) -> None:
        """Ends it when the last of its runs is over."""
        self._is_retired = True
        self._rest()

    def _rest(self) -> None:
        if self._is_retired and not self._running and not self._pending:
            self._died()


def kill(pid: int, number: int = SIGKILL) -> None:
    """A signal for a process that may be gone."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def _is_stopped(pid: int) -> bool:
    return fields_of(pid)[0] in (b"T", b"t")
