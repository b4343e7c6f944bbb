"""One channel: its credit in both directions, and the one answer that ends it."""

from __future__ import annotations

from . import codec
from .errors import Violation
from .wire_json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .errors import Failure
    from ..io.contracts import Bytes
    from .connection import Connection
    from .contracts import Listener

WINDOW = 262144


class Channel:
    """What an operation speaks through. `operation` gets on_data, on_end, on_room, on_cancel, on_gone."""

    __slots__ = ("connection", "id", "operation", "is_over", "_is_cancelled", "_send_credit", "_receive_credit", "_consumed")

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.id = number
        self.operation: Listener | None = None
        self.is_over = False
        self._is_cancelled = False
        self._send_credit = WINDOW
        self._receive_credit = WINDOW
        self._consumed = 0

    def room(self) -> int:
        """How many bytes may be sent now; where it is 0, `on_room` is called when it may be more."""
        if self.connection.is_full():
            self.connection.call_when_drained(self)
            return 0
        return self._send_credit or (WINDOW if self._is_cancelled else 0)

    def data(self, stream: int, payload: Bytes) -> None:
        """Sends bytes that `room` allows; once the peer has cancelled, what it gives no credit for is dropped."""
        if self._is_cancelled and len(payload) > self._send_credit:
            return
        self._send_credit -= len(payload)
        self.connection.send(codec.DATA, self.id, stream, payload)

    def end(self, stream: int) -> None:
        """Says that no more comes on this stream."""
        if not self.is_over:
            self.connection.send(codec.END, self.id, stream)

    def event(self, value: Any) -> None:
        """Sends something worth knowing before the result."""
        if not self.is_over:
            self.connection.send(codec.EVENT, self.id, 0, dumps(value))

    def result(self, value: Any) -> None:
        """Answers; the channel is over."""
        self._finish(codec.RESULT, value)

    def error(self, failure: Failure) -> None:
        """Answers with a Failure; the channel is over."""
        self._finish(codec.ERROR, failure.to_error())

    def cancel(self) -> None:
        """Asks the peer to stop what it does on a channel of ours."""
        if not self.is_over:
            self.connection.send(codec.CANCEL, self.id, 0)

    def _finish(self, kind: int, value: Any) -> None:
        if not self.is_over:
            self.is_over = True
            self.connection.send(kind, self.id, 0, dumps(value))
            self.connection.forget(self)

    def consumed(self, size: int) -> None:
        """Gives credit back for bytes that are dealt with."""
        self._consumed += size
        if self._consumed >= WINDOW // 4 and not self.is_over:
            self._receive_credit += self._consumed
            self.connection.send(codec.CREDIT, self.id, 0, self._consumed.to_bytes(4, "big"))
            self._consumed = 0

    def receive_cancel(self) -> None:
        """Takes a CANCEL frame: the answer must not wait for a peer that reads no more."""
        self._is_cancelled = True
        assert self.operation
        self.operation.on_cancel()
        if not self.is_over:
            self.operation.on_room()

    def receive_data(self, stream: int, payload: memoryview) -> None:
        """Takes a DATA frame off the peer's credit."""
        self._receive_credit -= len(payload)
        if self._receive_credit < 0:
            raise Violation("data without credit")
        assert self.operation
        self.operation.on_data(stream, payload)

    def receive_credit(self, size: int) -> None:
        """Takes a CREDIT frame: the peer cannot have consumed more than was sent."""
        self._send_credit += size
        if self._send_credit > WINDOW:
            raise Violation("credit for bytes that were never sent")
        assert self.operation
        self.operation.on_room()
