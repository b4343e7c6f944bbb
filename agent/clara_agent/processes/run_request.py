"""What an OPEN of `run` asks for, checked."""

from __future__ import annotations

import os

from ..io.capture import Everything, HeadAndTail
from ..wire.errors import Failure
from ..wire.parameters import take, take_count, take_environment, take_names, take_path, to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.contracts import OutputCapture
    from .terminal import Size

NAMES = ("python", "shell", "argv")
MAX_CAPTURE = 16 << 20
# As much of the sandbox's own settings, and of the call's.
MAX_ENVIRONMENT = 256 << 10


class RunRequest:
    """The parameters of one run."""

    def __init__(self, parameters: dict[str, Any], workspace: str, is_kept: bool = False) -> None:
        self.program: str = take(parameters, "program", str)
        if self.program not in NAMES:
            raise Failure("invalid", "The program must be python, shell or argv.")
        self.argv = _take_argv(parameters) if self.program == "argv" else []
        # Programs that its source is for.
        self.needs = take_names(parameters, "needs")
        self.terminal = _take_terminal(parameters)
        if self.terminal and self.program == "python":
            raise Failure("invalid", "Python source has no terminal: run python3 with a command.")
        # The source of a plain run comes where its input would.
        is_typable = is_kept or self.program == "argv"
        self.has_stdin: bool = self.terminal is not None or (take(parameters, "stdin", bool, False) and is_typable)
        # Whether a program that cannot be run is a failure, and none that ends at once.
        self.must_start: bool = take(parameters, "mustStart", bool, False)
        self.cwd = take_path(parameters, "cwd", workspace) if parameters.get("cwd") else os.fsencode(workspace)
        self.environment = take_environment(parameters)
        if sum(len(name) + len(value) + 2 for name, value in self.environment.items()) > MAX_ENVIRONMENT:
            raise Failure("too_large", "The environment of a run can have at most %d bytes." % MAX_ENVIRONMENT)
        self.timeout_ms: int | None = take_count(parameters, "timeoutMs", None)
        # Whether the result is to say which files of the workspace have changed.
        self.tracks_files: bool = take(parameters, "trackFiles", bool, False)
        self.is_captured = parameters.get("capture") is not None
        self.captures = [_take_capture(parameters), _take_capture(parameters)]


def _take_terminal(parameters: dict[str, Any]) -> Size | None:
    size = take(parameters, "tty", dict, None)
    if size is None:
        return None
    # Most programs have none.
    from .terminal import take_size

    return take_size(size)


def _take_argv(parameters: dict[str, Any]) -> list[bytes]:
    argv = take(parameters, "argv", list)
    if not argv or not all(isinstance(part, str) for part in argv):
        raise Failure("invalid", "The parameter argv must be a list of texts, and not empty.")
    return [to_bytes(part) for part in argv]


def _take_capture(parameters: dict[str, Any]) -> OutputCapture:
    capture = take(parameters, "capture", dict, None)
    if capture is None:
        return Everything()
    return HeadAndTail(take_count(capture, "head", 0, MAX_CAPTURE), take_count(capture, "tail", 0, MAX_CAPTURE))
