"""Tells the exception that ends a script, with the traceback that the interpreter prints.

Part of the zygote (zygote.py), which runs it in one namespace with the parts `import_report`, `showing`, `failures`, `shutdown` and `main`.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .showing import PLACE, SHOW, open_file, wait_until_read

MAX_VALUE = 25_000
MAX_TRACEBACK = 64 << 10


class Recorder:
    """Takes the place of stderr while a traceback is printed, and keeps the beginning of what is written; `stream`, if given, gets all of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._has_before = "stderr" in sys.__dict__
        self._before = sys.__dict__.get("stderr")
        self._text: list[str] = []
        self._left = MAX_TRACEBACK
        sys.stderr = self

    def write(self, text: str) -> Any:
        """Writes a text."""
        kept = text[: self._left]
        self._text.append(kept)
        self._left -= len(kept)
        return len(text) if self._stream is None else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def stop(self) -> str:
        """Gives stderr its place back; the text."""
        if sys.__dict__.get("stderr") is self:
            sys.stderr = self._before
            if not self._has_before:
                del sys.stderr
        return "".join(self._text)


def record(hook: Any) -> Recorder | None:
    """Keeps what a hook will print of an exception; None where that is not the interpreter's own, or where it has no stderr."""
    return Recorder(sys.stderr) if hook is sys.__excepthook__ and "stderr" in sys.__dict__ else None


def _print_apart(error: BaseException) -> str:
    recorder = Recorder(None)
    try:
        sys.__excepthook__(type(error), error, error.__traceback__)
    finally:
        text = recorder.stop()
    return text


def tell_unreadable(error: BaseException, source: bytes | None, script: str) -> None:
    """Says why a script cannot be compiled."""
    try:
        if isinstance(error, UnicodeDecodeError) and source is not None:
            compile(source, script, "exec", 0, True)
    except BaseException as better:
        error = better
    tell_exception(error.with_traceback(None), None)


def tell_exception(error: BaseException, text: str | None) -> None:
    """Says what has ended the script. Without the part that makes results, which would take longer than most scripts."""
    if posix.getpid() != PLACE["pid"]:
        return
    try:
        _tell(error, text or _print_apart(error))
    except BaseException:
        pass  # Its text is in stderr.


def _tell(error: BaseException, text: str) -> None:
    try:
        value = str(error)
    except BaseException:
        value = "<no text: its __str__ failed>"
    lines = ", ".join([_quote(line) for line in text.rstrip("\n").split("\n")])
    name, value = _quote(type(error).__name__[:1000]), _quote(value[:MAX_VALUE])
    line = '{"type": "error", "name": %s, "value": %s, "traceback": [%s]}\n' % (name, value, lines)
    descriptor = SHOW.space["SHOWN"] if SHOW.space else open_file()
    view = memoryview(line.encode("ascii"))
    while view:
        view = view[posix.write(descriptor, view) :]
    if PLACE["is_read"]:
        wait_until_read(0)


def _quote(text: str) -> str:
    """The text in JSON, all ASCII."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    if not text.isascii() or not text.isprintable():
        text = "".join([char if " " <= char <= "~" else _escape(ord(char)) for char in text])
    return '"%s"' % text


def _escape(number: int) -> str:
    if number < 1 << 16:
        return "\\u%04x" % number
    number -= 1 << 16
    return "\\u%04x\\u%04x" % (0xD800 + (number >> 10), 0xDC00 + (number & 0x3FF))
