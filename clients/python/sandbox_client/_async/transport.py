"""The one place that speaks HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any, AsyncIterator, Dict, Optional

import httpx

from .. import _wire
from ..errors import SandboxConnectionError
from ..models import Event


class AsyncTransport:
    """A connection pool to one server; `timeout` in seconds is for each answer, where a call names none of its own."""

    def __init__(self, base_url: str, api_key: Optional[str], timeout: float) -> None:
        self._timeout = timeout
        self._http = httpx.AsyncClient(base_url=base_url, headers=_wire.headers_of(base_url, api_key), timeout=timeout)

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Dict[str, Any]] = None,
        json: Any = None,
        content: Optional[bytes] = None,
        files: Any = None,
        seconds: Optional[float] = None,
        is_of_volume: bool = False,
    ) -> httpx.Response:
        """A whole answer of success; raises a SandboxError else. `seconds` is how long the call itself may take."""
        try:
            response = await self._http.request(
                method,
                path,
                params=_wire.query(params),
                json=json,
                content=content,
                files=files,
                timeout=self._allowed(seconds),
            )
        except httpx.HTTPError as error:
            raise _wire.lost(error) from error
        if not response.is_success:
            raise _wire.failure_of(response, is_of_volume)
        return response

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Dict[str, Any]] = None,
        json: Any = None,
        accept: str = "*/*",
        is_of_volume: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """An answer of success whose body is read as it comes."""
        # The server says something every fifteen seconds; it may take longer until the first byte where nothing is to be said.
        timeout = httpx.Timeout(self._timeout, read=None)
        headers = {"Accept": accept}
        try:
            async with self._http.stream(
                method, path, params=_wire.query(params), json=json, headers=headers, timeout=timeout
            ) as response:
                if not response.is_success:
                    await response.aread()
                    raise _wire.failure_of(response, is_of_volume)
                yield response
        except httpx.HTTPError as error:
            raise _wire.lost(error) from error

    async def events(
        self, method: str, path: str, *, params: Optional[Dict[str, Any]] = None, json: Any = None
    ) -> AsyncIterator[Event]:
        """The events of a stream up to `exit`; raises SandboxConnectionError where it ends before."""
        last: Optional[Event] = None
        async with self.stream(method, path, params=params, json=json, accept="application/x-ndjson") as response:
            if response.status_code == httpx.codes.NO_CONTENT:
                return
            reader = _wire.LineReader()
            async for piece in response.aiter_text():
                for line in reader.read(piece):
                    event = _wire.event_of(line)
                    if event is None:
                        continue
                    last = event
                    yield event
                    if event.event == "exit":
                        return
        where = f" behind event {last.id}" if last else ""
        raise SandboxConnectionError(f"The stream ended{where} without an exit; processes.events goes on from there.")

    def _allowed(self, seconds: Optional[float]) -> float:
        return self._timeout if seconds is None else max(self._timeout, seconds + _wire.GRACE_SECONDS)
