"""Base of operations that a job does."""

from __future__ import annotations

from ..wire.operation import Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..io.contracts import Bytes
    from .job import Job


class JobOperation(Operation):
    """Passes on to `self.job` what the channel says."""

    job: Job | None = None

    def on_data(self, stream: int, payload: Bytes) -> None:
        """Bytes for the child."""
        assert self.job
        self.job.put(payload)

    def on_end(self, stream: int) -> None:
        """The end of the bytes for the child."""
        assert self.job
        self.job.end()

    def on_room(self) -> None:
        """Room for the child's output."""
        assert self.job
        self.job.on_room()

    def on_cancel(self) -> None:
        """Ends the child first."""
        assert self.job
        self.job.cancel()

    def on_gone(self) -> None:
        """Ends the child."""
        if self.job:
            self.job.drop()
