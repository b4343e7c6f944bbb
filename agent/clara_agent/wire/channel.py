"""One channel: its credit in both directions, and the one answer that ends it."""
from . import codec
from ..errors import Violation
from .wire_json import dumps

WINDOW = 262144


class Channel:
    """What an operation speaks through. `operation` gets on_data, on_end, on_room, on_cancel, on_gone."""

    __slots__ = ("connection", "id", "operation", "is_over", "_send_credit", "_receive_credit", "_consumed")

    def __init__(self, connection, number):
        self.connection = connection
        self.id = number
        self.operation = None
        self.is_over = False
        self._send_credit = WINDOW
        self._receive_credit = WINDOW
        self._consumed = 0

    def room(self):
        """How many bytes may be sent now; where it is 0, `on_room` is called when it may be more."""
        if self.connection.is_full():
            self.connection.call_when_drained(self)
            return 0
        return self._send_credit

    def data(self, stream, payload):
        """Sends bytes that `room` allows."""
        self._send_credit -= len(payload)
        self.connection.send(codec.DATA, self.id, stream, payload)

    def end(self, stream):
        """Says that no more comes on this stream."""
        if not self.is_over:
            self.connection.send(codec.END, self.id, stream)

    def event(self, value):
        """Sends something worth knowing before the result."""
        if not self.is_over:
            self.connection.send(codec.EVENT, self.id, 0, dumps(value))

    def result(self, value):
        """Answers; the channel is over."""
        self._finish(codec.RESULT, value)

    def error(self, failure):
        """Answers with a Failure; the channel is over."""
        self._finish(codec.ERROR, {"code": failure.code, "message": failure.message})

    def cancel(self):
        """Asks the peer to stop what it does on a channel of ours."""
        if not self.is_over:
            self.connection.send(codec.CANCEL, self.id, 0)

    def _finish(self, kind, value):
        if not self.is_over:
            self.is_over = True
            self.connection.send(kind, self.id, 0, dumps(value))
            self.connection.forget(self)

    def consumed(self, size):
        """Gives credit back for bytes that are dealt with."""
        self._consumed += size
        if self._consumed >= WINDOW // 4 and not self.is_over:
            self._receive_credit += self._consumed
            self.connection.send(codec.CREDIT, self.id, 0, self._consumed.to_bytes(4, "big"))
            self._consumed = 0

    def receive_data(self, stream, payload):
        """Takes a DATA frame off the peer's credit."""
        self._receive_credit -= len(payload)
        if self._receive_credit < 0:
            raise Violation("data without credit")
        self.operation.on_data(stream, payload)

    def receive_credit(self, size):
        """Takes a CREDIT frame: the peer cannot have consumed more than was sent."""
        self._send_credit += size
        if self._send_credit > WINDOW:
            raise Violation("credit for bytes that were never sent")
        self.operation.on_room()
