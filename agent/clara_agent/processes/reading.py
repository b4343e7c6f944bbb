"""The operations that read what a kept process has said."""

from __future__ import annotations

from ..wire.errors import Failure
from ..wire.operation import Operation
from ..wire.parameters import take, take_count
from ..wire.wire_json import loads
from .history import EXIT, OVERHEAD, SHOWN, STDERR, STDOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kept import Kept

CHUNK = 65536


class Attach(Operation):
    """Sends the events of a process from a number on. Each DATA frame is an event; an EVENT says where their numbers begin anew."""

    def start(self) -> None:
        """Begins with what is kept."""
        self._kept: Kept | None = None
        # What of the next event the reader has already, in bytes.
        self._skipped = 0
        # The event that goes in pieces, and what of it is sent: it is kept here until all is.
        self._piece: bytes | None = None
        self._sent = 0
        kept = self.find()
        self._keeps_running = take(self.parameters, "keepRunning", bool, False)
        self._kept = kept
        self.position(kept)
        self.channel.event(
            {
                "next": self._next,
                "first": kept.history.first_id,
                "lost": kept.history.dropped_bytes,
                "offset": self._taken + self._skipped,
                "process": kept.describe(),
            }
        )
        kept.attach(self, take(self.parameters, "caller", bool, False))
        self.pump()
        kept.on_read()

    def find(self) -> Kept:
        """The process that is read."""
        return self.agent.table().find(take_count(self.parameters, "id"))

    def position(self, kept: Kept) -> None:
        """Begins behind the event that the reader knows."""
        first = kept.history.first_id
        self._next = max(first, min(take_count(self.parameters, "after", 0) + 1, kept.history.next_id))
        skipped = sum(len(kept.history.get(number)[1]) for number in range(first, self._next))
        # All bytes of the process before the next event.
        self._taken = kept.history.dropped_bytes + skipped

    @property
    def next_id(self) -> int:
        """The id of the event that it has not taken."""
        return self._next

    @property
    def backlog(self) -> int:
        """What it costs, about, to keep what this reader has not taken."""
        if self._kept is None:
            return 0
        history = self._kept.history
        return history.total_bytes - self._taken + (history.next_id - self._next) * OVERHEAD

    def pump(self) -> None:
        """Sends what the channel has room for."""
        kept = self._kept
        if kept is None:
            return
        history = kept.history
        while self._next < history.next_id:
            if self._next < history.first_id and self._piece is None:
                self._next = history.first_id
                self._taken = history.dropped_bytes
                self._skipped = 0
                self.channel.event({"gap": self._next, "lost": history.dropped_bytes})
            kind, payload = (SHOWN, self._piece) if self._piece is not None else history.get(self._next)
            if kind in (STDOUT, STDERR):
                if self.channel.room() < len(payload):
                    return
                self.channel.data(kind, payload[self._skipped :] if self._skipped else payload)
                self._skipped = 0
                self._taken += len(payload)
            elif kind == SHOWN:
                if not self._send_shown(payload):
                    return
                self._taken += len(payload)
            elif kind == EXIT:
                self._kept = None
                kept.detach(self, False, True)
                self.channel.result({"id": self._next, "exit": loads(payload)})
                return
            self._next += 1

    def _send_shown(self, payload: bytes) -> bool:
        """Sends an event that may be longer than a frame: pieces on stream 0, then an EVENT. False where there is no room for all."""
        self._piece = payload
        while self._sent < len(payload):
            room = min(self.channel.room(), CHUNK)
            if not room:
                return False
            self.channel.data(0, payload[self._sent : self._sent + room])
            self._sent += room
        self._piece, self._sent = None, 0
        self.channel.event({"shown": self._next})
        return True

    def on_room(self) -> None:
        """Goes on after a stall."""
        kept = self._kept
        self.pump()
        if kept:
            kept.on_read()

    def on_forgotten(self) -> None:
        """The process was deleted."""
        self._kept = None
        self.channel.error(Failure("not_found", "The process was deleted."))

    def stop(self) -> None:
        """The reader leaves."""
        self._leave(False)

    def on_gone(self) -> None:
        """The server is lost, and the reader with it."""
        self._leave(True)

    def _leave(self, is_lost: bool) -> None:
        kept, self._kept = self._kept, None
        if kept:
            kept.detach(self, is_lost, self._keeps_running)


class Output(Operation):
    """What is kept of one output of a process, of that the last `tail` bytes."""

    def start(self) -> None:
        """Sends as much as there is room for at once: a history is no larger than four windows, and the rest follows."""
        kept: Kept = self.agent.table().find(take_count(self.parameters, "id"))
        stream = STDERR if take(self.parameters, "stream", str, "stdout") == "stderr" else STDOUT
        tail = take_count(self.parameters, "tail", None)
        data = b"".join(kept.history.outputs(stream))
        self._rest = data if tail is None else data[len(data) - min(tail, len(data)) :]
        self.on_room()

    def on_room(self) -> None:
        """Goes on after a stall."""
        while self._rest:
            room = min(self.channel.room(), 65536)
            if not room:
                return
            self.channel.data(STDOUT, self._rest[:room])
            self._rest = self._rest[room:]
        self.channel.result({})

    def stop(self) -> None:
        """Nothing more is sent."""
        self._rest = b""
