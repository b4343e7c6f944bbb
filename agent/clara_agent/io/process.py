"""Starts a program: fork, a session of its own, exec."""

from __future__ import annotations

import os
import select
from fcntl import ioctl

import _signal

from .guard import become_subreaper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

TIOCSCTTY = 0x540E
RESET = (_signal.SIGPIPE, _signal.SIGINT, _signal.SIGXFSZ, _signal.SIGCHLD)
# How long a fork may take until it has become its program; later it counts as started.
START_MS = 1000


def spawn(
    argv: list[bytes],
    environment: Mapping[bytes, bytes],
    cwd: bytes,
    descriptors: list[int],
    is_run: bool = True,
    has_terminal: bool = False,
    report: int | None = None,
) -> int:
    """Starts argv (bytes) with descriptors 0, 1, 2, … as given, the first as its terminal where it is one; its pid. What cannot be run exits with 127 or 126, as from a shell, and says why on stderr, or by a number on `report`."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        if is_run:
            become_subreaper()
        for number in RESET:
            _signal.signal(number, _signal.SIG_DFL)
        # Behind that: what was sent to it meanwhile ends it, as it would its program.
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        _place(descriptors)
        if has_terminal:
            ioctl(0, TIOCSCTTY, 0)
        os.chdir(cwd)
        _execute(argv, environment)
    except BaseException as error:
        if report is not None and isinstance(error, OSError):
            os.write(report, b"%d" % (error.errno or 0))
        else:
            os.write(2, b"%s: %s\n" % (argv[0], str(getattr(error, "strerror", error)).encode("utf-8", "replace")))
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def spawn_surely(argv: list[bytes], environment: Mapping[bytes, bytes], cwd: bytes, descriptors: list[int], has_terminal: bool = False) -> int:
    """The same; OSError where the program cannot be run, of which nothing is left then."""
    reader, report = os.pipe()
    try:
        try:
            pid = spawn(argv, environment, cwd, descriptors, has_terminal=has_terminal, report=report)
        finally:
            os.close(report)
        # A program that has begun has closed the other end.
        waiting = select.poll()
        waiting.register(reader, select.POLLIN)
        number = os.read(reader, 16) if waiting.poll(START_MS) else b""
    finally:
        os.close(reader)
    if number:
        os.waitpid(pid, 0)
        raise OSError(int(number), os.strerror(int(number)), os.fsdecode(argv[0]))
    return pid


def find_missing(programs: Iterable[bytes], environment: Mapping[bytes, bytes]) -> list[bytes]:
    """Those of the programs that cannot be started by their names."""
    folders = environment.get(b"PATH", os.fsencode(os.defpath)).split(b":")
    return [program for program in programs if not any(os.access(os.path.join(folder or b".", program), os.X_OK) for folder in folders)]


def _place(descriptors: list[int]) -> None:
    # First out of the way, since one that is wanted may sit where another must go.
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    moved = [fcntl(fd, F_DUPFD_CLOEXEC, len(descriptors)) for fd in descriptors]
    for number, fd in enumerate(moved):
        os.dup2(fd, number, inheritable=True)


def _execute(argv: list[bytes], environment: Mapping[bytes, bytes]) -> NoReturn:
    program = argv[0]
    if b"/" in program:
        os.execve(program, argv, environment)
    denied = None
    for folder in environment.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        try:
            os.execve(os.path.join(folder or b".", program), argv, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            denied = error
    raise denied or FileNotFoundError(2, "command not found")
