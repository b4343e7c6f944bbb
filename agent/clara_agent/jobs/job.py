"""Long work in a forked child, whose crash or OOM kill fails only its own call."""

from __future__ import annotations

import os

from ..io.capture import Everything
from ..wire.errors import Failure
from ..io.pipe_writer import PipeWriter
from ..io.loop import READ
from ..io.pipe_reader import PipeReader
from ..wire.wire_json import loads
from .child import run_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes, OutputCapture
    from ..wire.channel import Channel
    from ..wire.contracts import Host
    from .contracts import Task

MAX_REPORT = 65536


class Job:
    """Runs `task(input_fd, output_fd)` in a child and answers the channel with what it returns; `clean_up` runs after an end that was no success, `capture` takes the output, `writes` are paths that the task changes."""

    def __init__(
        self,
        agent: Host,
        channel: Channel,
        task: Task,
        has_input: bool = False,
        has_output: bool = False,
        clean_up: Callable[[], object] | None = None,
        capture: OutputCapture | None = None,
        writes: tuple[bytes, ...] = (),
    ) -> None:
        self._agent = agent
        self._channel = channel
        self._clean_up = clean_up
        self._report = bytearray()
        self._status: int | None = None
        self._is_cancelled = False
        self._unhush = agent.hush(*writes) if writes else None
        self._writer = self._reader = self._report_fd = None
        input_fd = output_fd = None
        ours = []
        try:
            if has_input:
                input_fd, writer = os.pipe()
                ours.append(writer)
            if has_output:
                reader, output_fd = os.pipe()
                ours.append(reader)
            report_reader, report_writer = os.pipe()
            ours.append(report_reader)
            try:
                self._pid = run_task(task, input_fd, output_fd, report_writer)
            finally:
                os.close(report_writer)
        except OSError:
            for fd in ours:
                os.close(fd)
            self._speak_up()
            raise
        finally:
            for fd in input_fd, output_fd:
                if fd is not None:
                    os.close(fd)
        agent.jobs.add(self._pid)
        agent.children.watch(self._pid, self._exited)
        if has_input:
            self._writer = PipeWriter(agent.loop, channel, ours[0])
        if has_output:
            self._reader = PipeReader(agent.loop, channel, 1, ours[-2], capture or Everything(), self._finish)
            self._reader.watch()
        self._report_fd = report_reader
        os.set_blocking(report_reader, False)
        agent.loop.add(report_reader, READ, self._read_report)

    def put(self, payload: Bytes) -> None:
        """Bytes for the child."""
        if self._writer:
            self._writer.put(payload)
        else:
            self._channel.consumed(len(payload))

    def end(self) -> None:
        """No more bytes for the child."""
        if self._writer:
            self._writer.end()

    def on_room(self) -> None:
        """The output may go on."""
        if self._reader:
            self._reader.on_room()

    def cancel(self) -> None:
        """Ends the child; the answer is that it was cancelled."""
        self._is_cancelled = True
        self._kill()

    def drop(self) -> None:
        """Ends the child; nobody wants an answer."""
        self._is_cancelled = True
        # First of all: the end of its input would pass for the end of a whole archive.
        self._kill()
        for part in self._writer, self._reader:
            if part:
                part.close()
        self._writer = self._reader = None

    def _kill(self) -> None:
        if self._status is None:
            os.kill(self._pid, 9)

    def _read_report(self, events: int) -> None:
        assert self._report_fd is not None
        try:
            data = os.read(self._report_fd, MAX_REPORT)
        except BlockingIOError:
            return
        self._report += data
        if not data or len(self._report) > MAX_REPORT:
            self._close_report()

    def _close_report(self) -> None:
        if self._report_fd is not None:
            self._agent.loop.remove(self._report_fd)
            os.close(self._report_fd)
            self._report_fd = None

    def _exited(self, status: int) -> None:
        self._status = status
        self._agent.jobs.discard(self._pid)
        if self._report_fd is not None:
            self._read_report(0)
            self._close_report()
        if self._writer:
            self._writer.close()
        if self._reader:
            self._reader.drain()
        else:
            self._finish()

    def _speak_up(self) -> None:
        unhush, self._unhush = self._unhush, None
        if unhush:
            unhush()

    def _finish(self) -> None:
        self._speak_up()
        outcome = self._outcome()
        if isinstance(outcome, Failure):
            if self._clean_up:
                self._clean_up()
            self._channel.error(outcome)
        else:
            self._channel.result(outcome)

    def _outcome(self) -> Failure | dict[str, Any]:
        if self._is_cancelled:
            return Failure("cancelled", "The call was cancelled.")
        try:
            report = loads(self._report)
        except ValueError:
            assert self._status is not None
            if os.WIFSIGNALED(self._status) and os.WTERMSIG(self._status) == 9:
                return Failure("limit", "The work was killed, probably because the sandbox ran out of memory.")
            return Failure("internal", "The work ended without a result.")
        if "code" in report:
            return Failure(report["code"], report["message"], report.get("field"))
        return report
