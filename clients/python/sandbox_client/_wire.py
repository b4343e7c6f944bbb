"""What both clients do alike, without a connection."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from .errors import SandboxConnectionError, SandboxError, SandboxTimeoutError, error_of
from .models import Event

API_KEY_VARIABLE = "SANDBOX_API_KEY"
"""Where the key is taken from if none is given."""

GRACE_SECONDS = 30.0
"""How much longer than the call itself its answer may take."""


_LINE_END = re.compile(r"\r\n|\n|\r")


def headers_of(base_url: str, api_key: Optional[str]) -> Dict[str, str]:
    """Without a key, the one of the environment, unless the address has a password, which is sent as the key then."""
    has_password = bool(httpx.URL(base_url).password)
    key = api_key if api_key is not None or has_password else os.environ.get(API_KEY_VARIABLE)
    return {"X-API-Key": key} if key else {}


def in_path(part: object) -> str:
    """One part of a path, whatever it holds."""
    return quote(str(part), safe="")


def given(**values: Any) -> Dict[str, Any]:
    """Without those that are None, which mean the server's default."""
    return {name: value for name, value in values.items() if value is not None}


def query(values: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    """As the server reads a query: booleans in small letters."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in (values or {}).items()}


def to_json(model: BaseModel) -> Dict[str, Any]:
    """A request as JSON, without what was left out."""
    dump = getattr(model, "model_dump", None) or model.dict
    return dump(exclude_none=True)


def failure_of(response: httpx.Response, is_of_volume: bool) -> SandboxError:
    """The error of an answer whose body was read."""
    try:
        body: object = response.json()
    except ValueError:
        body = None
    return error_of(response.status_code, body, response.headers.get("retry-after"), is_of_volume)


def lost(error: httpx.HTTPError) -> SandboxError:
    """The error of a call that got no whole answer."""
    if isinstance(error, httpx.TimeoutException):
        return SandboxTimeoutError("The server did not answer in time.")
    return SandboxConnectionError(f"The server was not reached, or its answer broke off: {error}")


class LineReader:
    """Lines of text that comes in pieces; the lines of httpx end at other characters too, such as U+2028, which are text here."""

    def __init__(self) -> None:
        self._parts: List[str] = []
        self._held = ""

    def read(self, piece: str) -> List[str]:
        """The lines that end in this piece, without their ends."""
        text = self._held + piece
        # What follows a carriage return says whether it ends the line alone.
        self._held = "\r" if text.endswith("\r") else ""
        first, *others = _LINE_END.split(text[: len(text) - len(self._held)])
        self._parts.append(first)
        lines = []
        for other in others:
            lines.append("".join(self._parts))
            self._parts = [other]
        return lines

    def end(self) -> List[str]:
        """The last line, where the text did not end with one."""
        rest = "".join(self._parts)
        return [rest] if rest or self._held else []


def event_of(line: str) -> Optional[Event]:
    """None for an empty line and for a sign of life."""
    if not line.strip():
        return None
    fields: Dict[str, Any] = json.loads(line)
    name = fields.pop("event")
    number = fields.pop("id", None)
    return None if name == "ping" else Event(number, name, fields)
