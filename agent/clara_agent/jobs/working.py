"""Base of operations that a worker does."""

from __future__ import annotations

from ..wire.operation import Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from .worker import Worker


class Working(Operation):
    """Passes on to `self.worker` what the channel says."""

    worker: Worker | None = None

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Bytes for the child."""
        assert self.worker
        self.worker.put(payload)

    def on_end(self, stream: int) -> None:
        """The end of the bytes for the child."""
        assert self.worker
        self.worker.end()

    def on_room(self) -> None:
        """Room for the child's output."""
        assert self.worker
        self.worker.on_room()

    def on_cancel(self) -> None:
        """Ends the child first."""
        assert self.worker
        self.worker.cancel()

    def on_gone(self) -> None:
        """Ends the child."""
        if self.worker:
            self.worker.drop()
