"""A program from its start to its end, apart from whoever asked for it and whoever reads it."""

from __future__ import annotations

import errno
import os
from time import monotonic

from ..wire.errors import Failure, from_os_error
from .launch import PROGRAMS
from .memory_loss import MemoryLoss
from .program_streams import ProgramStreams
from .result import to_result
from .states import DRAINED, ENDED, KILLED_STATUS, RUNNING, STARTING, STATUS_SECONDS, TIMEOUT, UNHEARD
from .tracking import Tracking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from ..python.launch import PythonLaunch
    from .roles import Listener, ProgramHost, Sink
    from .run_request import RunRequest


class Process(ProgramStreams):
    """One program and its tree. `source` is what it runs, for programs that have one; `on_line` gets what a script shows as it shows it."""

    def __init__(
        self, agent: ProgramHost, request: RunRequest, source: Bytes, sink: Sink, listener: Listener, on_line: Callable[[bytes], object] | None = None
    ) -> None:
        self.agent = agent
        self.request = request
        self.source = source
        self.state = STARTING
        self.pid: int | None = None
        self.script: bytes | None = None
        self.starting: PythonLaunch | None = None
        self.listener = listener
        self._end_reason: str | None = None
        self._status: int | None = None
        self._kill = None
        self._duration = 0.0
        self._has_cleared = False
        super().__init__(agent.loop, request, sink, on_line, self._finish)
        if not os.path.isdir(request.cwd):
            raise Failure("not_directory", "There is no such working folder: %s." % os.fsdecode(request.cwd))
        self._memory = MemoryLoss(agent.oom, bool(agent.runs))
        self._tracking = Tracking(agent.changes() if request.tracks_files else None)
        self.started = monotonic()
        self._timer = None if request.timeout_ms is None else agent.loop.later(request.timeout_ms / 1000, self._time_out)
        for other in agent.runs:
            other.has_company()
        agent.runs.add(self)
        try:
            if self._tracking.start():
                self._launch()
            else:
                self._tracking.when_ready(self._launch_late)
        except BaseException:
            self._release()
            raise

    def has_company(self) -> None:
        """Another program works beside this one, or will."""
        self._memory.has_company = True

    def _launch_late(self) -> None:
        if self._end_reason == UNHEARD:
            return self._release()
        self._tracking.start()
        return self._relaunch()

    def _launch(self) -> None:
        theirs: list[int] = []
        try:
            theirs = self._outputs.open()
            PROGRAMS[self.request.program](self, theirs)
        except OSError as error:
            self._input.close()
            self.on_refused(error)
        except Failure:
            self._outputs.close()
            self._input.close()
            raise
        else:
            self._outputs.watch()
        finally:
            for fd in theirs:
                os.close(fd)

    @property
    def has_exited(self) -> bool:
        """Whether the program itself has ended; its number may be another's by now."""
        return self._status is not None

    @property
    def is_unwanted(self) -> bool:
        """Whether nobody waits for its program any more."""
        return self._end_reason is not None

    def on_started(self, pid: int) -> None:
        """The process is there; it may be unwanted by now."""
        self.pid = pid
        self.source = b""
        if self.state == STARTING:
            self.state = RUNNING
            self.listener.on_running()
        if self.is_unwanted:
            self._end_tree()

    def on_refused(self, error: OSError) -> None:
        """It could not start: what earlier runs left behind may have used up the processes."""
        self.agent.check_settings()
        self._outputs.close()
        if error.errno == errno.EAGAIN and not self._has_cleared and not self.is_unwanted:
            self._has_cleared = True
            try:
                return self.agent.clear_background(self._relaunch)
            except OSError:
                pass  # Nobody can look at processes now.
        self._release()
        self.listener.on_failure(from_os_error(error, error.filename))

    def _relaunch(self) -> None:
        try:
            self._launch()
        except Failure as failure:
            self.abandon()
            self.listener.on_failure(failure)

    def on_exited(self, status: int) -> None:
        """The program itself has ended; its tree may still be being killed. Where another traces it, its status may come when its end was told."""
        if self._status is not None:
            return
        self._status = status
        if not self._kill:
            self._drain()

    def _time_out(self) -> None:
        self._timer = None
        self.end(TIMEOUT)

    def end(self, reason: str) -> None:
        """Ends the tree, if the program has not ended by itself; the result says why."""
        if self._status is None:
            self._end_reason = self._end_reason or reason
            self._end_tree()

    def abandon(self) -> None:
        """Nobody hears a result any more: the program ends, what it had left in the background does not."""
        is_over = self._status is not None
        self._end_reason = UNHEARD
        self._outputs.close()
        self._input.close()
        if is_over:
            self._release()
        else:
            self._end_tree()

    def _end_tree(self) -> None:
        if not self.pid and self.starting:
            self.starting.give_up()
        elif self.pid and not self._kill:
            from ..io.tree import TreeKill

            self._kill = TreeKill(self.agent.loop, [self.pid], self._tree_gone)

    def _tree_gone(self) -> None:
        self.agent.children.reap()
        self._kill = None
        if self._status is None:
            self.agent.loop.later(STATUS_SECONDS, lambda: self._status is None and self.on_exited(KILLED_STATUS))
        else:
            self._drain()

    def _drain(self) -> None:
        if self._end_reason == UNHEARD:
            return self._release()
        self.state = ENDED
        if self._timer:
            self._timer.cancel()
        self._input.close()
        self._duration = monotonic() - self.started
        return self._outputs.drain()

    def _finish(self) -> None:
        self.agent.check_settings()
        assert self._status is not None
        is_oom = self._memory.is_likely(self._status, self._end_reason)
        result = to_result(self._status, self._end_reason, self._duration, is_oom, self._outputs.summaries())
        if self._has_cleared:
            result["cleared"] = True
        if self.starting and self.starting.is_broken and self.request.program == "python":
            result["brokenStart"] = True
        self._tracking.finish(lambda files: self._tell(result, files))

    def _tell(self, result: dict[str, Any], files: dict[str, Any] | None) -> None:
        if self.state == DRAINED:
            return  # Nobody hears it any more.
        if files:
            result["files"] = files
        self._release()
        self.listener.on_result(result)

    def _release(self) -> None:
        self.state = DRAINED
        self._tracking.drop()
        if self._timer:
            self._timer.cancel()
        self.agent.runs.discard(self)
        # After the answer is on its way, as is all that the next run only needs.
        self.agent.loop.soon(self.agent.folders.reopen)
        if self.request.program == "shell":
            self.agent.loop.soon(self.agent.prestarted_shell.prepare)
        if self.script:
            self.agent.loop.soon(self._clean_up)

    def _clean_up(self) -> None:
        script, self.script = self.script, None
        if script:
            is_learning = self.request.program == "python" and self.agent.interpreters.is_learning
            self.agent.scratch.drop(script, self._learn if is_learning else None)

    def _learn(self, folder: bytes) -> None:
        self.agent.interpreters.learn(os.path.join(folder, b"imports"))
