"""What a process of the zygote makes of itself: its name, its streams, its place before the OOM killer, another program.

Part of the zygote (zygote.py), which runs it in its own namespace, after the part `title`.
"""

from __future__ import annotations

import _signal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.title import set_title

RESET = (_signal.SIGPIPE, _signal.SIGINT, _signal.SIGXFSZ)
FIRST_OUTPUT = 4


def take_title(place: tuple[int, int] | None, job: dict[str, Any]) -> None:
    """The fork is known by the script that it runs."""
    set_title(place, *title_of(job))


def title_of(job: dict[str, Any]) -> tuple[bytes, bytes]:
    """The name of the process that runs a script, and its command line."""
    name = sys.modules["os"].fsencode(sys.executable).rpartition(b"/")[2]
    return name[:15], b"%s -u %s" % (name, sys.modules["os"].fsencode(job["script"]))


def become_program(job: dict[str, Any]) -> None:
    """Turns the fork into a program that is no Python script: what the interpreter has changed for itself is undone first."""
    for number in RESET:
        _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    try:
        posix.chdir(job["cwd"])
        posix.execve(job["file"], job["argv"], job["environment"])
    except OSError as error:
        posix.write(2, b"%s: %s\n" % (job["argv"][0], (error.strerror or "").encode()))
        posix._exit(127 if error.errno == 2 else 126)


def become_victim() -> None:
    """The OOM killer takes this process, and all that it forks, before the agent. Its parent could not say so: a fork of the agent is as closed as the agent."""
    try:
        descriptor = posix.open("/proc/self/oom_score_adj", posix.O_WRONLY | posix.O_CLOEXEC)
        posix.write(descriptor, b"1000")
        posix.close(descriptor)
    except OSError:
        pass  # Some runtimes have no such file.


def forget_first_outputs() -> None:
    """What modules that are imported ahead print goes nowhere; the pipe that the streams were made on has served."""
    null = posix.open("/dev/null", posix.O_WRONLY)
    for number in 1, 2:
        posix.dup2(null, number)
    posix.close(null)
    posix.close(FIRST_OUTPUT)
