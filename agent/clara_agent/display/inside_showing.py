"""What code shows: results, errors and cleared outputs, a line of JSON each, within bounds.

Part of the interpreter of contexts (contexts/inside_main.py), which runs it in one namespace with a shell, and of scripts that show something (python/showing.py).
"""

from __future__ import annotations

import binascii
import json
import os
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    SHOWN = 4

MAX_TEXT = 25_000
MAX_HTML = 200 << 10
MAX_PICTURE = 5 << 20
MAX_ALL = 20 << 20
# That stay, and with those that are shown in their place.
MAX_RESULTS = 1_000
MAX_LINES = 9_000
MAX_TRACEBACK = 64 << 10


class Showing:
    """Sends what one cell shows; what is too large is cut or left out, and that is said."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        # Where what is shown has its place among the outputs: called with the number of the line.
        self.waits = False
        self.wait: Any = None
        # Threads show one line after the other; a handler of a signal may show something in the middle of one.
        self._turn = RLock()
        self.begin()

    def begin(self, pid: int | None = None) -> None:
        """A cell or script begins, in this process or in that one."""
        self._pid = os.getpid() if pid is None else pid
        self._bytes = self._results = self._sent = 0
        self._is_cut = self._is_lost = self._is_torn = False

    @property
    def is_full(self) -> bool:
        """Whether no more is shown."""
        return self._results >= MAX_RESULTS or self._sent >= MAX_LINES or self._bytes >= MAX_ALL or self._is_lost

    @property
    def is_own(self) -> bool:
        """Whether this process is the one that shows, no fork of it."""
        return os.getpid() == self._pid

    def result(self, data: dict[str, Any], metadata: dict[str, Any] | None, is_main: bool, display_id: str | None = None, is_update: bool = False) -> None:
        """One value, in all its representations."""
        bundle = {}
        for mime, value in data.items():
            kept = self._fit(str(mime), value)
            if kept is not None:
                bundle[str(mime)] = kept
        size = sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in bundle.values())
        if self._results + (not is_update) > MAX_RESULTS or self._sent >= MAX_LINES or self._bytes + size > MAX_ALL:
            return self._cut()
        self._results += not is_update
        self._bytes += size
        if not bundle and data:
            return None
        about = {str(mime): _to_json(value) for mime, value in (metadata or {}).items()}
        self._send({"type": "result", "data": bundle, "metadata": about, "is_main": is_main, "display_id": display_id, "update": is_update})
        return None

    def clear(self, waits: bool) -> None:
        """What was shown is to go, with `waits` once something else is shown."""
        if self._sent >= MAX_LINES:
            return self._cut()
        self._results = 0
        return self._send({"type": "clear_output", "wait": bool(waits)})

    def error(self, name: str, value: str, lines: list[str]) -> None:
        """An exception that nobody caught."""
        left = MAX_TRACEBACK
        kept = []
        for line in lines:
            left -= len(line) + 1
            if left < 0:
                break
            kept.append(line)
        self._send({"type": "error", "name": name[:1000], "value": value[:MAX_TEXT], "traceback": kept})

    def ask(self, number: int, prompt: str, is_password: bool) -> None:
        """Code asks for a line."""
        self._send({"type": "input_request", "number": number, "prompt": prompt[:MAX_TEXT], "password": is_password})

    def _fit(self, mime: str, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)):
            if len(value) > MAX_PICTURE:
                return self._cut()
            value = binascii.b2a_base64(value, newline=False).decode("ascii")
        if mime.startswith("image/") and mime != "image/svg+xml":
            value = "".join(str(value).split())
            return value if len(value) * 3 // 4 <= MAX_PICTURE else self._cut()
        if not isinstance(value, str):
            value = _to_json(value)
            return value if len(json.dumps(value)) <= MAX_PICTURE else self._cut()
        if mime.startswith("text/") and mime != "text/html":
            if len(value) > MAX_TEXT:
                self._cut()
                return value[: MAX_TEXT - 1] + "\u2026"
            return value
        return value if len(value) <= (MAX_HTML if mime == "text/html" else MAX_PICTURE) else self._cut()

    def _cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._send({"type": "truncated"})

    def _send(self, line: dict[str, Any]) -> None:
        # A fork of the cell's code shows nothing: its lines would mix with those of its parent.
        if not self.is_own or self._is_lost:
            return
        for name in "stdout", "stderr":
            try:
                getattr(sys, name).flush()
            except Exception:
                pass
        with self._turn:
            sent = self._write(json.dumps(line).encode("ascii") + b"\n")
        if sent and self.waits and self.wait and line["type"] != "input_request":
            self.wait(sent)

    def _write(self, text: bytes) -> int:
        """Writes a line; its number, 0 where there is no room for it or nobody who reads."""
        # What an interrupt has cut off ends here: it costs no other line.
        view = memoryview(b"\n" + text if self._is_torn else text)
        self._is_torn = True
        # Not before: no more may be waited for than is read.
        self._sent += 1
        try:
            while view:
                view = view[os.write(SHOWN, view) :]
        except OSError:
            # What is half a line is taken for a sign of that.
            self._is_lost = True
            return 0
        self._is_torn = False
        return self._sent


def _to_json(value: Any) -> Any:
    """The value where JSON has it, else its text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return str(value)


def text_of(value: object) -> str:
    """The text of an exception, also of one that has none."""
    try:
        return str(value)
    except BaseException:
        return "<no text: its __str__ failed>"


SHOWING = Showing()
