"""One user's sandbox."""

from __future__ import annotations

from typing import Any, Iterator, Dict, Optional

from .._wire import given
from ..models import Event, Execution, SandboxInfo
from .checkpoints import SyncCheckpoints
from .contexts import SyncContexts
from .files import SyncFiles
from .ports import SyncPorts
from .processes import SyncProcesses
from .transport import SyncTransport


class SyncSandbox:
    """A user's sandbox, which is made and woken by what is done with it."""

    def __init__(self, http: SyncTransport, path: str) -> None:
        self._http = http
        self._path = path
        self.contexts = SyncContexts(http, path)
        self.processes = SyncProcesses(http, path)
        self.files = SyncFiles(http, path)
        self.ports = SyncPorts(http, path)
        self.checkpoints = SyncCheckpoints(http, path)

    def create(self, **settings: Any) -> SandboxInfo:
        """Makes it where it is not there; the settings are those of the server's `create`, such as `memory_limit`."""
        return self._info("POST", "/create", json=settings)

    def status(self) -> SandboxInfo:
        """How it is; raises SandboxNotFoundError where it was never made."""
        return SandboxInfo(**(self._http.send("GET", f"{self._path}/status")).json())

    def update(self, **settings: Any) -> SandboxInfo:
        """Changes settings; what needs a restart is refused unless `allow_restart=True`."""
        return self._info("PATCH", "", json=settings)

    def restart(self) -> SandboxInfo:
        """Ends what runs in it and starts it anew, with its files."""
        return self._info("POST", "/restart")

    def pause(self) -> SandboxInfo:
        """Freezes it, memory and all; the next call thaws it."""
        return self._info("POST", "/pause")

    def resume(self) -> SandboxInfo:
        """Thaws or starts it."""
        return self._info("POST", "/resume")

    def stop(self) -> None:
        """Ends what runs in it; its files stay."""
        self._http.send("POST", f"{self._path}/stop", seconds=30)

    def delete(self, files: bool = False) -> None:
        """Removes it; its files too where `files` says so."""
        self._http.send("DELETE", self._path, params={"files": files}, seconds=30)

    def usage(self) -> Dict[str, Any]:
        """What it takes of memory, CPU, disk and network."""
        return (self._http.send("GET", f"{self._path}/usage")).json()

    def execute(
        self,
        code: str,
        *,
        language: Optional[str] = None,
        timeout: int = 30,
        context: Optional[str] = None,
        keep_running: bool = False,
    ) -> Execution:
        """Runs code to its end, at most `timeout` seconds; with `context` where variables live on."""
        return self._run("/execute", timeout, _code(code, language, timeout, context, keep_running))

    def shell(self, command: str, *, timeout: int = 60, keep_running: bool = False) -> Execution:
        """Runs a shell's command to its end, at most `timeout` seconds."""
        return self._run("/shell", timeout, {"command": command, "timeout": timeout, "keep_running": keep_running})

    def pip_install(self, package: str, *, timeout: int = 120) -> Execution:
        """Installs a package of Python for this user."""
        return self._run("/pip/install", timeout, {"package": package, "timeout": timeout})

    def stream_execute(
        self,
        code: str,
        *,
        language: Optional[str] = None,
        timeout: int = 30,
        context: Optional[str] = None,
        keep_running: bool = False,
    ) -> Iterator[Event]:
        """The events of code as they come, up to `exit`; leaving the loop ends the code unless it is to be kept running."""
        body = _code(code, language, timeout, context, keep_running)
        for event in self._http.events("POST", f"{self._path}/execute", json=body):
            yield event

    def stream_shell(self, command: str, *, timeout: int = 60, keep_running: bool = False) -> Iterator[Event]:
        """The events of a command as they come, up to `exit`."""
        body = {"command": command, "timeout": timeout, "keep_running": keep_running}
        for event in self._http.events("POST", f"{self._path}/shell", json=body):
            yield event

    def sign(self, method: str, path: str, expires_in: Optional[int] = None) -> str:
        """A URL that needs no key, for one route below this sandbox, such as `/raw?path=a.txt`."""
        whole = path if path.startswith("/sandbox/") else self._path + path
        body = given(method=method, path=whole, expires_in=expires_in)
        return (self._http.send("POST", f"{self._path}/sign", json=body)).json()["url"]

    def _run(self, path: str, timeout: int, body: Dict[str, Any]) -> Execution:
        return Execution(**(self._http.send("POST", self._path + path, json=body, seconds=timeout)).json())

    def _info(self, method: str, path: str, json: Any = None) -> SandboxInfo:
        return SandboxInfo(**(self._http.send(method, self._path + path, json=json, seconds=30)).json())


def _code(code: str, language: Optional[str], timeout: int, context: Optional[str], keep_running: bool) -> Dict[str, Any]:
    return given(code=code, language=language, timeout=timeout, context=context, keep_running=keep_running)
