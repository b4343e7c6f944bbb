"""The operation `cell`: code that runs in a context, whose caller waits for its end on the same channel."""

from __future__ import annotations

from ..wire.errors import Failure
from ..io.capture import HeadAndTail
from ..io.descriptors import copies_of
from ..io.pipe_reader import PipeReader
from ..processes.tracking import Tracking
from ..wire.operation import Operation
from ..wire.parameters import take, take_count
from .context_operations import MAX_CONTEXTS, require_language, take_asked, take_name
from .turn_deadline import TurnDeadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from ..io.loop import Timer
    from ..wire.channel import Channel
    from .context import Context

MAX_SOURCE = 16 << 20
MAX_CAPTURE = 16 << 20
# What is shown goes out on stream 0, as lines; JSON and base64 take more than what they hold.
MAX_SHOWN = 32 << 20
# Outputs are left in their pipes for so long: most cells have ended by then, and are read once.
DELAY_SECONDS = 0.02
CHUNK = 65536


class Sink:
    """Where outputs go: the channel of the call, or nowhere once nobody hears it any more."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.is_heard = True

    def room(self) -> int:
        """How many bytes it takes now."""
        return self._channel.room() if self.is_heard else CHUNK

    def data(self, stream: int, payload: Bytes) -> None:
        """Bytes of an output."""
        if self.is_heard:
            self._channel.data(stream, payload)

    def consumed(self, size: int) -> None:
        """There is no input."""


class Cell(Operation):
    """The code comes on stream 0; outputs go out on 1 and 2, what is shown on 0, and the result when all is sent."""

    # Nobody answers what its code asks for, and all that it shows is told at its end.
    asks = False
    waits = False

    def start(self) -> None:
        """Reads the parameters."""
        self._name = take_name(self.parameters)
        self._language = take(self.parameters, "language", str, None)
        self._make = take(self.parameters, "make", dict, None)
        self._most = take_count(self.parameters, "most", MAX_CONTEXTS)
        self.timeout_ms = take_count(self.parameters, "timeoutMs", None)
        self.is_silent = take(self.parameters, "silent", bool, False)
        self.is_typed: bool | None = take(self.parameters, "typed", bool, None)
        capture = take(self.parameters, "capture", dict, {})
        self._kept = (take_count(capture, "head", MAX_CAPTURE, MAX_CAPTURE), take_count(capture, "tail", 0, MAX_CAPTURE))
        self.tracking = Tracking(self.agent.changes() if take(self.parameters, "trackFiles", bool, False) else None)
        self.source = bytearray()
        self._context: Context | None = None
        self._sink = Sink(self.channel)
        self._readers: list[PipeReader] = []
        self._delay: Timer | None = None
        self._turn_deadline: TurnDeadline | None = None
        self._end: dict[str, Any] | None = None
        self._then: Callable[[], object] | None = None

    def on_data(self, stream: int, payload: Bytes) -> None:
        """More of the code."""
        if len(self.source) + len(payload) > MAX_SOURCE:
            raise Failure("too_large", "A source can have at most %d bytes." % MAX_SOURCE)
        self.source += payload
        self.channel.consumed(len(payload))

    def on_end(self, stream: int) -> None:
        """The code is whole."""
        if self._context:
            return
        found = self._context = self.find_context()
        self._turn_deadline = TurnDeadline(found, self)
        found.submit(self)

    def find_context(self) -> Context:
        """The context, made where the call says of what; Failure `mismatch` where it has another language than the caller thinks."""
        table = self.agent.contexts()
        context = table.get(self._name)
        if context is None and self._make is not None:
            asked = take_asked(self._make, self.agent.workspace)
            require_language(self._name, asked["language"], self._language)
            return table.make(self._name, asked, self._most)
        found = context or table.find(self._name)
        require_language(self._name, found.language, self._language)
        return found

    def _stop_waiting(self) -> None:
        if self._turn_deadline:
            self._turn_deadline.stop()

    def begin(self, outputs: list[int]) -> None:
        """It is its turn: reads copies of the interpreter's outputs until it is over."""
        self._stop_waiting()
        self.tracking.start()
        copies = copies_of(outputs)
        head, tail = self._kept
        captures = [(1, HeadAndTail(head, tail)), (2, HeadAndTail(head, tail)), (0, HeadAndTail(MAX_SHOWN, 0))]
        loop = self.agent.loop
        self._readers = [PipeReader(loop, self._sink, stream, fd, capture, self._finished) for fd, (stream, capture) in zip(copies, captures)]
        self._delay = loop.later(DELAY_SECONDS, self._read)

    def _read(self) -> None:
        self._delay = None
        for reader in self._readers:
            reader.watch()

    def over(self, end: dict[str, Any], then: Callable[[], object]) -> None:
        """The code has ended: sends what is left of its outputs, then the result."""
        self._end = end
        self._then = then
        if self._delay:
            self._delay.cancel()
        for reader in self._readers:
            reader.drain()

    def _finished(self) -> None:
        if self._end is None or not all(reader.is_done for reader in self._readers):
            return
        end, self._end = self._end, None
        self.tracking.finish(lambda files: self._tell(end, files))

    def _tell(self, end: dict[str, Any], files: dict[str, Any] | None) -> None:
        stdout, stderr, shown = [reader.summary() for reader in self._readers]
        self.channel.result(dict(end, stdout=stdout, stderr=stderr, shown=shown, files=files))
        self._release()

    def _release(self) -> None:
        for reader in self._readers:
            reader.close()
        then, self._then = self._then, None
        if then:
            then()

    def on_failure(self, failure: Failure) -> None:
        """It cannot run."""
        self._sink.is_heard = False
        self._stop_waiting()
        self.tracking.drop()
        for reader in self._readers:
            reader.close()
        if self._delay:
            self._delay.cancel()
        self.channel.error(failure)

    def on_room(self) -> None:
        """Lets stalled outputs go on."""
        for reader in self._readers:
            reader.on_room()

    def on_cancel(self) -> None:
        """Interrupts it; the answer says that it was cancelled. One that still waits never runs."""
        if self._context and self._readers:
            self._context.cancel(self)
        else:
            super().on_cancel()

    def stop(self) -> None:
        """Nobody hears it any more: where it runs it goes on to its timeout, so that the variables are what its code makes of them."""
        self._sink.is_heard = False
        self._stop_waiting()
        if self._readers:
            self.on_room()
        elif self._context:
            self._context.cancel(self)
