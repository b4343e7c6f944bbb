"""One user's sandbox."""

from __future__ import annotations

from typing import Any, AsyncIterator, Dict, Optional

from .._wire import given
from ..models import Event, Execution, SandboxInfo
from .checkpoints import AsyncCheckpoints
from .contexts import AsyncContexts
from .files import AsyncFiles
from .ports import AsyncPorts
from .processes import AsyncProcesses
from .transport import AsyncTransport


class AsyncSandbox:
    """A user's sandbox, which is made and woken by what is done with it."""

    def __init__(self, http: AsyncTransport, path: str) -> None:
        self._http = http
        self._path = path
        self.contexts = AsyncContexts(http, path)
        self.processes = AsyncProcesses(http, path)
        self.files = AsyncFiles(http, path)
        self.ports = AsyncPorts(http, path)
        self.checkpoints = AsyncCheckpoints(http, path)

    async def create(self, **settings: Any) -> SandboxInfo:
        """Makes it where it is not there; the settings are those of the server's `create`, such as `memory_limit`."""
        return await self._info("POST", "/create", json=settings)

    async def status(self) -> SandboxInfo:
        """How it is; raises SandboxNotFoundError where it was never made."""
        return SandboxInfo(**(await self._http.send("GET", f"{self._path}/status")).json())

    async def update(self, **settings: Any) -> SandboxInfo:
        """Changes settings; what needs a restart is refused unless `allow_restart=True`."""
        return await self._info("PATCH", "", json=settings)

    async def restart(self) -> SandboxInfo:
        """Ends what runs in it and starts it anew, with its files."""
        return await self._info("POST", "/restart")

    async def pause(self) -> SandboxInfo:
        """Freezes it, memory and all; the next call thaws it."""
        return await self._info("POST", "/pause")

    async def resume(self) -> SandboxInfo:
        """Thaws or starts it."""
        return await self._info("POST", "/resume")

    async def stop(self) -> None:
        """Ends what runs in it; its files stay."""
        await self._http.send("POST", f"{self._path}/stop", seconds=30)

    async def delete(self, files: bool = False) -> None:
        """Removes it; its files too where `files` says so."""
        await self._http.send("DELETE", self._path, params={"files": files}, seconds=30)

    async def usage(self) -> Dict[str, Any]:
        """What it takes of memory, CPU, disk and network."""
        return (await self._http.send("GET", f"{self._path}/usage")).json()

    async def execute(
        self,
        code: str,
        *,
        language: Optional[str] = None,
        timeout: int = 30,
        context: Optional[str] = None,
        keep_running: bool = False,
    ) -> Execution:
        """Runs code to its end, at most `timeout` seconds; with `context` where variables live on."""
        return await self._run("/execute", timeout, _code(code, language, timeout, context, keep_running))

    async def shell(self, command: str, *, timeout: int = 60, keep_running: bool = False) -> Execution:
        """Runs a shell's command to its end, at most `timeout` seconds."""
        return await self._run("/shell", timeout, {"command": command, "timeout": timeout, "keep_running": keep_running})

    async def pip_install(self, package: str, *, timeout: int = 120) -> Execution:
        """Installs a package of Python for this user."""
        return await self._run("/pip/install", timeout, {"package": package, "timeout": timeout})

    async def stream_execute(
        self,
        code: str,
        *,
        language: Optional[str] = None,
        timeout: int = 30,
        context: Optional[str] = None,
        keep_running: bool = False,
    ) -> AsyncIterator[Event]:
        """The events of code as they come, up to `exit`; leaving the loop ends the code unless it is to be kept running."""
        body = _code(code, language, timeout, context, keep_running)
        async for event in self._http.events("POST", f"{self._path}/execute", json=body):
            yield event

    async def stream_shell(self, command: str, *, timeout: int = 60, keep_running: bool = False) -> AsyncIterator[Event]:
        """The events of a command as they come, up to `exit`."""
        body = {"command": command, "timeout": timeout, "keep_running": keep_running}
        async for event in self._http.events("POST", f"{self._path}/shell", json=body):
            yield event

    async def sign(self, method: str, path: str, expires_in: Optional[int] = None) -> str:
        """A URL that needs no key, for one route below this sandbox, such as `/raw?path=a.txt`."""
        whole = path if path.startswith("/sandbox/") else self._path + path
        body = given(method=method, path=whole, expires_in=expires_in)
        return (await self._http.send("POST", f"{self._path}/sign", json=body)).json()["url"]

    async def _run(self, path: str, timeout: int, body: Dict[str, Any]) -> Execution:
        return Execution(**(await self._http.send("POST", self._path + path, json=body, seconds=timeout)).json())

    async def _info(self, method: str, path: str, json: Any = None) -> SandboxInfo:
        return SandboxInfo(**(await self._http.send(method, self._path + path, json=json, seconds=30)).json())


def _code(code: str, language: Optional[str], timeout: int, context: Optional[str], keep_running: bool) -> Dict[str, Any]:
    return given(code=code, language=language, timeout=timeout, context=context, keep_running=keep_running)
