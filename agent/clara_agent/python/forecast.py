"""Tells from the text of a script whether it may have modules that were imported ahead: it imports some, and changes nothing that they read as they were.

The answer is no where the text leaves a doubt. Then the script imports what it needs by itself, which takes longer and is as right as ever.
"""

from __future__ import annotations

import os
import re

from ..wire.errors import Failure
from ..files.read import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Pattern

    from ..io.contracts import Bytes

# Of the script and the modules of the workspace that are read along; and of these, how many files and folders are looked at.
MAX_TEXT = 256 << 10
MAX_FILES = 64
IMPORT = re.compile(rb"(?:^|[;:])[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n;#]+))", re.MULTILINE)
# Reading a variable changes none; whatever else is done with them may.
READ = rb"\s*(?:\.\s*(?:get|copy|keys|items|values)\s*\(|\[[^\]\n]*\](?!\s*[|+]?=(?!=)))"
STATE = re.compile(
    rb"(?<!in os\.)\benviron\b(?!" + READ + rb")|del\s+(?:\w+\.)?environ|putenv|unsetenv|setenv|dotenv|chdir|meta_path|path_hooks|addsitedir|builtins|"
    rb"sys\.(?:path|modules)\s*(?:\[[^\]\n]*\]\s*=(?!=)|[+|]?=(?!=)|\.\s*(?!get\b|keys\b|items\b|index\b|count\b|copy\b))|"
    rb"del\s+sys\.|=\s*sys\.(?:path|modules)\s*(?:$|[;#])|from\s+sys\s+import[^\n]*\b(?:path|modules)\b|\bmock\b|monkeypatch|"
    rb"matplotlibrc|\bpip3?\b|ensurepip|setlocale|tzset|setaffinity|setrlimit|logging\.config|dictConfig|fileConfig|"
    rb"settrace|setprofile|tracemalloc|(?:simplefilter|filterwarnings)\s*\(\s*['\"](?!ignore)"
)
# What each line that is meant by it has: finding that is faster than an expression over the whole text.
STATE_HINTS = b"env path builtins modules mock patch matplotlibrc pip chdir addsitedir locale tzset affinity rlimit logging.config dictConfig fileConfig settrace setprofile tracemalloc simplefilter filterwarnings".split()
# Only before an import: a program that is started may change what is installed, and a text that is run may do anything.
WORK = re.compile(rb"subprocess\s*\.|from\s+subprocess|Popen|check_call|check_output|os\s*\.\s*(?:system|popen|exec|spawn)|\bexec\s*\(|(?<![.\w])eval\s*\(|importlib|__import__|runpy")
WORK_HINTS = b"subprocess Popen check_ system popen exec spawn eval importlib __import__ runpy".split()


class Forecast:
    """For the modules of one interpreter, by their first names."""

    def __init__(self, names: list[str]) -> None:
        self._tops = {name.partition(".")[0].encode() for name in names}
        # A file of such a name, which the script may make, would come before the module.
        self._files = [top + b".py" for top in self._tops]

    def fits(self, source: Bytes, folder: bytes) -> bool:
        """Whether a script that would look for modules in this folder first may have them."""
        if b"import" not in source or any(re.search(re.escape(file) + rb"\b", source) for file in self._files if file in source):
            return False
        try:
            return _Reading(self._tops, folder).is_fit(source)
        except ValueError:
            return False


class _Reading:
    """One script with the modules of the workspace that it imports; ValueError where there is too much of it."""

    def __init__(self, tops: set[bytes], folder: bytes) -> None:
        self._tops = tops
        self._folder = folder
        self._room = MAX_TEXT
        self._files = MAX_FILES
        self._modules = set()
        self._reaches = False

    def is_fit(self, source: Bytes) -> bool:
        """Whether it imports some of the modules, and nothing speaks against it."""
        return self._is_clean(source, True) and self._reaches

    def _is_clean(self, source: Bytes, is_script: bool) -> bool:
        self._room -= len(source)
        if self._room < 0:
            raise ValueError
        text = bytes(source).replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
        first = {}
        uncertain = set()
        for place, indent, names in _imports(text):
            for name in names:
                if name in self._tops:
                    self._reaches = True
                    if name in first:
                        continue
                    if _runs_in_order(text, place, indent):
                        first[name] = place
                    else:
                        uncertain.add(name)
                elif name not in self._modules and not self._tops <= set(first):
                    self._modules.add(name)
                    if not all(self._is_clean(inner, False) for inner in self._sources(name)):
                        return False
        uncertain -= set(first)
        before = len(text) if uncertain else max(first.values(), default=0)
        # What it does not name may still be imported later, by what it does.
        until = before if is_script and self._tops <= set(first) else len(text)
        return not _mentions(STATE, STATE_HINTS, text, until) and not _mentions(WORK, WORK_HINTS, text, before)

    def _sources(self, name: bytes) -> Iterator[bytes]:
        """The texts of a module of the workspace; of a package all that it has."""
        path = os.path.join(self._folder, name)
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                self._count(len(folders) + len(files))
                for file in files:
                    if file.endswith(b".py"):
                        yield self._read(os.path.join(folder, file))
        elif os.path.isfile(path + b".py"):
            yield self._read(path + b".py")

    def _count(self, number: int) -> None:
        self._files -= number
        if self._files < 0:
            raise ValueError

    def _read(self, path: bytes) -> bytes:
        self._count(1)
        try:
            fd, _ = open_regular(path)
        except (OSError, Failure):
            raise ValueError from None
        try:
            return os.read(fd, self._room + 1)
        finally:
            os.close(fd)


def _mentions(pattern: Pattern[bytes], hints: list[bytes], text: bytes, end: int) -> bool:
    for hint in hints:
        at = text.find(hint, 0, end)
        while at >= 0:
            start, stop = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at, end)
            stop = end if stop < 0 else stop
            if pattern.search(text, start, stop):
                return True
            at = text.find(hint, stop, end)
    return False


def _imports(text: bytes) -> Iterator[tuple[int, int, list[bytes]]]:
    """Where each import ends, how far it is indented, and the first names of what it imports."""
    end = text.find(b"import")
    while end >= 0:
        start = text.rfind(b"\n", 0, end) + 1
        end = text.find(b"\n", end) + 1 or len(text)
        line = text[start:end].expandtabs()
        for found in IMPORT.finditer(text, start, end):
            one, several = found.groups()
            parts = [one] if one else several.split(b",")
            names = [part.strip().partition(b" ")[0].partition(b".")[0] for part in parts]
            yield found.end(), len(line) - len(line.lstrip()), [name for name in names if name]
        end = text.find(b"import", end)


def _runs_in_order(text: bytes, place: int, indent: int) -> bool:
    """Whether what stands there surely runs, and runs when all before it has: at the left margin, or in nothing but `try:`."""
    start = text.rfind(b"\n", 0, place) + 1
    if not text[start:place].lstrip().startswith((b"import", b"from")):
        return False
    if any(text.count(quotes, 0, start) % 2 for quotes in (b'"""', b"'''")):
        return False
    while indent and start:
        end = start - 1
        start = text.rfind(b"\n", 0, end) + 1
        line = text[start:end].expandtabs()
        body = line.lstrip()
        if body and not body.startswith(b"#") and len(line) - len(body) < indent:
            if not re.match(rb"try\s*:\s*(#.*)?$", body):
                return False
            indent = len(line) - len(body)
    return not indent
