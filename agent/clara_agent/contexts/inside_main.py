"""Runs in a context's interpreter: makes the shell, then runs one cell after the other. As a zygote it forks one for each context.

The agent sends cells over descriptor 3; what is shown goes out on descriptor 4, a line of JSON each.
"""

from __future__ import annotations

import builtins
import gc
import getpass
import marshal
import os
import signal
import socket
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

STARTED, READY, DONE = 1, 2, 3
CONTROL, SHOWN = 3, 4
# In a zygote, the other end of the pipe that its streams are made on.
FIRST_OUTPUT = 5
MAX_MESSAGE = 1 << 18
NO_INPUT = "input() cannot be answered here, as nobody types: put the value into the code, or read it from a file"


class NoInput(EOFError):
    """Code asks for a line, and nobody is there to type one."""


class Interpreter:
    """Answers the agent; `shell` has `run(code, is_silent)`, which returns the number of the cell and whether it went well."""

    def __init__(self, shell: Any, showing: Any, control: socket.socket) -> None:
        self._shell = shell
        self._showing = showing
        self._asks = False
        self._asked = 0
        self._control = control
        self._pid = os.getpid()
        self._handler: Any = signal.default_int_handler

    def say(self, kind: int, first: int = 0, second: int = 0) -> None:
        """Tells the agent; without one there is nothing left to do."""
        try:
            self._control.send(b"".join(value.to_bytes(4, "little", signed=True) for value in (kind, first, second)))
        except OSError:
            os._exit(0)

    def serve(self) -> NoReturn:
        """Runs cells for ever."""
        signal.signal(signal.SIGINT, _ignore)
        self._showing.wait = self._wait_until_shown
        builtins.input = lambda prompt="", /: self._ask(prompt, False)
        getpass.getpass = lambda prompt="Password: ", stream=None: self._ask(prompt, True)
        self.say(READY)
        while True:
            message = self._control.recv(MAX_MESSAGE)
            if not message:
                os._exit(0)
            cell = marshal.loads(message)
            if "silent" not in cell:
                continue  # For a cell that waits for it no more.
            self._asks, self._showing.waits = cell["asks"], cell["waits"]
            if "file" in cell:
                with open(cell["file"], "rb") as file:
                    cell["code"] = file.read()
            count, is_good = self._run(cell["code"].decode("utf-8", "replace"), cell["silent"])
            if os.getpid() != self._pid:
                # Code of the cell has forked, and its child came back from it: the cell is the parent's.
                os._exit(0 if is_good else 1)
            _flush()
            if self._shell.exit_code is not None:
                _leave(self._shell.exit_code)
            self.say(DONE, count, 0 if is_good else 1)

    def _ask(self, prompt: object, is_password: bool) -> str:
        if not self._asks or os.getpid() != self._pid or threading.current_thread() is not threading.main_thread():
            raise NoInput(NO_INPUT)
        self._asked += 1
        self._showing.ask(self._asked, str(prompt), is_password)
        answer = self._hear()
        while answer.get("number") != self._asked:
            answer = self._hear()
        if answer["text"] is None:
            raise EOFError("EOF when reading a line")
        return answer["text"].decode("utf-8", "replace")

    def _hear(self) -> dict[str, Any]:
        message = self._control.recv(MAX_MESSAGE)
        if not message:
            os._exit(0)
        return marshal.loads(message)

    def _wait_until_shown(self, number: int) -> None:
        """Waits until so many lines are read, so that what is written next comes after them."""
        if threading.current_thread() is threading.main_thread():
            while self._hear().get("shown", 0) < number:
                pass

    def _run(self, code: str, is_silent: bool) -> tuple[int, bool]:
        is_good = False
        try:
            signal.signal(signal.SIGINT, self._handler)
            is_good = self._shell.run(code, is_silent)
        except KeyboardInterrupt:
            pass  # It came when the cell was all but over.
        finally:
            self._handler = signal.signal(signal.SIGINT, _ignore)
        return self._shell.count, is_good


def _ignore(number: int, frame: object) -> None:
    pass


def _flush() -> None:
    # Code may have deleted them, or put None in their place.
    for name in "stdout", "stderr":
        try:
            getattr(sys, name).flush()
        except BaseException:
            pass


def _leave(code: int) -> NoReturn:
    import atexit

    try:
        atexit._run_exitfuncs()
    except BaseException:
        pass
    _flush()
    os._exit(code & 255)


def _settle(parts: dict[str, Any], job: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Makes the shell, that of IPython where the image has it; and the space that it was made in."""
    NoInput.__module__ = "builtins"
    sys.argv[:] = [""]
    sys.path.insert(0, "")
    space: dict[str, Any] = {"SHOWN": SHOWN}
    space["OWN"] = [space, globals()]
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
    shell, space = _settle(parts, job)
    if job["is_zygote"]:
        control, job = _fork_for_each(shell, control)
        if place:
            title["set_title"](place, b"python3", b"python3 (context)")
    if job.get("rich"):
        _enrich(parts, space, shell)
    interpreter = Interpreter(shell, space["SHOWING"], control)
    interpreter.say(STARTED, os.getpid())
    time.tzset()
    interpreter.serve()
