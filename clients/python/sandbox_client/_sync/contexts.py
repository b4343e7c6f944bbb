"""Interpreters that remember."""

from __future__ import annotations

from typing import Iterator, Dict, List, Optional

from .._wire import given, in_path
from ..models import Context, Event, Execution
from .transport import SyncTransport


class SyncContexts:
    """The contexts of a sandbox; `default` is always there."""

    def __init__(self, http: SyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/contexts"

    def create(
        self,
        id: Optional[str] = None,
        *,
        language: Optional[str] = None,
        cwd: Optional[str] = None,
        env: Optional[Dict[str, str]] = None,
        name: Optional[str] = None,
    ) -> Context:
        """A new one; the one of that id where it is there in this language."""
        body = given(id=id, language=language, cwd=cwd, env=env, name=name)
        return Context(**(self._http.send("POST", self._path, json=body)).json())

    def list(self) -> List[Context]:
        """All of them."""
        return [Context(**one) for one in (self._http.send("GET", self._path)).json()["contexts"]]

    def get(self, id: str) -> Context:
        """How it is."""
        return Context(**(self._http.send("GET", self._of(id))).json())

    def execute(self, id: str, code: str, *, timeout: int = 30, silent: bool = False) -> Execution:
        """Runs a cell to its end, at most `timeout` seconds."""
        body = {"code": code, "timeout": timeout, "silent": silent}
        return Execution(**(self._http.send("POST", self._of(id, "/execute"), json=body, seconds=timeout)).json())

    def stream(self, id: str, code: str, *, timeout: int = 30, silent: bool = False) -> Iterator[Event]:
        """The events of a cell as they come, pictures as `result` among them, up to `exit`."""
        body = {"code": code, "timeout": timeout, "silent": silent}
        for event in self._http.events("POST", self._of(id, "/execute"), json=body):
            yield event

    def interrupt(self, id: str) -> None:
        """Ends the cell that runs; the variables stay."""
        self._http.send("POST", self._of(id, "/interrupt"))

    def restart(self, id: str) -> Context:
        """The same context with a fresh interpreter."""
        return Context(**(self._http.send("POST", self._of(id, "/restart"))).json())

    def delete(self, id: str) -> None:
        """Ends it."""
        self._http.send("DELETE", self._of(id))

    def _of(self, id: str, rest: str = "") -> str:
        return f"{self._path}/{in_path(id)}{rest}"
