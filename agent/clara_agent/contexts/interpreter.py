"""The agent's end of one interpreter that stays: its process, its pipes and the cells that it is given."""

from __future__ import annotations

import marshal
import os

from ..io.loop import READ
from ..io.pipes import widen
from ..io.tree import TreeKill, signal
from .starting import start_interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from ..io.contracts import Bytes
    from .roles import ContextHost
    from .starting import Forge

    class Listener(Protocol):
        """Who hears of it."""

        # Its process is there.
        def on_started(self) -> None: ...
        # A cell is over: how many there were, and whether it went well.
        def on_done(self, count: int, is_good: bool) -> None: ...
        # This one is gone, with this wait status.
        def on_lost(self, interpreter: Interpreter, status: int) -> None: ...


STARTED, READY, DONE = 1, 2, 3
SIGINT, KILLED_STATUS = 2, 9
STATUS_SECONDS = 2
PIPE_SIZE = 256 << 10
# A cell that is longer goes through a file.
MAX_INLINE = 100 << 10


class Interpreter:
    """One process that runs cells; `outputs` are the agent's ends of stdout, stderr and what is shown."""

    def __init__(self, agent: ContextHost, forge: Forge, job: dict[str, Any], listener: Listener) -> None:
        self._agent = agent
        self._forge = forge
        self._job = job
        self._listener = listener
        self.pid: int | None = None
        self.is_over = False
        self._is_ready = False
        self._is_forked = True
        self._is_unwanted = False
        self._kill: TreeKill | None = None
        self._scripts: list[bytes] = []
        self._unsent: list[bytes] = []
        self.outputs: list[int] = []
        self._theirs: list[int] = []
        try:
            for _ in range(3):
                reader, writer = os.pipe()
                self.outputs.append(reader)
                self._theirs.append(writer)
                widen(reader, PIPE_SIZE)
            control = forge.fork(job, self._theirs)
            if control is None:
                control = self._start_alone()
            self._listen(control)
        except BaseException:
            self.close()
            raise

    def _start_alone(self) -> Any:
        self._is_forked = False
        environment = dict(self._agent.environment)
        environment.update(self._job["env"])
        self.pid, control = start_interpreter(environment, self._job["cwd"], dict(self._job, is_zygote=False), self._theirs)
        self._agent.children.watch(self.pid, self._exited)
        self._close_theirs()
        return control

    def _listen(self, control: Any) -> None:
        self._control = control
        self._agent.loop.add(control.fileno(), READ, self._ready)

    def run(self, code: Bytes, is_silent: bool, asks: bool) -> None:
        """Gives it a cell; its end is told to the listener."""
        cell: dict[str, Any] = {"silent": is_silent, "asks": asks}
        if len(code) > MAX_INLINE:
            self._scripts.append(self._agent.scratch.put(b"cell.py", code))
            cell["file"] = self._scripts[-1]
        else:
            cell["code"] = bytes(code)
        message = marshal.dumps(cell)
        if self._is_ready:
            self._send(message)
        else:
            self._unsent.append(message)

    def answer(self, number: int, text: bytes | None) -> None:
        """Gives its code a line that it has asked for."""
        self._send(marshal.dumps({"number": number, "text": text}))

    def acknowledge(self, shown: int) -> None:
        """Says that so many lines of its cell are read."""
        self._send(marshal.dumps({"shown": shown}))

    def _send(self, message: bytes) -> None:
        try:
            self._control.send(message)
        except OSError:
            pass  # Its end is read as end of file.

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in the cell that runs."""
        if self.pid and not self.is_over and self._is_ready:
            signal(self.pid, SIGINT)

    def kill(self) -> None:
        """Ends it with all that it has started; the listener hears of it."""
        self._is_unwanted = True
        if self.is_over:
            return
        if not self.pid:
            self._forge.give_up()
            self._agent.loop.soon(lambda: self._finish(KILLED_STATUS))
        elif not self._kill:
            self._kill = TreeKill(self._agent.loop, [self.pid], self._tree_gone)

    def _tree_gone(self) -> None:
        self._agent.children.reap()
        self._agent.loop.later(STATUS_SECONDS, lambda: self._finish(KILLED_STATUS))

    def _ready(self, events: int) -> None:
        if not self._hear():
            self._gone()

    def _hear(self) -> bool:
        """Hears what has come; false at the end."""
        while not self.is_over:
            try:
                message = self._control.recv(64)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if len(message) != 12:
                return False
            kind, first, second = [int.from_bytes(message[at : at + 4], "little", signed=True) for at in (0, 4, 8)]
            if kind == STARTED and self.pid is None and first > 1:
                self.pid = first
                self._close_theirs()
                self._agent.children.watch(first, self._exited)
                self._listener.on_started()
            elif kind == READY and not self._is_ready:
                self._is_ready = True
                unsent, self._unsent = self._unsent, []
                for message in unsent:
                    self._send(message)
            elif kind == DONE:
                self._drop_scripts()
                self._listener.on_done(max(0, first), second == 0)
        return True

    def _gone(self) -> None:
        """Its control has ended: it is gone, or has closed what it is told by."""
        self._agent.loop.remove(self._control.fileno())
        if self._is_forked and self.pid is None and not self._is_unwanted:
            # The zygote went before it could fork.
            self._control.close()
            try:
                self._listen(self._start_alone())
                self._listener.on_started()
            except OSError:
                self._finish(KILLED_STATUS)
        elif self.pid is None:
            self._finish(KILLED_STATUS)
        else:
            self.kill()

    def _exited(self, status: int) -> None:
        if not self.is_over:
            self._hear()
            self._finish(status)

    def _finish(self, status: int) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._agent.loop.remove(self._control.fileno())
        self._control.close()
        self._drop_scripts()
        self._listener.on_lost(self, status)

    def _drop_scripts(self) -> None:
        scripts, self._scripts = self._scripts, []
        for script in scripts:
            self._agent.scratch.drop(script)

    def close(self) -> None:
        """Lets go of its pipes."""
        outputs, self.outputs = self.outputs, []
        for fd in outputs:
            os.close(fd)
        self._close_theirs()

    def _close_theirs(self) -> None:
        theirs, self._theirs = self._theirs, []
        for fd in theirs:
            os.close(fd)
