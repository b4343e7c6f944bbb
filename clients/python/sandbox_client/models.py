"""What the server answers; keys that are not named here are kept and can be read as attributes too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from pydantic import BaseModel


class Model(BaseModel, extra="allow"):
    """Base of all answers, the same on pydantic 1 and 2."""


class SandboxInfo(Model):
    """A user's sandbox, of the native API."""

    user_id: str
    status: str


class Result(Model):
    """Something that code has shown: its representations by media type, pictures in base64."""

    data: Dict[str, Any]
    metadata: Dict[str, Any] = {}
    is_main: bool = False


class CodeError(Model):
    """An exception that ended the code."""

    name: str
    value: str
    traceback: List[str] = []


class ChangedFile(Model):
    """A file of the workspace that changed while code ran: `created`, `modified` or `deleted`; then it has no size."""

    path: str
    size: Optional[int] = None
    change: str


class Execution(Model):
    """How code or a command ended, and what it wrote."""

    success: bool
    output: str
    stderr: Optional[str] = None
    error: Optional[str] = None
    exit_code: int
    execution_time: float
    timed_out: bool = False
    oom_killed: bool = False
    output_truncated: bool = False
    results: List[Result] = []
    exception: Optional[CodeError] = None
    execution_count: Optional[int] = None
    files: Optional[List[ChangedFile]] = None
    files_truncated: bool = False


class Context(Model):
    """An interpreter whose variables live on between calls."""

    id: str
    language: str
    state: str
    cwd: str


class Process(Model):
    """A program that outlives the request that started it."""

    id: int
    kind: str
    state: str
    pid: Optional[int] = None
    exit_code: Optional[int] = None
    signal: Optional[str] = None
    last_event_id: int = 0


class Entry(Model):
    """A file, folder or link."""

    name: str
    path: str
    type: str
    size: Optional[int] = None
    mode: Optional[str] = None
    modified_at: Optional[str] = None


class Match(Model):
    """A line that a search has found."""

    path: str
    line: int
    column: int
    text: str


class Port(Model):
    """A port of a sandbox, and where it is reached from outside."""

    port: int
    visibility: str
    url: Optional[str] = None


class Checkpoint(Model):
    """What a sandbox's files were at a moment."""

    id: str
    name: Optional[str] = None


@dataclass(frozen=True)
class Event:
    """One event of a stream: `id` counts from 1 in its process, `event` names it, `data` is the rest."""

    id: Optional[int]
    event: str
    data: Dict[str, Any]
