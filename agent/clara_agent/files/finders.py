"""Finds the lines of a text that fit, and looks first whether any can."""

from __future__ import annotations

import re

from ..wire.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

try:
    import re._parser as _parser
except ImportError:
    import sre_parse as _parser

# Its names are not in the stubs of all versions.
parser: Any = _parser


class Finder:
    """One query; a Failure `bad_pattern` where it is no regular expression."""

    def __init__(self, query: str, is_regex: bool, is_case_sensitive: bool) -> None:
        flags = 0 if is_case_sensitive else re.IGNORECASE
        source = query if is_regex else re.escape(query)
        try:
            self._pattern = re.compile(source, flags)
        except (re.error, OverflowError, RecursionError, ValueError) as error:
            raise Failure("bad_pattern", "The regular expression is not valid: %s." % str(error).rstrip(".")) from None
        # What any line that fits must hold, where that can be told: found in bytes, many times faster than a line is.
        self._needle = (_literal_of(source) if is_regex else query).encode("utf-8", "surrogateescape") if is_case_sensitive else b""
        # A text on one line is found in the whole of a file as on each line of it.
        self._is_plain = not is_regex

    def find(self, data: bytes) -> Iterator[tuple[int, int, list[str]]]:
        """Yields the number of each line that fits, from 0, the column of its first match, from 0, and all lines, those behind it as they are in the file."""
        if not data or self._needle and self._needle not in data:
            return
        text = data.decode("utf-8", "replace")
        search = self._pattern.search
        if self._is_plain and search(text) is None:
            return
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        for number, line in enumerate(lines):
            line = lines[number] = bare(line)
            match = search(line)
            if match:
                yield number, match.start(), lines


def bare(line: str) -> str:
    """A line without the end that Windows gives it."""
    return line[:-1] if line.endswith("\r") else line


def _literal_of(source: str) -> str:
    """The longest text that whatever fits the expression holds; empty where none can be told."""
    try:
        parsed = parser.parse(source)
    except (re.error, OverflowError, RecursionError, ValueError):
        return ""
    if parsed.state.flags & re.IGNORECASE:
        return ""
    best = run = ""
    for op, argument in parsed:
        if op is parser.LITERAL:
            run += chr(argument)
        else:
            run = ""
        best = max(best, run, key=len)
    return best if best.isprintable() else ""
