"""What readers and writers of archives have in common, for the type checker: nothing imports this when the agent runs."""
from __future__ import annotations

import os
from typing import Callable, Iterable, Iterator, List, Protocol, Tuple, TypeVar

from .archive_safety import Place
from .entry import Entry
from .packing_output import PackingOutput
from .plan import Plan, Step

T = TypeVar("T")

# From the top of an archive to a folder in it: each part of the path with what is there.
Way = List[Tuple[bytes, Place]]


class Guarded(Protocol):
    """Calls the library; what goes wrong in it is a Failure."""

    def __call__(self, work: Callable[..., T], *arguments: object) -> T: ...


class Readable(Protocol):
    """A file, or what is compressed in one."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...


class Content(Protocol):
    """The bytes of an entry."""

    def __enter__(self) -> Content: ...
    def __exit__(self, *_: object) -> None: ...
    def read(self, most: int) -> bytes: ...


class Archive(Protocol):
    """An archive that is open."""

    def __enter__(self) -> Archive: ...
    def __exit__(self, *_: object) -> None: ...
    def entries(self) -> Iterator[Entry]: ...
    def open(self, entry: Entry) -> Content: ...


class Writer(Protocol):
    """Writes an archive by a plan."""

    def __init__(self, out: PackingOutput) -> None: ...
    @staticmethod
    def bytes_of(kind: int, path_length: int, size: int, target_length: int) -> int: ...
    @staticmethod
    def total(bytes_of_entries: int) -> int | None: ...
    def add(self, step: Step, status: os.stat_result, content: Iterable[bytes]) -> None: ...
    def end(self, plan: Plan) -> None: ...
