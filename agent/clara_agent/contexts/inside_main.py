"""Runs in a context's interpreter: makes the shell, then runs one cell after the other. As a zygote it forks one for each context.

The agent sends cells over descriptor 3; what is shown goes out on descriptor 4, a line of JSON each.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

STARTED = 1
CONTROL, SHOWN = 3, 4
# In a zygote, the other end of the pipe that its streams are made on.
FIRST_OUTPUT = 5
MAX_MESSAGE = 1 << 18


def _settle(parts: dict[str, Any], job: dict[str, Any], serving: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Makes the shell, that of IPython where the image has it; and the space that it was made in."""
    sys.argv[:] = [""]
    sys.path.insert(0, "")
    space: dict[str, Any] = {"SHOWN": SHOWN}
    space["OWN"] = [space, serving, globals()]
    exec(parts["showing"], space)
    try:
        if job.get("small"):
            raise ImportError
        exec(parts["ipython"], space)
    except ImportError:
        exec(parts["bundles"], space)
        exec(parts["small"], space)
    return space["make_shell"](job), space


def _enrich(parts: dict[str, Any], space: dict[str, Any], shell: Any) -> None:
    """Has values shown as data too; a shell that is not that of IPython shows what it can."""
    if "InteractiveShell" in space:
        exec(parts["charts"], space)
        exec(parts["rich"], space)
        space["enrich"](shell)
        shell.is_rich = True


def _fork_for_each(shell: Any, control: socket.socket) -> tuple[socket.socket, dict[str, Any]]:
    """Returns only in a fork that is to be a context, with its own connection to the agent and what it is to be."""
    gc.collect()
    gc.freeze()
    while True:
        message, ancillary, _, _ = control.recvmsg(MAX_MESSAGE, socket.CMSG_SPACE(16), socket.MSG_CMSG_CLOEXEC)
        if not message:
            os._exit(0)
        descriptors: list[int] = []
        for _, _, rights in ancillary:
            descriptors += [int.from_bytes(rights[at : at + 4], sys.byteorder) for at in range(0, len(rights), 4)]
        try:
            child = os.fork()
        except OSError:
            child = -1  # Its descriptors close, which the agent sees.
        if child == 0:
            # Once more, so that the context is the agent's to wait for.
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                os._exit(1)
            return _become_context(message, control, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if child > 0:
            os.waitpid(child, 0)


def _forget_first_outputs() -> None:
    for number in 1, 2:
        os.dup2(SHOWN, number)
    os.close(FIRST_OUTPUT)


def _become_context(message: bytes, control: socket.socket, descriptors: list[int]) -> tuple[socket.socket, dict[str, Any]]:
    os.setsid()
    control.detach()
    for target, descriptor in zip((1, 2, CONTROL, SHOWN), descriptors):
        os.dup2(descriptor, target, inheritable=target < 3)
        os.close(descriptor)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    own = socket.socket(fileno=CONTROL)
    job = marshal.loads(message)
    os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in job["env"].items()})
    try:
        os.chdir(job["cwd"])
    except OSError as error:
        os.write(2, ("cannot enter the working folder: %s\n" % error.strerror).encode())
    return own, job


def start(parts: dict[str, Any], job: dict[str, Any]) -> NoReturn:
    """Called by the loader."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass  # Some runtimes have no such file.
    # No program that is started has any use for them.
    for descriptor in CONTROL, SHOWN:
        os.set_inheritable(descriptor, False)
    control = socket.socket(fileno=CONTROL)
    title: dict[str, Any] = {}
    try:
        exec(parts["title"], title)
        place = title["find_title"]()
        title["set_title"](place, b"clara-zygote" if job["is_zygote"] else b"python3", b"clara-zygote" if job["is_zygote"] else b"python3 (context)")
    except (ImportError, OSError):
        place = None
    if job["is_zygote"]:
        _forget_first_outputs()
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    serving: dict[str, Any] = {}
    exec(parts["serving"], serving)
    shell, space = _settle(parts, job, serving)
    if job["is_zygote"]:
        control, job = _fork_for_each(shell, control)
        if place:
            title["set_title"](place, b"python3", b"python3 (context)")
    if job.get("rich"):
        _enrich(parts, space, shell)
    interpreter: Any = serving["Interpreter"](shell, space["SHOWING"], control)
    interpreter.say(STARTED, os.getpid())
    time.tzset()
    interpreter.serve()
    os._exit(0)
