"""The operations on processes that outlive their channels: start, read, signal, write to, wait for and forget them."""

from __future__ import annotations

from ..wire.errors import Failure
from ..wire.operation import Operation
from ..wire.parameters import take, take_count
from .program_operation import ProgramOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from ..io.loop import Timer
    from .kept import Kept
    from .plain import PlainRun
    from .table import ProcessTable

MAX_PROCESSES = 1024
# How long the end of an input may take that a process had read before it ended itself.
END_SECONDS = 1


class Start(ProgramOperation):
    """Starts a program that is kept; the result says its id once it runs. With `caller` its outputs wait for one to attach."""

    is_kept = True

    def start(self) -> None:
        """Reads the parameters."""
        self._about = take(self.parameters, "about", dict, {})
        self._has_caller = take(self.parameters, "caller", bool, False)
        self._keeps_awake = take(self.parameters, "keepAwake", bool, False)
        self._most = take_count(self.parameters, "most", MAX_PROCESSES)
        self._kept: Kept | None = None
        super().start()

    def begin(self, source: Bytes) -> None:
        """Starts the process."""
        table: ProcessTable = self.agent.table()
        kept = self._kept = table.add(self._about, self._has_caller, self._most)
        kept.keeps_awake = self._keeps_awake
        try:
            kept.begin(self.request, source, self._answer)
        except BaseException:
            table.forget(kept)
            raise

    def _answer(self, failure: Failure | None) -> None:
        kept = self._kept
        if kept is None:
            return
        if failure:
            self.agent.table().forget(kept)
            self.channel.error(failure)
        else:
            self.channel.result(kept.describe())

    def stop(self) -> None:
        """Who starts it wants it no more."""
        kept, self._kept = self._kept, None
        if kept:
            self.agent.table().discard(kept)

    def on_gone(self) -> None:
        """The process goes on: whoever comes next finds it in the table."""

    def on_data(self, stream: int, payload: Bytes) -> None:
        """More of the source; nothing once the process is there."""
        if self._kept:
            self.channel.consumed(len(payload))
        else:
            super().on_data(stream, payload)

    def on_end(self, stream: int) -> None:
        """The source is whole."""
        if not self._kept:
            super().on_end(stream)


class Signal(Operation):
    """Sends a signal to a process; false where it has ended."""

    def start(self) -> None:
        """Sends it."""
        kept: Kept | PlainRun = self.agent.table().look_up(take_count(self.parameters, "id"))
        sent = kept.signal(take_count(self.parameters, "signal", most=64), take(self.parameters, "tree", bool, False))
        self.channel.result({"sent": sent})


class Input(Operation):
    """Writes what comes to the standard input of a process, as fast as that reads; one at a time."""

    def start(self) -> None:
        """Takes the input."""
        self._kept: Kept | None = None
        kept: Kept = self.agent.table().find(take_count(self.parameters, "id"))
        self._closes = take(self.parameters, "close", bool, False)
        self._received = self._written = 0
        self._has_ended = False
        self._timer: Timer | None = None
        if kept.is_over or not kept.process or not kept.process.request.has_stdin:
            raise Failure("exists", "The process has no standard input, or has ended.")
        if kept.writer:
            raise Failure("limit", "Another request writes to this process; try again when it is done.")
        self._kept = kept
        kept.writer = self

    def on_data(self, stream: int, payload: Bytes) -> None:
        """More input."""
        kept = self._kept
        self._received += len(payload)
        if not kept or not kept.process or not kept.process.write(payload):
            self.channel.consumed(len(payload))
            self._refuse()

    def on_written(self, size: int) -> None:
        """The process has taken so much."""
        self._written += size
        self.channel.consumed(size)
        self._finish_if_done()

    def on_end(self, stream: int) -> None:
        """All is there."""
        self._has_ended = True
        if self._kept and self._kept.process:
            self._kept.process.flush_input()
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        kept = self._kept
        if not kept or not self._has_ended or self._written < self._received:
            return
        self._finish(None)
        if self._closes and kept.process:
            kept.process.close_stdin()

    def on_closed(self) -> None:
        """The process reads no more; what it has read may be all there is, of which only the end is to come."""
        if self._received and self._written == self._received:
            self._timer = self.agent.loop.later(END_SECONDS, self._refuse)
        else:
            self._refuse()

    def _refuse(self) -> None:
        if self._kept:
            self._finish(Failure("exists", "The process has closed its standard input, or has ended."))

    def _finish(self, failure: Failure | None) -> None:
        self.stop()
        if failure:
            self.channel.error(failure)
        else:
            self.channel.result({"written": self._written})

    def on_cancel(self) -> None:
        """No more is to be written: the answer says how much was."""
        self.stop()
        self.channel.result({"written": self._written})

    def stop(self) -> None:
        """Lets another write. What is not written is dropped: whoever goes on behind `written` sends it again."""
        kept, self._kept = self._kept, None
        if self._timer:
            self._timer.cancel()
        if kept and kept.writer is self:
            kept.writer = None
            if self._written < self._received and kept.process:
                kept.process.drop_input()


class Wait(Operation):
    """Answers when a process has ended, or after `timeoutMs`."""

    def start(self) -> None:
        """Answers at once where it has ended."""
        self._timer: Timer | None = None
        self._kept: Kept | PlainRun | None = None
        kept: Kept | PlainRun = self.agent.table().look_up(take_count(self.parameters, "id"))
        self._kept = kept
        if kept.is_over:
            return self._answer()
        kept.waiters.append(self._answer)
        self._timer = self.agent.loop.later(take_count(self.parameters, "timeoutMs") / 1000, self._answer)
        return None

    def _answer(self) -> None:
        self.stop()
        assert self._kept
        self.channel.result(self._kept.describe())

    def stop(self) -> None:
        """Waits no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._kept and self._answer in self._kept.waiters:
            self._kept.waiters.remove(self._answer)


class Forget(Operation):
    """Ends a process with its tree, where it runs, and forgets it."""

    def start(self) -> None:
        """Kills it first."""
        kept: Kept | PlainRun = self.agent.table().look_up(take_count(self.parameters, "id"))
        if kept.is_over:
            return self._answer(kept)
        kept.waiters.append(lambda: self._answer(kept))
        kept.kill()
        return None

    def _answer(self, kept: Kept | PlainRun) -> None:
        self.agent.table().forget(kept)
        self.channel.result(kept.describe())


class Processes(Operation):
    """All processes that are kept and plain runs while they run, newest first; with `id` that one."""

    def start(self) -> None:
        """Answers at once."""
        table: ProcessTable = self.agent.table()
        number = take_count(self.parameters, "id", None)
        found = [*table.plain(), *table.all()] if number is None else [table.look_up(number)]
        described = sorted((kept.describe() for kept in found), key=lambda facts: facts["startedAtMs"], reverse=True)
        self.channel.result({"processes": described})


class Awake(Operation):
    """How many kept processes are to keep the sandbox awake, and how many contexts run."""

    def start(self) -> None:
        """Answers at once; makes neither table."""
        self.channel.result(self.agent.work())
