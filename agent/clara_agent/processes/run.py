"""The operation `run`: a program from its start to its result."""
import errno
import os
from time import monotonic

from ..errors import Failure, from_os_error
from ..io.inlet import Inlet
from .launch import PROGRAMS
from ..wire.operation import Operation
from .outputs import Outputs
from .run_request import RunRequest
from ..io.signals import ending

MAX_SOURCE = 16 << 20
SIGKILL = 9
# How long a result waits for the status of a process whose tree is gone.
STATUS_SECONDS = 2


class Run(Operation):
    """One program. The source or stdin comes in, outputs go out, the result comes when the program has ended."""

    checks_settings = True

    def start(self):
        """Reads the parameters; a program without a source starts at once."""
        self.request = RunRequest(self.parameters, self.agent.workspace)
        self.source = bytearray()
        self.script = None
        self.starting = None
        self.pid = None
        self._status = None
        self._inlet = None
        self._outputs = Outputs(self.agent.loop, self.channel, self.request.captures, self.request.is_captured, self._finish)
        self._timer = None
        self._kill = None
        self._has_begun = self._is_gone = self._timed_out = self._cancelled = self._cleared = self._has_company = False
        if self.request.program == "argv":
            self._begin()

    def on_data(self, stream, payload):
        """More of the source, or of stdin."""
        if not self._has_begun:
            if len(self.source) + len(payload) > MAX_SOURCE:
                raise Failure("too_large", "A source can have at most %d bytes." % MAX_SOURCE)
            self.source += payload
            self.channel.consumed(len(payload))
        elif self._inlet:
            self._inlet.put(payload)
        else:
            self.channel.consumed(len(payload))

    def on_end(self, stream):
        """The source is whole, or stdin is over."""
        if not self._has_begun:
            self._begin()
        elif self._inlet:
            self._inlet.end()

    def _begin(self):
        self._has_begun = True
        if not os.path.isdir(self.request.cwd):
            raise Failure("not_found", "There is no such working folder: %s." % os.fsdecode(self.request.cwd))
        self._oom_kills = self.agent.oom.read()
        self._started = monotonic()
        if self.request.timeout_ms is not None:
            self._timer = self.agent.loop.later(self.request.timeout_ms / 1000, self._time_out)
        self._has_company = bool(self.agent.runs)
        for other in self.agent.runs:
            other.has_company()
        self.agent.runs.add(self)
        self._launch()

    def has_company(self):
        """Another run works beside this one, or will."""
        self._has_company = True

    def open_stdin(self):
        """The program's end of its standard input."""
        if not self.request.has_stdin:
            return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        reader, writer = os.pipe()
        self._inlet = Inlet(self.agent.loop, self.channel, writer)
        return reader

    def _launch(self):
        theirs = []
        try:
            theirs = self._outputs.open()
            PROGRAMS[self.request.program](self, theirs)
        except OSError as error:
            self._drop_inlet()
            self.on_refused(error)
        except Failure:
            self._outputs.close()
            self._drop_inlet()
            raise
        else:
            self._outputs.watch()
        finally:
            for fd in theirs:
                os.close(fd)

    def _drop_inlet(self):
        if self._inlet:
            self._inlet.close()
            self._inlet = None

    @property
    def is_unwanted(self):
        """Whether nobody waits for its program any more."""
        return self._is_gone or self._timed_out or self._cancelled

    def on_started(self, pid):
        """The process is there; it may be unwanted by now."""
        self.pid = pid
        self.source = b""
        if self.is_unwanted:
            self._end_tree()

    def on_refused(self, error):
        """It could not start: what earlier runs left behind may have used up the processes."""
        self.agent.check_settings()
        self._outputs.close()
        if error.errno == errno.EAGAIN and not self._cleared and not self.is_unwanted:
            self._cleared = True
            self.agent.clear_background(self._relaunch)
            return
        self._let_go()
        self.channel.error(from_os_error(error))

    def _relaunch(self):
        try:
            self._launch()
        except Failure as failure:
            self.fail(failure)

    def on_exited(self, status):
        """The program itself has ended; its tree may still be being killed."""
        self._status = status
        if not self._kill:
            self._drain()

    def _time_out(self):
        self._timer = None
        if self._status is None:
            self._timed_out = True
            self._end_tree()

    def on_cancel(self):
        """Ends the tree; the result says that it was cancelled."""
        if not self._has_begun:
            return super().on_cancel()
        if self._status is None:
            self._cancelled = True
            self._end_tree()
        return None

    def on_gone(self):
        """Nobody listens any more: the program ends, what it had left in the background does not."""
        self._is_gone = True
        if not self._has_begun:
            return
        self._outputs.close()
        self._drop_inlet()
        if self._status is None:
            self._end_tree()
        else:
            self._let_go()

    def _end_tree(self):
        if not self.pid and self.starting:
            self.starting.give_up()
        elif self.pid and not self._kill:
            from ..io.tree import TreeKill

            self._kill = TreeKill(self.agent.loop, [self.pid], self._tree_gone)

    def _tree_gone(self):
        self.agent.children.reap()
        if self._status is None:
            self.agent.loop.later(STATUS_SECONDS, self._presume_killed)
        self._kill = None
        if self._status is not None:
            self._drain()

    def _presume_killed(self):
        if self._status is None:
            self.on_exited(SIGKILL)

    def _drain(self):
        if self._is_gone:
            return self._let_go()
        if self._timer:
            self._timer.cancel()
        self._drop_inlet()
        self._duration = monotonic() - self._started
        self._outputs.drain()
        return None

    def on_room(self):
        """Lets stalled outputs go on."""
        self._outputs.on_room()

    def _finish(self):
        self.agent.check_settings()
        code, signal = ending(self._status)
        stdout, stderr = self._outputs.summaries()
        result = {
            "exitCode": code,
            "signal": signal,
            "timedOut": self._timed_out,
            "cancelled": self._cancelled,
            "oomKilled": self._lost_memory(code),
            "durationMs": round(self._duration * 1000, 3),
            "stdout": stdout,
            "stderr": stderr,
        }
        if self._cleared:
            result["cleared"] = True
        if self.starting and self.starting.is_broken and self.request.program == "python":
            result["brokenStart"] = True
        self._let_go()
        self.channel.result(result)

    def _lost_memory(self, code):
        # The counter is the sandbox's; with others beside it, a run that worked has not lost anything.
        if self._timed_out or (code == 0 and self._has_company):
            return False
        return self.agent.oom.read() > self._oom_kills

    def _let_go(self):
        if self._timer:
            self._timer.cancel()
        self.agent.runs.discard(self)
        # After the answer is on its way, as is all that the next run only needs.
        self.agent.loop.soon(self.agent.folders.reopen)
        if self.request.program == "shell":
            self.agent.loop.soon(self.agent.shells.prepare)
        if self.script:
            self.agent.loop.soon(self._clean_up)

    def _clean_up(self):
        script, self.script = self.script, None
        if script:
            if self.request.program == "python" and self.agent.interpreters.is_learning:
                self.agent.interpreters.learn(os.path.join(os.path.dirname(script), b"imports"))
            self.agent.scratch.drop(script)

    def stop(self):
        """A failed call leaves nothing running."""
        if self._has_begun:
            self.on_gone()
