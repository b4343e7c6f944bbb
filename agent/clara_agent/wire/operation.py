"""The shape of an operation: what a channel tells the code that answers it."""
from ..errors import Failure, to_failure


class Operation:
    """Base of all operations; each method does what is right for one that does not care."""

    # Whether it looks by itself for what its programs have changed of the agent.
    checks_settings = False

    def __init__(self, agent, channel, parameters):
        self.agent = agent
        self.channel = channel
        self.parameters = parameters

    def start(self):
        """Begins; may raise Failure or OSError, which answer the call."""

    def on_data(self, stream, payload):
        """Bytes from the peer; the view is only good during the call."""
        self.channel.consumed(len(payload))

    def on_end(self, stream):
        """The peer sends no more on this stream."""

    def on_room(self):
        """There may be room to send again."""

    def on_cancel(self):
        """The peer wants it stopped; an answer must still come."""
        self.stop()
        self.channel.error(Failure("cancelled", "The call was cancelled."))

    def on_gone(self):
        """The connection has ended; nobody hears an answer."""
        self.stop()

    def on_reply(self, kind, value):
        """An answer of the peer, where the channel is one of ours."""

    def stop(self):
        """Lets go of whatever is held."""

    def fail(self, error):
        """Stops, and answers with what went wrong."""
        self.stop()
        self.channel.error(to_failure(error))
