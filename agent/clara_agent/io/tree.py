"""Finds and ends a process with everything below it, however it was daemonised."""

from __future__ import annotations

import os

from _signal import SIGCONT, SIGKILL, SIGSTOP

from .descriptors import EXHAUSTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Dict, Tuple

    from .loop import Loop

    # By pid: parent, group, state and start time.
    Processes = Dict[int, Tuple[int, int, bytes, bytes]]

# How often the stopping is repeated before everything in the container is frozen for a moment, and with how many processes there that is
# done at once: they leave the agent so little of the sandbox's CPU that each round would take seconds.
ROUNDS_BEFORE_FREEZE = 20
CROWD = 40
GIVE_UP_SECONDS = 5
# Where nobody can look now, until somebody looks again.
AGAIN_SECONDS = 0.05
INITIAL_PID_NAMESPACE = "pid:[4026531836]"


def scan() -> Processes:
    """All processes: pid to (parent, group, state, start time). OSError where nobody can look now."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.open("/proc/%s/stat" % name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                line = os.read(fd, 1024)
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno in EXHAUSTED:
                raise
            continue  # It has ended.
        # The name in brackets may hold anything, brackets too.
        fields = line[line.rfind(b")") + 2 :].split()
        if len(fields) > 19:
            found[int(name)] = (int(fields[1]), int(fields[2]), fields[0], fields[19])
    return found


def count_processes() -> int:
    """All that there are in the sandbox, its first one and the agent's own too."""
    return sum(name.isdigit() for name in os.listdir("/proc"))


def below(root: int, processes: Processes) -> list[int]:
    """The pids below a process, without itself."""
    children = {}
    for pid, (parent, _, _, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found = []
    queue = [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            found.append(pid)
            queue.append(pid)
    return found


def signal_all(pid: int, number: int, with_tree: bool) -> None:
    """Sends a signal to a process, with its tree to all below it too."""
    for member in [pid] + (below(pid, scan()) if with_tree else []):
        signal(member, number)


def is_contained() -> bool:
    """Whether signals to every process stay within a container."""
    try:
        return os.readlink("/proc/self/ns/pid") != INITIAL_PID_NAMESPACE
    except OSError:
        return False


class TreeKill:
    """Stops a tree until nothing new appears, kills it, and calls `on_gone` when it is gone. `roots` are included."""

    def __init__(self, loop: Loop, roots: Iterable[int], on_gone: Callable[[], object]) -> None:
        self._loop = loop
        self._roots = list(roots)
        self._on_gone = on_gone
        self._known = {}
        self._rounds = 0
        self._delay = 0.0005
        self._deadline = loop.later(GIVE_UP_SECONDS, self._give_up)
        # By this, so that who was stopped before can no longer be told from who was not.
        self._has_stopped = False
        self._take(self._begin)

    def _take(self, step: Callable[[], object]) -> None:
        """Takes a step, and again after a while where nobody can look now."""
        if self._on_gone:
            try:
                step()
            except OSError:
                self._loop.later(AGAIN_SECONDS, lambda: self._take(step))

    def _begin(self) -> None:
        if is_contained() and count_processes() > CROWD:
            self._freeze()
        else:
            self._has_stopped = True
            for pid in self._roots:
                signal_group(pid, SIGSTOP)
            self._stop()

    def _stop(self) -> None:
        while self._on_gone:
            if not self._stop_more():
                return self._kill()
            self._rounds += 1
            if self._rounds > ROUNDS_BEFORE_FREEZE and is_contained():
                return self._freeze()
            if self._rounds % 4 == 0:
                # Others are answered while a tree grows as fast as it is cut.
                return self._loop.soon(lambda: self._take(self._stop))

    def _stop_more(self) -> bool:
        processes = scan()
        fresh = False
        for pid in self._members(processes):
            _, group, state, born = processes[pid]
            if self._known.get(pid) == born:
                continue
            self._known[pid] = born
            if state not in b"ZX":
                fresh = True
                signal(pid, SIGSTOP)
                signal_group(group, SIGSTOP)
        return fresh

    def _members(self, processes: Processes) -> set[int]:
        members = set()
        for root in self._roots:
            if root in processes:
                members.add(root)
            members.update(below(root, processes))
        members.discard(os.getpid())
        return members

    def _freeze(self) -> None:
        """Stops all processes of this user in one step, which nothing can outrun, and continues those of others that were not stopped before."""
        before = {} if self._has_stopped else scan()
        signal(-1, SIGSTOP)
        try:
            processes = scan()
        except OSError:
            signal(-1, SIGCONT)
            raise
        members = self._members(processes)
        for pid in members:
            self._known[pid] = processes[pid][3]
            signal(pid, SIGKILL)
        for pid, (_, _, _, born) in processes.items():
            _, _, state, known = before.get(pid, (0, 0, b"", b""))
            if pid not in members and pid != os.getpid() and (state != b"T" or known != born):
                signal(pid, SIGCONT)
        self._take(self._wait)

    def _kill(self) -> None:
        # The roots last: until then they keep their orphans below them.
        for pid in self._known:
            if pid not in self._roots:
                signal(pid, SIGKILL)
        self._kill_roots()
        self._take(self._wait)

    def _kill_roots(self) -> None:
        for pid in self._roots:
            signal_group(pid, SIGKILL)
            signal(pid, SIGKILL)

    def _wait(self) -> None:
        if any(os.path.exists("/proc/%d" % pid) for pid in self._known):
            processes = scan()
            left = [pid for pid, born in self._known.items() if pid in processes and processes[pid][3] == born and processes[pid][2] not in b"ZX"]
            if left:
                self._delay = min(self._delay * 2, 0.05)
                for pid in left:
                    signal(pid, SIGKILL)
                self._loop.later(self._delay, lambda: self._take(self._wait))
                return
        self._finish()

    def _give_up(self) -> None:
        if self._on_gone:
            try:
                if is_contained():
                    self._freeze()
            except OSError:
                pass  # Nobody can look still.
            if not self._known:
                # Nor could anybody before: what is known by its number ends.
                self._kill_roots()
            self._finish()

    def _finish(self) -> None:
        if self._on_gone:
            self._deadline.cancel()
            gone, self._on_gone = self._on_gone, None
            # Not at once: the caller may not even have this object yet.
            self._loop.soon(gone)


def signal(pid: int, number: int) -> None:
    """Sends a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except OSError:
        pass


def signal_group(group: int, number: int) -> None:
    """Sends a signal to a process group, never to the agent's own."""
    if group > 1 and group != os.getpgrp():
        try:
            os.killpg(group, number)
        except OSError:
            pass
