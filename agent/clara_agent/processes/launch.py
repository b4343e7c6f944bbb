"""What each kind of program becomes: an argv for exec, or a script for a zygote."""

from __future__ import annotations

import os

from ..wire.errors import Failure
from ..io.process import find_missing, spawn, spawn_surely
from ..python.launch import PythonLaunch
from .output_pipes import OutputPipes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..io.contracts import Bytes
    from ..io.loop import Loop
    from .process import Process
    from .roles import Sink
    from .run_request import RunRequest

# An argument can have 128 KiB; a longer shell source is run from a file.
MAX_ARGUMENT = 100 * 1024
# What a message to the zygote can surely hold.
MAX_WARM = 128 * 1024
SHELL = b"/bin/bash" if os.access("/bin/bash", os.X_OK) else b"/bin/sh"
# The sandbox image has the same bash once more, without the work of a dynamic linker.
FAST_SHELL = b"/usr/lib/clara/bash"
SHELL_FILE = FAST_SHELL if os.access(FAST_SHELL, os.X_OK) else SHELL


def launch_argv(run: Process, outputs: list[int]) -> None:
    """Starts the argv of the parameters."""
    run.agent.interpreters.find_site()
    _spawn(run, run.request.argv, _environment(run), outputs)


def launch_shell(run: Process, outputs: list[int]) -> None:
    """Starts the shell with the source."""
    run.agent.interpreters.find_site()
    source = bytes(run.source)
    if run.request.needs:
        require_programs(run.request.needs, _environment(run))
    if run.request.terminal and not source:
        return _spawn(run, [SHELL, b"-l"], _environment(run), outputs)
    if len(source) <= MAX_ARGUMENT:
        if b"\0" in source:
            raise Failure("invalid", "The source has a NUL character.")
        argv = [SHELL, b"-c", source]
    else:
        if run.script is None:
            run.script = run.agent.scratch.put(b"main.sh", source)
        argv = [SHELL, run.script]
    environment = _environment(run)
    if run.request.has_stdin:
        return _spawn(run, argv, environment, outputs)
    if run.script is None and run.agent.prestarted_shell.give(run, source, environment, outputs):
        return
    if sum(map(len, argv)) + _size(environment) > MAX_WARM:
        _spawn(run, argv, environment, outputs)
    else:
        # The spare fork of the zygote is there already, as a rule, so that the run need not wait for a fork.
        _start_warm(run, {"file": SHELL_FILE, "argv": argv, "environment": environment, "cwd": run.request.cwd, "env": {}}, outputs)


def require_programs(programs: list[bytes], environment: dict[bytes, bytes]) -> None:
    """Failure `unsupported` where one of them is not on the PATH."""
    for program in find_missing(programs, environment)[:1]:
        raise Failure("unsupported", "Its image has no %s." % os.fsdecode(program))


def _size(environment: dict[bytes, bytes]) -> int:
    return sum(len(name) + len(value) for name, value in environment.items())


def _environment(run: Process) -> dict[bytes, bytes]:
    environment = dict(run.agent.environment)
    if run.request.terminal:
        environment[b"TERM"] = b"xterm-256color"
    environment.update(run.request.environment)
    return environment


def _spawn(run: Process, argv: list[bytes], environment: dict[bytes, bytes], outputs: list[int]) -> None:
    stdin = run.open_stdin()
    start = spawn_surely if run.request.must_start else spawn
    try:
        if stdin is None:
            pid = start(argv, environment, run.request.cwd, outputs * 3, has_terminal=True)
        else:
            pid = start(argv, environment, run.request.cwd, [stdin] + outputs)
    finally:
        if stdin is not None:
            os.close(stdin)
    run.agent.children.watch(pid, run.on_exited)
    run.on_started(pid)


def _start_warm(run: Process, job: dict[str, Any], outputs: list[int], source: Bytes | None = None, is_alone: bool = False) -> None:
    run.starting = PythonLaunch(run.agent.interpreters, job, [os.dup(fd) for fd in outputs], run, source)
    run.starting.is_alone = is_alone
    run.starting.begin(run.open_stdin if run.request.has_stdin else None)


def launch_python(run: Process, outputs: list[int]) -> None:
    """Hands the source to a zygote."""
    if run.script is None:
        run.script = run.agent.scratch.put(b"main.py", run.source)
    # For each start: one that failed has let go of its outputs.
    run.show_in(os.path.dirname(run.script))
    report = os.path.join(os.path.dirname(run.script), b"imports") if run.agent.interpreters.is_learning else None
    job = {"script": os.fsdecode(run.script), "cwd": run.request.cwd, "env": run.request.environment, "report": report}
    _start_warm(run, job, outputs, run.source, _size(run.request.environment) > MAX_WARM)


PROGRAMS = {"python": launch_python, "shell": launch_shell, "argv": launch_argv}


def open_outputs(loop: Loop, request: RunRequest, sink: Sink, on_line: Callable[[bytes], object] | None, on_done: Callable[[], object]) -> OutputPipes:
    """Those that a request asks for: a terminal, or two pipes; with `on_line`, and what a script shows as it shows it."""
    if on_line:
        # Those who wait for the end read it then.
        from .shown_outputs import ShownOutputs

        return ShownOutputs(loop, sink, on_line, on_done)
    if request.terminal:
        # Most programs have none.
        from .terminal import TerminalPipe

        return TerminalPipe(loop, sink, request.terminal, on_done)
    return OutputPipes(loop, sink, request.captures, request.is_captured, on_done)
