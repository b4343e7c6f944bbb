"""Interpreters that remember."""

from __future__ import annotations

from typing import AsyncIterator, Dict, List, Optional

from .._wire import given, in_path
from ..models import Context, Event, Execution
from .transport import AsyncTransport


class AsyncContexts:
    """The contexts of a sandbox; `default` is always there."""

    def __init__(self, http: AsyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/contexts"

    async def create(
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
        return Context(**(await self._http.send("POST", self._path, json=body)).json())

    async def list(self) -> List[Context]:
        """All of them."""
        return [Context(**one) for one in (await self._http.send("GET", self._path)).json()["contexts"]]

    async def get(self, id: str) -> Context:
        """How it is."""
        return Context(**(await self._http.send("GET", self._of(id))).json())

    async def execute(self, id: str, code: str, *, timeout: int = 30, silent: bool = False) -> Execution:
        """Runs a cell to its end, at most `timeout` seconds."""
        body = {"code": code, "timeout": timeout, "silent": silent}
        return Execution(**(await self._http.send("POST", self._of(id, "/execute"), json=body, seconds=timeout)).json())

    async def stream(self, id: str, code: str, *, timeout: int = 30, silent: bool = False) -> AsyncIterator[Event]:
        """The events of a cell as they come, pictures as `result` among them, up to `exit`."""
        body = {"code": code, "timeout": timeout, "silent": silent}
        async for event in self._http.events("POST", self._of(id, "/execute"), json=body):
            yield event

    async def interrupt(self, id: str) -> None:
        """Ends the cell that runs; the variables stay."""
        await self._http.send("POST", self._of(id, "/interrupt"))

    async def restart(self, id: str) -> Context:
        """The same context with a fresh interpreter."""
        return Context(**(await self._http.send("POST", self._of(id, "/restart"))).json())

    async def delete(self, id: str) -> None:
        """Ends it."""
        await self._http.send("DELETE", self._of(id))

    def _of(self, id: str, rest: str = "") -> str:
        return f"{self._path}/{in_path(id)}{rest}"
