"""A process of the table: it lives on when its channels end, and late readers hear what it said."""

from __future__ import annotations

from time import time

from ..wire.wire_json import dumps
from .characters import incomplete
from .history import EXIT, SHOWN, START, STDERR, STDOUT, History
from .process import Process
from .shown_end import ShownEnd
from .states import CANCELLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..wire.errors import Failure
    from ..io.contracts import Bytes
    from .roles import ProgramHost, Reader, Writer
    from .run_request import RunRequest
    from .table import ProcessTable
    from .terminal import Size

# How much is read at a time; with the bytes of a character before it, it fits into a frame.
CHUNK = 65000
SIGWINCH = 28
# How long a process whose caller was lost with its connection waits for another reader.
GRACE_SECONDS = 60


class Kept:
    """One process with its history and its readers. The caller that started it may pace it; others never do."""

    # It is listed by the table, and not as a plain run.
    told: bytes | None = None

    def __init__(self, agent: ProgramHost, table: ProcessTable, number: int, about: dict[str, Any], has_caller: bool) -> None:
        self.id = number
        self.about = about
        self.history = History()
        self.process: Process | None = None
        # The size of its terminal, for a process that has one.
        self.terminal: Size | None = None
        self.started_at = time()
        self.ended_at: float | None = None
        self.exit: dict[str, Any] | None = None
        self.readers: list[Reader] = []
        self.writer: Writer | None = None
        # Whether its sandbox is not to be paused while it runs.
        self.keeps_awake = False
        self.waiters: list[Callable[[], object]] = []
        self._agent = agent
        self._table = table
        self._on_running: Callable[[Failure | None], object] | None = None
        self._caller: Reader | None = None
        # True while outputs wait for a caller that is still to come, or to come back.
        self._is_held = has_caller
        self._shown = ShownEnd()
        # The beginnings of characters that are not whole yet, by stream.
        self._begun = {STDOUT: b"", STDERR: b""}
        self._grace = agent.loop.later(GRACE_SECONDS, self._give_up) if has_caller else None
        self.history.append(START)

    def begin(self, request: RunRequest, source: Bytes, on_running: Callable[[Failure | None], object]) -> None:
        """Starts the program; `on_running(failure or None)` hears whether it could be."""
        self._on_running = on_running
        self.terminal = request.terminal
        self.process = Process(self._agent, request, source, self, self, self.show if request.program == "python" else None)

    @property
    def is_over(self) -> bool:
        """Whether the program has ended and all of its outputs are here."""
        return self.exit is not None

    @property
    def is_paced(self) -> bool:
        """Whether its outputs wait for a caller, be that one that is still to come."""
        return self._caller is not None or (self._is_held and not self.is_over)

    @property
    def needed(self) -> int:
        """The first event that a caller still needs: one that is to come needs all. No caller is ever told a gap."""
        if self._caller:
            return self._caller.next_id
        return self.history.first_id if self.is_paced else self.history.next_id

    def describe(self) -> dict[str, Any]:
        """What is known of it, for the server."""
        return {
            "id": self.id,
            "about": self.about,
            "pid": self.process.pid if self.process else None,
            "startedAtMs": round(self.started_at * 1000),
            "endedAtMs": None if self.ended_at is None else round(self.ended_at * 1000),
            "exit": self.exit,
            "tty": self.terminal.describe() if self.terminal else None,
            "keepAwake": self.keeps_awake,
            "firstEvent": self.history.first_id,
            "lastEvent": self.history.next_id - 1,
        }

    # What the process asks of its sink.

    def room(self) -> int:
        """How much may be read of its outputs now."""
        if self._caller:
            return min(CHUNK, max(0, self._table.backlog - self._caller.backlog))
        return 0 if self._is_held and self.history.size >= self._table.backlog else CHUNK

    def data(self, stream: int, payload: Bytes) -> None:
        """An output of the program."""
        data = self._begun[stream] + payload
        whole = len(data) - incomplete(data)
        self._begun[stream] = data[whole:]
        if whole:
            self._tell(stream, data[:whole])

    def show(self, line: bytes) -> None:
        """Something that code shows, a line of JSON: it may go on."""
        if not self._shown.takes(line):
            self._tell(SHOWN, line)
        if self.process:
            self.process.acknowledge()

    def consumed(self, size: int) -> None:
        """The program has read of its input."""
        if self.writer:
            self.writer.on_written(size)

    # What the process tells.

    def on_running(self) -> None:
        """The process is there."""
        if self._on_running:
            heard, self._on_running = self._on_running, None
            # Not at once: it may still be being made.
            self._agent.loop.soon(lambda: heard(None))

    def on_failure(self, failure: Failure) -> None:
        """It could not be started."""
        self._over({"failure": {"code": failure.code, "message": failure.message}})
        if self._on_running:
            heard, self._on_running = self._on_running, None
            self._agent.loop.soon(lambda: heard(failure))

    def on_result(self, result: dict[str, Any]) -> None:
        """The program has ended."""
        files = {"files": result.pop("files")} if "files" in result else {}
        self._over(result, dict(self._shown.describe(), **files))

    def _over(self, ending: dict[str, Any], more: dict[str, Any] | None = None) -> None:
        # What may be large is told to readers only, not where all processes are described.
        self.exit = ending
        self.ended_at = time()
        self._stop_grace()
        for stream, begun in self._begun.items():
            if begun:
                self._tell(stream, begun)
        self._tell(EXIT, dumps(dict(ending, **more) if more else ending))
        if self.writer:
            self.writer.on_closed()
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter()

    def _tell(self, kind: int, payload: bytes = b"") -> None:
        self.history.append(kind, payload)
        for reader in list(self.readers):
            reader.pump()
        self.history.trim(self.needed)
        self._table.trim()

    # Readers.

    def attach(self, reader: Reader, is_caller: bool) -> None:
        """Adds a reader; while the caller is missing, any other takes its place."""
        self.readers.append(reader)
        if not self.is_over and (is_caller or (self._grace and not self._caller)):
            self._stop_grace()
            self._is_held = True
            self._caller = reader

    def detach(self, reader: Reader, is_lost: bool, keeps_running: bool) -> None:
        """A reader goes. The caller's going ends the process, unless it is to run on; a lost connection leaves it some time."""
        if reader in self.readers:
            self.readers.remove(reader)
        if reader is not self._caller:
            return
        self._caller = None
        if self.is_over or not self.process:
            return
        if keeps_running:
            self._is_held = False
            self.process.on_room()
        elif is_lost:
            self._grace = self._agent.loop.later(GRACE_SECONDS, self._give_up)
        else:
            self._is_held = False
            self.process.end(CANCELLED)
            self.process.on_room()

    def on_read(self) -> None:
        """A reader has taken something: outputs that waited for it go on."""
        if self.process and not self.is_over:
            self.process.on_room()

    def _give_up(self) -> None:
        self._grace = None
        self._is_held = False
        if self.process and not self.is_over:
            self.process.end(CANCELLED)
            self.process.on_room()

    def _stop_grace(self) -> None:
        if self._grace:
            self._grace.cancel()
            self._grace = None

    def kill(self) -> None:
        """Ends its whole tree; its outputs wait for nobody any more."""
        self._is_held = False
        self._caller = None
        self._stop_grace()
        if self.process and not self.is_over:
            self.process.end(CANCELLED)
            self.process.on_room()

    def resize(self, size: Size) -> None:
        """Changes the size of its terminal."""
        self.terminal = size
        if self.process and not self.is_over and not self.process.resize(size):
            # Who does not ask for it never hears of it.
            self.signal(SIGWINCH, True)

    def signal(self, number: int, is_for_tree: bool) -> bool:
        """Sends a signal to the program, or to all below it too; false where it has ended."""
        from ..io.tree import signal_all

        pid = self.process.pid if self.process else None
        if self.is_over or not self.process or not pid or self.process.has_exited:
            return False
        signal_all(pid, number, is_for_tree)
        return True
