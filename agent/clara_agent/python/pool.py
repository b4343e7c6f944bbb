"""Which interpreter takes a Python run: the plain zygote, the one with modules imported ahead, or one of its own."""

from __future__ import annotations

import os
import sys

from ..io.process import spawn
from .spawn import start_cold
from .preload import Preload
from .preloaded import Preloaded, stamp_of
from .zygote_client import ZygoteClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.children import Children
    from ..io.loop import Loop
    from .launch import PythonLaunch

# A zygote has read these before the run could set them.
EARLY = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"TZ", b"MALLOC_", b"OMP_", b"OPENBLAS_", b"MKL_")


# What a fork of the agent cannot say of itself: the OOM killer takes it before the agent.
VICTIM = [b"/bin/sh", b"-c", b'{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec "$0" "$@"']


class InterpreterPool:
    """Keeps a plain zygote at hand, renewed when it is lost or when packages change, and beside it one that has imported more."""

    def __init__(self, loop: Loop, children: Children, environment: dict[bytes, bytes], config: dict[str, Any]) -> None:
        self._loop = loop
        self._children = children
        self.environment = environment
        self._workspace = os.fsencode(config["workspace"])
        version = "python%d.%d" % sys.version_info[:2]
        self._site = os.path.join(config["packages"], "lib", version, "site-packages")
        preload = Preload(config.get("preload", "none"), config["packages"])
        self.is_learning = preload.is_learning
        self._preloaded = Preloaded(loop, preload, self._start, environment, self._workspace)
        self._stamp: tuple[int, ...] | None = ()
        self._plain: ZygoteClient | None = None

    def warm_up(self) -> None:
        """Starts an interpreter ahead of its first run; without one the run itself says what is wrong."""
        try:
            self._renew()
        except OSError:
            self._plain = None

    def pids(self) -> list[int]:
        """The processes of zygotes."""
        return (self._plain.pids() if self._plain else []) + self._preloaded.pids()

    def run(self, launch: PythonLaunch) -> None:
        """Runs its job in a fork, or in an interpreter of its own where the environment asks for what a fork cannot have."""
        if "argv" in launch.job:
            return self._run_program(launch)
        asked = launch.job["env"].items()
        if launch.is_alone or launch.losses > 1 or any(name.startswith(EARLY) and self.environment.get(name) != value for name, value in asked):
            return self._run_cold(launch)
        zygote = self._renew()
        # What is imported ahead has read the environment and the folder of the sandbox, not those of a run.
        if launch.source is not None and not asked and launch.job["cwd"] == self._workspace:
            zygote = self._preloaded.pick(launch.source) or zygote
        return zygote.run(launch)

    def find_site(self) -> tuple[int, int, int] | None:
        """Tells one state of the folder where pip installs for the user from another; makes it, since an interpreter that starts without it never looks there."""
        stamp = stamp_of(self._site)
        if stamp is None:
            try:
                os.makedirs(self._site, 0o755, exist_ok=True)
            except OSError:
                return None  # Who installs something is told.
            stamp = stamp_of(self._site)
        return stamp

    def learn(self, report: bytes) -> None:
        """Takes note of what a run has imported."""
        self._preloaded.learn(report)

    def _renew(self) -> ZygoteClient:
        stamp = self.find_site()
        plain = self._plain
        if plain and plain.is_alive and stamp == self._stamp:
            return plain
        self._plain = self._start([])
        self._plain.on_dead = self._lost
        if plain:
            plain.retire()
        if stamp != self._stamp:
            self._stamp = stamp
            self._preloaded.renew()
        return self._plain

    def _start(self, names: list[str]) -> ZygoteClient:
        return ZygoteClient(self._loop, self._children, self.environment, self._workspace, names)

    def _lost(self, zygote: ZygoteClient) -> None:
        if zygote is self._plain:
            self._plain = None
            # One that never got so far would not the next time either: the next run tries.
            if zygote.has_spoken:
                self._loop.soon(self.warm_up)

    def _run_program(self, launch: PythonLaunch) -> None:
        """A program needs no Python: it is a fork of an interpreter where one is ready, and never waits for one."""
        plain = self._plain
        if plain and plain.is_alive and plain.has_spoken and not launch.losses and not launch.is_alone:
            return plain.run(launch)
        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        try:
            pid = spawn(VICTIM + launch.job["argv"], launch.job["environment"], launch.job["cwd"], [null] + launch.descriptors)
        finally:
            os.close(null)
        self._children.watch(pid, launch.on_exited)
        return launch.on_started(pid)

    def _run_cold(self, launch: PythonLaunch) -> None:
        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        stdin = null if launch.stdin is None else launch.stdin
        environment = dict(self.environment)
        environment.update(launch.job["env"])
        try:
            pid = start_cold(environment, launch.job["cwd"], dict(launch.job, id=0, env={}), [stdin] + launch.descriptors)
        finally:
            os.close(null)
        self._children.watch(pid, launch.on_exited)
        launch.on_started(pid)
