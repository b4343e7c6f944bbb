"""Patterns of names: `*` and `?` within a folder, `**` across folders, `[a-z]`, and `{a,b}`. For a child, as it needs `re`."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ALTERNATIVES = 64


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a path below the folder fits; a pattern without `/` is for the name at any depth."""
    choices = [_compile(choice) for choice in _expand(pattern)]
    return lambda path: any(fits(path) for fits in choices)


def _compile(pattern: str) -> Callable[[str], bool]:
    if "/" not in pattern:
        match = re.compile(_translate(pattern) if pattern != "**" else ".*", re.DOTALL).fullmatch
        return lambda path: match(path[path.rfind("/") + 1 :]) is not None
    given = [part for part in pattern.split("/") if part not in ("", ".")]
    # Several `**` in a row fit what one does, in as many ways as take for ever.
    parts = [part for part, following in zip(given, [*given[1:], ""]) if part != "**" or following != "**"]
    text = ""
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            text += ".+" if is_last else "(?:[^/]+/)*"
        else:
            text += _translate(part) + ("" if is_last else "/")
    match = re.compile(text, re.DOTALL).fullmatch
    return lambda path: match(path) is not None


def _translate(part: str) -> str:
    text, at = "", 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            if not text.endswith("[^/]*"):
                text += "[^/]*"
        elif character == "?":
            text += "[^/]"
        elif character == "\\" and at < len(part):
            text += re.escape(part[at])
            at += 1
        elif character == "[":
            end = part.find("]", at + 2 if part[at : at + 1] in ("!", "^") else at + 1)
            if end < 0:
                text += re.escape(character)
                continue
            text += _set(part[at:end])
            at = end + 1
        else:
            text += re.escape(character)
    return text


def _set(inner: str) -> str:
    """The inside of brackets as a set of characters; one that Python does not take is itself."""
    sign = "^" if inner[0] in "!^" else ""
    inner = inner[1:] if sign else inner
    text = "(?!/)[%s%s]" % (sign, re.sub(r"([\\\[\]&~|^])", r"\\\1", inner))
    try:
        re.compile(text)
    except re.error:
        return re.escape("[" + inner + "]")
    return text


def _expand(pattern: str) -> list[str]:
    """What a pattern with `{a,b}` stands for; one that stands for too much is taken as it is written."""
    found = [pattern]
    while True:
        expanded = []
        for one in found:
            expanded += _expand_first(one) or [one]
        if len(expanded) == len(found):
            return found
        if len(expanded) > MAX_ALTERNATIVES:
            return [pattern]
        found = expanded


def _expand_first(pattern: str) -> list[str] | None:
    match = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if match is None:
        return None
    return [pattern[: match.start()] + choice + pattern[match.end() :] for choice in match.group(1).split(",")]
