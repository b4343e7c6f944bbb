"""The shape of an operation: what a channel tells the code that answers it."""

from __future__ import annotations

from .errors import Failure, to_failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.contracts import Bytes
    from .channel import Channel


class Operation:
    """Base of all operations; each method does what is right for one that does not care."""

    # Whether it looks by itself for what its programs have changed of the agent.
    checks_settings = False

    def __init__(self, agent: Any, channel: Channel, parameters: dict[str, Any]) -> None:
        self.agent = agent
        self.channel = channel
        self.parameters = parameters

    def start(self) -> None:
        """Begins; may raise Failure or OSError, which answer the call."""

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Bytes from the peer; the view is only good during the call."""
        self.channel.consumed(len(payload))

    def on_end(self, stream: int) -> None:
        """The peer sends no more on this stream."""

    def on_room(self) -> None:
        """There may be room to send again."""

    def on_cancel(self) -> None:
        """The peer wants it stopped; an answer must still come."""
        self.stop()
        self.channel.error(Failure("cancelled", "The call was cancelled."))

    def on_gone(self) -> None:
        """The connection has ended; nobody hears an answer."""
        self.stop()

    def on_reply(self, kind: int, value: dict[str, Any]) -> None:
        """An answer of the peer, where the channel is one of ours."""

    def stop(self) -> None:
        """Lets go of whatever is held."""

    def fail(self, error: BaseException) -> None:
        """Stops, and answers with what went wrong."""
        self.stop()
        self.channel.error(to_failure(error))
