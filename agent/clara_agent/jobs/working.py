"""Base of operations that a worker does."""
from ..wire.operation import Operation


class Working(Operation):
    """Passes on to `self.worker` what the channel says."""

    worker = None

    def on_data(self, stream, payload):
        """Bytes for the child."""
        self.worker.put(payload)

    def on_end(self, stream):
        """The end of the bytes for the child."""
        self.worker.end()

    def on_room(self):
        """Room for the child's output."""
        self.worker.on_room()

    def on_cancel(self):
        """Ends the child first."""
        self.worker.cancel()

    def on_gone(self):
        """Ends the child."""
        if self.worker:
            self.worker.drop()
