"""Reads the JSON of an OPEN frame: nothing in it has the right type until it is checked."""

from __future__ import annotations

import os

from .errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MISSING = object()


def take(parameters: dict[str, Any], name: str, kind: type, default: Any = _MISSING) -> Any:
    """A parameter of the given type, or the default where it is absent or null."""
    value = parameters.get(name)
    if value is None:
        if default is _MISSING:
            raise Failure("invalid", "The parameter %s is missing." % name)
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Failure("invalid", "The parameter %s has the wrong type." % name)
    return value


def take_count(parameters: dict[str, Any], name: str, default: Any = _MISSING, most: int = 1 << 62) -> Any:
    """A number that is neither negative nor absurd."""
    value = take(parameters, name, int, default)
    if value is not None and not 0 <= value <= most:
        raise Failure("invalid", "The parameter %s is out of range." % name)
    return value


def take_path(parameters: dict[str, Any], name: str, workspace: str | bytes) -> bytes:
    """An absolute path as bytes; a relative one starts in the workspace."""
    return to_path(take(parameters, name, str), workspace)


def to_path(text: str, workspace: str | bytes) -> bytes:
    """The path as bytes: file names need not be UTF-8."""
    path = to_bytes(text)
    if not path:
        raise Failure("invalid", "The path is empty.")
    return os.path.join(os.fsencode(workspace), path)


def to_bytes(text: str) -> bytes:
    """What the operating system takes for the text; a NUL would end it early."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Failure("invalid", "The text has characters that are not Unicode.") from None
    if b"\0" in data:
        raise Failure("invalid", "The text has a NUL character.")
    return data


def to_text(data: bytes) -> str:
    """Bytes of a file name as text that JSON can carry."""
    return data.decode("utf-8", "surrogateescape")


def take_names(parameters: dict[str, Any], name: str) -> list[bytes]:
    """A list of names of files; none where it is absent."""
    names = take(parameters, name, list, [])
    if not all(isinstance(one, str) and one and "/" not in one for one in names):
        raise Failure("invalid", "The parameter %s must be a list of names." % name)
    return [to_bytes(one) for one in names]


def take_environment(parameters: dict[str, Any]) -> dict[bytes, bytes]:
    """The `env` parameter as bytes to bytes."""
    environment = {}
    for name, value in take(parameters, "env", dict, {}).items():
        if not isinstance(value, str) or not name or "=" in name:
            raise Failure("invalid", "The environment must be names with texts.")
        environment[to_bytes(name)] = to_bytes(value)
    return environment
