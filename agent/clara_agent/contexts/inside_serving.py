"""Runs the cells of a context one after the other, and hears interrupts while one runs.

Part of the interpreter (inside_main.py), which gives it the shell: `run(code, is_silent)` says whether a cell went well, `count` how many there were, and
`tell_end(error, is_uncounted)` tells an exception that came from outside of the code.
"""

from __future__ import annotations

import builtins
import getpass
import marshal
import os
import signal
import socket
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

READY, DONE = 2, 3
MAX_MESSAGE = 1 << 18
MAX_INTERRUPT = 64
NO_INPUT = "input() cannot be answered here, as nobody types: put the value into the code, or read it from a file"


class NoInput(EOFError):
    """Code asks for a line, and nobody is there to type one."""

    __module__ = "builtins"


class Interpreter:
    """Answers the agent."""

    def __init__(self, shell: Any, showing: Any, control: socket.socket) -> None:
        self._shell = shell
        self._showing = showing
        self._asks = False
        self._asked = 0
        self._control = control
        self._pid = os.getpid()
        self._handler: Any = signal.default_int_handler
        # How the cell ended whose end is still to be told.
        self._end: tuple[int, bool] | None = None

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
            try:
                self._serve_one()
            except Exception as error:
                # A handler that code has set for a signal raises between two cells.
                sys.excepthook(type(error), error, error.__traceback__)

    def _serve_one(self) -> None:
        if self._end is None:
            cell = self._hear()
            if "silent" not in cell:
                return  # For a cell that waits for it no more.
            self._end = self._shell.count, False
            self._showing.begin()
            self._asks, self._showing.waits = cell["asks"], cell["waits"]
            if "file" in cell:
                with open(cell["file"], "rb") as file:
                    cell["code"] = file.read()
            self._end = self._run(cell["code"].decode("utf-8", "replace"), cell["silent"])
        count, is_good = self._end
        if os.getpid() != self._pid:
            # Code of the cell has forked, and its child came back from it: the cell is the parent's.
            os._exit(0 if is_good else 1)
        _flush()
        if self._shell.exit_code is not None:
            _leave(self._shell.exit_code)
        self.say(DONE, count, 0 if is_good else 1)
        self._end = None

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
        """Waits until N lines are read, so that what is written next comes after them."""
        if threading.current_thread() is threading.main_thread():
            while self._hear().get("shown", 0) < number:
                pass

    def _run(self, code: str, is_silent: bool) -> tuple[int, bool]:
        is_good: bool | None = None
        before = self._shell.count
        try:
            try:
                signal.signal(signal.SIGINT, self._handler)
                self._take_early_interrupt()
                is_good = self._shell.run(code, is_silent)
            finally:
                self._hush()
        except BaseException as error:
            while not self._is_hushed():
                pass
            if is_good is None:
                # It came before the code began or when that was all but over.
                self._shell.tell_end(error, not is_silent and self._shell.count == before)
        return self._shell.count, bool(is_good)

    def _take_early_interrupt(self) -> None:
        """Interrupts a cell that was to be interrupted before it could hear a signal."""
        try:
            message = self._control.recv(MAX_INTERRUPT, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if message and "interrupt" in marshal.loads(message):
            os.kill(os.getpid(), signal.SIGINT)

    def _hush(self) -> None:
        """Takes no more interrupts; raises what one has raised that came just now."""
        handler = signal.signal(signal.SIGINT, _ignore)
        if handler is not _ignore:
            self._handler = handler

    def _is_hushed(self) -> bool:
        try:
            self._hush()
        except BaseException:
            return False
        return True


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
