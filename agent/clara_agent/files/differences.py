"""The difference of two texts as `diff -u` shows it. For a child, as it may take a while."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CONTEXT = 3
# Pairs of lines that are compared at the most; beyond that what differs is one block.
MAX_PAIRS = 4_000_000
MAX_BYTES = 4 << 20


def unified(before: str, after: str, path: str) -> str:
    """Empty where they are the same; cut at the end of a line after MAX_BYTES characters."""
    if before == after:
        return ""
    lines = []
    room = MAX_BYTES
    for line in _lines(_split(before), _split(after), path):
        line = line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    return "".join(lines)


def _split(text: str) -> list[str]:
    """Lines with their ends, and no other ends than those that diff knows."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return lines + [last] if last else lines


def _lines(old: list[str], new: list[str], path: str) -> Iterator[str]:
    yield "--- %s\n" % path
    yield "+++ %s\n" % path
    for group in _groups(old, new):
        first, last = group[0], group[-1]
        yield "@@ -%s +%s @@\n" % (_range(first[1], last[2]), _range(first[3], last[4]))
        for tag, a, b, c, d in group:
            if tag == "equal":
                for line in old[a:b]:
                    yield " " + line
            else:
                for line in old[a:b]:
                    yield "-" + line
                for line in new[c:d]:
                    yield "+" + line


def _groups(old: list[str], new: list[str]) -> list[list[tuple[str, int, int, int, int]]]:
    """Runs of lines that are equal or not, with a few equal ones around: what both begin and end with is left out first."""
    from difflib import SequenceMatcher

    start = 0
    while start < len(old) and start < len(new) and old[start] == new[start]:
        start += 1
    end = 0
    while end < len(old) - start and end < len(new) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    start = max(0, start - CONTEXT)
    end = max(0, end - CONTEXT)
    a, b = old[start : len(old) - end], new[start : len(new) - end]
    if len(a) * len(b) > MAX_PAIRS:
        return [[("replace", start, start + len(a), start, start + len(b))]]
    groups = SequenceMatcher(None, a, b).get_grouped_opcodes(CONTEXT)
    return [[(tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in group] for group in groups]


def _range(start: int, stop: int) -> str:
    """As POSIX has it for diff -u."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return "%d,%d" % (start + 1 if length else start, length)
