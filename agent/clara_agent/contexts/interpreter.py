"""The agent's end of one interpreter that stays: its process, its pipes and the cells that it is given."""

from __future__ import annotations

import os

from ..io.loop import READ
from ..io.pipes import widen
from ..io.tree import TreeKill
from .messages import DONE, READY, STARTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .roles import Cell, ContextHost, Interrupt, Starter

    class Listener(Protocol):
        """Who hears of it."""

        # Its process is there.
        def on_started(self) -> None: ...
        # A cell is over: how many there were, and its exit code.
        def on_done(self, count: int, code: int) -> None: ...
        # This one is gone, with this wait status.
        def on_lost(self, interpreter: Interpreter, status: int) -> None: ...


KILLED_STATUS = 9
STATUS_SECONDS = 2
PIPE_SIZE = 256 << 10


class Interpreter:
    """One process that runs cells; `outputs` are the agent's ends of stdout, stderr and what is shown."""

    def __init__(self, agent: ContextHost, starter: Starter, job: dict[str, Any], listener: Listener) -> None:
        self._agent = agent
        self._starter = starter
        self._messages = starter.messages()
        self._job = job
        self._listener = listener
        self.pid: int | None = None
        self.is_over = False
        self._is_ready = False
        self._is_forked = True
        self._is_unwanted = False
        self._kill: TreeKill | None = None
        # Whether the cell of now is interrupted, and what sees to it that the interrupt arrives.
        self._is_interrupted = False
        self._interrupt: Interrupt | None = None
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
            control = starter.fork(job, self._theirs)
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
        self.pid, control = self._starter.start(environment, self._job, self._theirs)
        self._agent.children.watch(self.pid, self._exited)
        self._close_theirs()
        return control

    def _listen(self, control: Any) -> None:
        self._control = control
        self._agent.loop.add(control.fileno(), READ, self._ready)

    def run(self, cell: Cell, is_typed: bool) -> None:
        """Gives it a cell; its end is told to the listener."""
        told: dict[str, Any] = {"silent": cell.is_silent, "asks": cell.asks, "waits": cell.waits}
        if is_typed:
            told["typed"] = True
        if len(cell.source) > self._starter.max_inline:
            self._scripts.append(self._agent.scratch.put(b"cell", cell.source))
            told["file"] = self._scripts[-1]
        else:
            told["code"] = bytes(cell.source)
        self._is_interrupted = False
        self._tell(told)

    def answer(self, number: int, text: bytes | None) -> None:
        """Gives its code a line that it has asked for."""
        self._tell({"number": number, "text": text})

    def acknowledge(self, shown: int) -> None:
        """Says that N lines of its cell are read."""
        self._tell({"shown": shown})

    def _tell(self, message: dict[str, Any]) -> None:
        encoded = self._messages.encode(message)
        if self._is_ready:
            self._send(encoded)
        else:
            self._unsent.append(encoded)

    def _send(self, message: bytes) -> None:
        try:
            self._control.send(message)
        except OSError:
            pass  # Its end is read as end of file.

    def interrupt(self) -> None:
        """Raises KeyboardInterrupt in the cell that it was given, or what its language has in the place of that."""
        if self.is_over:
            return
        if not self._is_interrupted:
            self._is_interrupted = True
            # A cell that has not begun does not hear a signal: it is told first.
            self._tell({"interrupt": True})
        self._signal()

    def _signal(self) -> None:
        if self.pid and self._is_ready:
            self._interrupt_no_more()
            self._interrupt = self._starter.interrupt(self._agent.loop, self.pid, self._tell)

    def _interrupt_no_more(self) -> None:
        if self._interrupt:
            self._interrupt.stop()
            self._interrupt = None

    def kill(self) -> None:
        """Ends it with all that it has started; the listener hears of it."""
        self._is_unwanted = True
        self._interrupt_no_more()
        if self.is_over:
            return
        if not self.pid:
            self._starter.give_up()
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
                found = self._messages.receive(self._control)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if found is None:
                return False
            for kind, first, second in found:
                self._take(kind, first, second)
        return True

    def _take(self, kind: int, first: int, second: int) -> None:
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
            if self._is_interrupted:
                self._signal()
        elif kind == DONE:
            self._interrupt_no_more()
            self._drop_scripts()
            self._listener.on_done(max(0, first), second & 255)

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
        elif not self._starter.outlives_control:
            self.kill()

    def _exited(self, status: int) -> None:
        if not self.is_over:
            self._hear()
            self._finish(status)

    def _finish(self, status: int) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._interrupt_no_more()
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
