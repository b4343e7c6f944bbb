"""An operation that begins with a program: its source comes on stream 0, unless it is an argv."""

from __future__ import annotations

from ..wire.errors import Failure
from ..wire.operation import Operation
from .process import Process
from .run_request import RunRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes

MAX_SOURCE = 16 << 20


class ProgramOperation(Operation):
    """Reads the parameters and the source, then has `begin` start the process."""

    checks_settings = True
    # Whether its program outlives the channel, by which then comes no input.
    is_kept = False

    def start(self) -> None:
        """Reads the parameters; a program without a source starts at once."""
        self.request = RunRequest(self.parameters, self.agent.workspace, self.is_kept)
        self.source = bytearray()
        self.process: Process | None = None
        if self.request.program == "argv":
            self.begin(b"")

    def begin(self, source: Bytes) -> None:
        """Starts the process."""
        raise NotImplementedError

    def on_data(self, stream: int, payload: Bytes) -> None:
        """More of the source, or of stdin."""
        if self.process:
            if not self.process.write(payload):
                self.channel.consumed(len(payload))
            return
        if len(self.source) + len(payload) > MAX_SOURCE:
            raise Failure("too_large", "A source can have at most %d bytes." % MAX_SOURCE)
        self.source += payload
        self.channel.consumed(len(payload))

    def on_end(self, stream: int) -> None:
        """The source is whole, or stdin is over."""
        if self.process:
            self.process.close_stdin()
        else:
            self.begin(self.source)
