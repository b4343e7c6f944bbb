"""Python runs: which interpreter takes them, and what happens when one is lost."""
import os
import sys

from .errors import Failure
from .interpreter import start_cold
from .warm import Warm

# A warm interpreter has read these before the run could set them.
EARLY = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"TZ", b"MALLOC_", b"OMP_", b"OPENBLAS_", b"MKL_")


class Interpreters:
    """Keeps a warm interpreter at hand and renews it when it is lost or packages change."""

    def __init__(self, loop, children, environment, config):
        self._loop = loop
        self._children = children
        self.environment = environment
        self._workspace = os.fsencode(config["workspace"])
        version = "python%d.%d" % sys.version_info[:2]
        self._site = os.path.join(config["packages"], "lib", version, "site-packages")
        self._stamp = None
        self.is_learning = False
        self._current = None

    def warm_up(self):
        """Starts an interpreter ahead of its first run; without one the run itself says what is wrong."""
        try:
            self._renew()
        except OSError:
            self._current = None

    def _renew(self):
        stamp = _stamp(self._site)
        current = self._current
        if current and current.is_alive and stamp == self._stamp:
            return current
        self._stamp = stamp
        if current:
            current.retire()
        self._current = self._start([])
        return self._current

    def _start(self, preload):
        warm = Warm(self._loop, self._children, self.environment, self._workspace, preload)
        warm.on_dead = self._lost
        return warm

    def pids(self):
        """The processes of warm interpreters."""
        return [self._current.pid] if self._current else []

    def learn(self, run):
        """Takes note of what a run has imported."""

    def _lost(self, warm):
        if warm is self._current:
            self._current = None
            self._loop.soon(self.warm_up)

    def run(self, start):
        """Runs the start's job in a fork, or in an interpreter of its own where the environment asks for what a fork cannot have."""
        if start.losses > 1 or any(name.startswith(EARLY) and self.environment.get(name) != value for name, value in start.job["env"].items()):
            self._run_cold(start)
        else:
            self._renew().run(start)

    def _run_cold(self, start):
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        job = dict(start.job, id=0, env={})
        environment = dict(self.environment)
        environment.update(start.job["env"])
        try:
            pid = start_cold(environment, start.job["cwd"], job, [null] + start.descriptors)
        finally:
            os.close(null)
        self._children.watch(pid, start.on_exited)
        start.on_started(pid)


class PythonStart:
    """One script on its way into an interpreter; tells `run` what becomes of it."""

    def __init__(self, interpreters, job, descriptors, run):
        self._interpreters = interpreters
        self.job = job
        self.descriptors = descriptors
        self._run = run
        self.losses = 0

    def begin(self):
        """Sends the script on its way; raises OSError where no process can be had."""
        try:
            self._interpreters.run(self)
        except BaseException:
            self._close()
            raise

    def on_started(self, pid):
        """The process is there and has the descriptors."""
        self._close()
        self._run.on_started(pid)

    def on_exited(self, status):
        """The process has ended."""
        self._close()
        self._run.on_exited(status)

    def on_lost(self):
        """The interpreter went before the script could start."""
        self.losses += 1
        try:
            self._interpreters.run(self)
        except OSError as error:
            self._close()
            self._run.on_refused(error)

    def on_refused(self, number):
        """The fork failed."""
        self._close()
        self._run.on_refused(OSError(number, os.strerror(number)))

    def _close(self):
        descriptors, self.descriptors = self.descriptors, []
        for fd in descriptors:
            os.close(fd)


def _stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def check_environment(environment, most=131072):
    """A run's own variables must fit into one message to the warm interpreter."""
    if sum(len(name) + len(value) + 2 for name, value in environment.items()) > most:
        raise Failure("too_large", "The environment of a run can have at most %d bytes." % most)
