"""Programs that outlive their request."""

from __future__ import annotations

from typing import AsyncIterator, Dict, List, Optional, Union

from .._wire import given
from ..models import Event, Process
from .transport import AsyncTransport


class AsyncProcesses:
    """The processes of a sandbox."""

    def __init__(self, http: AsyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/processes"

    async def start(
        self,
        command: Optional[str] = None,
        *,
        argv: Optional[List[str]] = None,
        code: Optional[str] = None,
        cwd: Optional[str] = None,
        env: Optional[Dict[str, str]] = None,
        timeout: Optional[int] = None,
        stdin: Optional[bool] = None,
        tty: Optional[Dict[str, int]] = None,
        name: Optional[str] = None,
        labels: Optional[Dict[str, str]] = None,
        keep_awake: Optional[bool] = None,
    ) -> Process:
        """Starts one of a shell's `command`, a program by `argv`, or Python `code`; `tty` is `{"rows", "cols"}`."""
        body = given(
            command=command,
            argv=argv,
            code=code,
            cwd=cwd,
            env=env,
            timeout=timeout,
            stdin=stdin,
            tty=tty,
            name=name,
            labels=labels,
            keep_awake=keep_awake,
        )
        return Process(**(await self._http.send("POST", self._path, json=body, seconds=30)).json())

    async def list(self, *, state: Optional[str] = None, label: Optional[str] = None) -> List[Process]:
        """Newest first; `label` is `name=value`."""
        answer = await self._http.send("GET", self._path, params=given(state=state, label=label))
        return [Process(**one) for one in answer.json()["processes"]]

    async def get(self, id: int) -> Process:
        """How it is."""
        return Process(**(await self._http.send("GET", self._of(id))).json())

    async def wait(self, id: int, timeout: float = 60) -> Process:
        """How it is once it has ended, or after N seconds, at most 300."""
        answer = await self._http.send("POST", self._of(id, "/wait"), json={"timeout": timeout}, seconds=timeout)
        return Process(**answer.json())

    async def events(self, id: int, after: Optional[int] = None) -> AsyncIterator[Event]:
        """Its events behind the one of that number, up to `exit`; any number of readers may read them."""
        async for event in self._http.events("GET", self._of(id, "/events"), params=given(after=after)):
            yield event

    async def output(self, id: int, *, stream: Optional[str] = None, tail: Optional[int] = None) -> str:
        """What is kept of what it wrote."""
        return (await self._http.send("GET", self._of(id, "/output"), params=given(stream=stream, tail=tail))).text

    async def write(self, id: int, data: Union[bytes, str], *, close: bool = False) -> None:
        """Sends input; `close` ends it."""
        content = data.encode() if isinstance(data, str) else data
        await self._http.send("POST", self._of(id, "/stdin"), params={"close": close}, content=content, seconds=30)

    async def signal(self, id: int, signal: Union[int, str], *, tree: bool = False) -> None:
        """Sends a signal, by number or name; `tree` to all that it started."""
        await self._http.send("POST", self._of(id, "/signal"), json={"signal": signal, "tree": tree})

    async def resize(self, id: int, rows: int, cols: int) -> None:
        """Gives its terminal another size."""
        await self._http.send("POST", self._of(id, "/resize"), json={"rows": rows, "cols": cols})

    async def delete(self, id: int) -> Process:
        """Kills it with all that it started, and forgets it."""
        return Process(**(await self._http.send("DELETE", self._of(id))).json())

    def _of(self, id: int, rest: str = "") -> str:
        return f"{self._path}/{id}{rest}"
