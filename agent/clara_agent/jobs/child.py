"""The child's side of a job: forked from the agent, it keeps nothing of the agent's."""

from __future__ import annotations

import os

import _signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contracts import Task

# An archive that is made to eat memory fails by itself, before the sandbox's limit is reached.
MEMORY_BYTES = 768 << 20


def run_task(task: Task, input_fd: int | None, output_fd: int | None, report_fd: int) -> int:
    """Forks a child that does the task and reports; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _leave_agent([fd for fd in (input_fd, output_fd, report_fd) if fd is not None])
        from .report import to_report

        report = to_report(task, input_fd, output_fd)
        while report:
            report = report[os.write(report_fd, report) :]
        os._exit(0)
    except BaseException as error:
        os.write(report_fd, b'{"code":"internal","message":"The work failed: %s."}' % type(error).__name__.encode())
    finally:
        os._exit(1)


def _leave_agent(kept: list[int]) -> None:
    os.setsid()
    _signal.set_wakeup_fd(-1)
    for number in (_signal.SIGCHLD, _signal.SIGINT):
        _signal.signal(number, _signal.SIG_DFL)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:
                pass  # The one that listed them.
    try:
        from resource import RLIMIT_AS, getrlimit, setrlimit

        hard = getrlimit(RLIMIT_AS)[1]
        setrlimit(RLIMIT_AS, (MEMORY_BYTES if hard < 0 else min(MEMORY_BYTES, hard), hard))
    except (ImportError, OSError, ValueError):
        pass
