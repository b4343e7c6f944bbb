"""Which interpreter takes a Python run: a warm one, renewed when it is lost, when packages change or when there is more to preload."""
import os
import sys

from ..host.cgroup import memory_limit
from .interpreter import start_cold
from .preload import Preload
from .warm import Warm

# A warm interpreter has read these before the run could set them.
EARLY = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"TZ", b"MALLOC_", b"OMP_", b"OPENBLAS_", b"MKL_")
IMPORT_SECONDS = 30
# Preloaded modules may take this part of the sandbox's memory.
MEMORY_PART = 4


class Interpreters:
    """Keeps a plain warm interpreter at hand, and behind it one that imports what is to be preloaded until it is ready."""

    def __init__(self, loop, children, environment, config):
        self._loop = loop
        self._children = children
        self.environment = environment
        self._workspace = os.fsencode(config["workspace"])
        version = "python%d.%d" % sys.version_info[:2]
        self._site = os.path.join(config["packages"], "lib", version, "site-packages")
        self._preload = Preload(config.get("preload", "none"), config["packages"])
        self.is_learning = self._preload.is_learning
        self._stamp = None
        self._current = None
        self._next = None
        self._deadline = None

    def warm_up(self):
        """Starts an interpreter ahead of its first run; without one the run itself says what is wrong."""
        try:
            self._renew()
        except OSError:
            self._current = None

    def pids(self):
        """The processes of warm interpreters."""
        return [pid for warm in (self._current, self._next) if warm for pid in warm.pids()]

    def run(self, start):
        """Runs the start's job in a fork, or in an interpreter of its own where the environment asks for what a fork cannot have."""
        asked = start.job["env"].items()
        if start.is_alone or start.losses > 1 or any(name.startswith(EARLY) and self.environment.get(name) != value for name, value in asked):
            self._run_cold(start)
        else:
            self._renew().run(start)

    def find_site(self):
        """Tells one state of the folder where pip installs for the user from another; makes it, since an interpreter that starts without it never looks there."""
        stamp = _stamp(self._site)
        if stamp is None:
            try:
                os.makedirs(self._site, 0o755, exist_ok=True)
            except OSError:
                return None  # Who installs something is told.
            stamp = _stamp(self._site)
        return stamp

    def learn(self, report):
        """Takes note of what a run has imported."""
        if self._preload.learn(report):
            self._prepare()

    def _renew(self):
        stamp = self.find_site()
        current = self._current
        if current and current.is_alive and stamp == self._stamp:
            return current
        if stamp != self._stamp:
            self._stamp = stamp
            self._preload.forgive()
        if current:
            current.retire()
        self._current = self._start([])
        self._prepare()
        return self._current

    def _start(self, names):
        warm = Warm(self._loop, self._children, self.environment, self._workspace, names)
        warm.on_dead = self._lost
        return warm

    def _prepare(self):
        """Starts the interpreter that is to follow."""
        self._abandon()
        names = self._preload.names()
        if not names:
            return
        try:
            self._next = self._start(names)
        except OSError:
            return
        self._next.on_ready = self._switch
        self._deadline = self._loop.later(IMPORT_SECONDS, self._too_late)

    def _abandon(self):
        following, self._next = self._next, None
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        if following:
            following.kill()

    def _switch(self, warm):
        if warm is not self._next:
            return
        for number in warm.broken:
            self._preload.refuse(warm.preload[number])
        limit = memory_limit()
        if len(warm.broken) == len(warm.preload) or (limit and _resident_bytes(warm.pid) * MEMORY_PART > limit):
            return self._abandon()
        self._next = None
        self._deadline.cancel()
        current, self._current = self._current, warm
        if current:
            current.retire()
        return None

    def _too_late(self):
        self._deadline = None
        if self._next:
            self._refuse_and_retry(self._next)

    def _refuse_and_retry(self, warm):
        if warm.importing is not None:
            self._preload.refuse(warm.preload[warm.importing])
            self._prepare()
        else:
            self._abandon()

    def _lost(self, warm):
        if warm is self._current:
            self._current = None
            self._loop.soon(self.warm_up)
        elif warm is self._next:
            self._refuse_and_retry(warm)

    def _run_cold(self, start):
        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        environment = dict(self.environment)
        environment.update(start.job["env"])
        try:
            pid = start_cold(environment, start.job["cwd"], dict(start.job, id=0, env={}), [null] + start.descriptors)
        finally:
            os.close(null)
        self._children.watch(pid, start.on_exited)
        start.on_started(pid)


def _stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _resident_bytes(pid):
    try:
        with open("/proc/%d/statm" % pid, "rb", 0) as file:
            return int(file.read(256).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
