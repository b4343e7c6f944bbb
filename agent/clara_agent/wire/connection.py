"""The stream to the server: reads frames, writes frames, knows the channels."""

from __future__ import annotations

import os

from . import codec
from .channel import Channel
from .errors import Failure, Violation, to_failure
from ..io.loop import GONE, READ
from .outbox import Outbox
from ..io.pipes import widen
from .wire_json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from ..io.loop import Loop
    from .contracts import Listener
    from .operation import Operation

PROTOCOL = 1
MAX_CHANNELS = 1024
PIPE_SIZE = 1 << 20


class Connection:
    """One stream, from hand-over to its end. `open_operation(channel, parameters)` makes what answers an OPEN."""

    def __init__(
        self,
        loop: Loop,
        read_fd: int,
        write_fd: int,
        open_operation: Callable[[Channel, dict[str, Any]], Operation],
        on_end: Callable[[Connection], object],
    ) -> None:
        self._loop = loop
        self._read_fd = read_fd
        self._open_operation = open_operation
        self._on_end = on_end
        self._decoder = codec.Decoder()
        self._channels: dict[int, Channel] = {}
        self._last_opened = 0
        self._next_own = 2
        self._outbox = Outbox(loop, write_fd)
        self._is_reading = True
        self.is_open = True
        for fd in read_fd, write_fd:
            os.set_blocking(fd, False)
            widen(fd, PIPE_SIZE)
        loop.add(read_fd, READ, self._readable)

    def send(self, kind: int, channel: int, stream: int, payload: Bytes = b"") -> None:
        """Queues a frame."""
        if self.is_open:
            self._outbox.put(kind, channel, stream, payload)

    def hello(self, value: dict[str, Any]) -> None:
        """Sends the first frame."""
        self.send(codec.HELLO, 0, 0, dumps(dict(value, protocol=PROTOCOL)))

    def open(self, parameters: dict[str, Any], operation: Listener) -> Channel:
        """Opens a channel of the agent's own; the operation hears what comes on it."""
        if len(self._channels) >= MAX_CHANNELS:
            raise Failure("limit", "Too many channels are open.")
        channel = Channel(self, self._next_own)
        self._next_own += 2
        channel.operation = operation
        self._channels[channel.id] = channel
        self.send(codec.OPEN, channel.id, 0, dumps(parameters))
        return channel

    def forget(self, channel: Channel) -> None:
        """Drops a channel that is over."""
        self._channels.pop(channel.id, None)
        self._outbox.forget(channel)

    def is_full(self) -> bool:
        """Whether so much waits to be written that no more should be read for it."""
        return self._outbox.is_full()

    def call_when_drained(self, channel: Channel) -> None:
        """Calls the operation's on_room once the queue is short again."""
        self._outbox.call_when_drained(channel)

    def flush(self) -> None:
        """Writes what waits, and reads on or not, as the peer reads."""
        try:
            self._outbox.flush()
        except OSError:
            self.close()
        if self.is_open and self._is_reading == self._outbox.is_stuffed():
            self._is_reading = not self._is_reading
            self._loop.modify(self._read_fd, READ if self._is_reading else 0)

    def _readable(self, events: int) -> None:
        if events & GONE and not self._is_reading:
            return self.close()
        try:
            size = os.readv(self._read_fd, [self._decoder.space()])
        except BlockingIOError:
            return None
        except OSError:
            size = 0
        if not size:
            return self.close()
        try:
            for kind, channel, stream, payload in self._decoder.take(size):
                self._receive(kind, channel, stream, payload)
                if not self.is_open:
                    return None
        except Violation:
            self.close()
        return None

    def _receive(self, kind: int, number: int, stream: int, payload: memoryview) -> None:
        if kind == codec.OPEN:
            return self._opened(number, payload)
        if kind == codec.PING and number == 0:
            return self.send(codec.PONG, 0, 0, bytes(payload))
        if kind == codec.PONG and number == 0:
            return None
        if number == 0 or kind in (codec.HELLO, codec.PING, codec.PONG):
            raise Violation("a frame of type %d on channel %d" % (kind, number))
        channel = self._channels.get(number)
        if channel is None:
            if number > self._last_opened if number % 2 else number >= self._next_own:
                raise Violation("a frame for channel %d, which was never opened" % number)
            return None
        assert channel.operation
        try:
            self._deliver(channel, channel.operation, kind, stream, payload)
        except Violation:
            raise
        except Exception as error:
            channel.operation.fail(to_failure(error))
        return None

    def _deliver(self, channel: Channel, operation: Listener, kind: int, stream: int, payload: memoryview) -> None:
        if kind == codec.DATA:
            channel.receive_data(stream, payload)
        elif kind == codec.END:
            operation.on_end(stream)
        elif kind == codec.CREDIT:
            channel.receive_credit(int.from_bytes(payload, "big"))
        elif channel.id % 2:
            if kind != codec.CANCEL:
                raise Violation("a frame of type %d on a channel of the server's" % kind)
            channel.receive_cancel()
        else:
            if kind == codec.CANCEL:
                raise Violation("a CANCEL of a channel of the agent's")
            value = _object(payload)
            if kind != codec.EVENT:
                channel.is_over = True
                self.forget(channel)
            operation.on_reply(kind, value)

    def _opened(self, number: int, payload: memoryview) -> None:
        if number % 2 == 0 or number <= self._last_opened:
            raise Violation("channel %d cannot be opened" % number)
        self._last_opened = number
        parameters = _object(payload)
        channel = Channel(self, number)
        if len(self._channels) >= MAX_CHANNELS:
            return channel.error(Failure("limit", "Too many channels are open."))
        self._channels[number] = channel
        try:
            operation = channel.operation = self._open_operation(channel, parameters)
            operation.start()
        except Exception as error:
            channel.error(to_failure(error))
        return None

    def close(self) -> None:
        """Ends the stream: every operation hears on_gone."""
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove(self._read_fd)
        os.close(self._read_fd)
        self._outbox.close()
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.is_over = True
            if channel.operation:
                channel.operation.on_gone()
        self._on_end(self)


def _object(payload: memoryview) -> dict[str, Any]:
    try:
        value = loads(payload)
    except ValueError as error:
        raise Violation("a payload is not JSON") from error
    if not isinstance(value, dict):
        raise Violation("a payload is not a JSON object")
    return value
