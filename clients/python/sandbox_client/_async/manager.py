"""The manager's API."""

from __future__ import annotations

from pathlib import Path
from typing import Any, AsyncIterator, Dict, List, Optional, Union

from .._wire import LineReader, given, in_path, to_json
from ..manager_models import (
    Alert,
    CommandResult,
    CreateSandboxRequest,
    DirectoryEntry,
    Entrypoint,
    LogEntry,
    MetricData,
    Sandbox,
)
from .transport import AsyncTransport

Command = Optional[Union[str, List[str]]]


class SandboxClient:
    """Sandboxes by id, their commands, environment, volumes and networks. Without `api_key` the one of SANDBOX_API_KEY is used."""

    def __init__(self, base_url: str, timeout: float = 30.0, api_key: Optional[str] = None) -> None:
        self._http = AsyncTransport(base_url.rstrip("/") + "/api/v1", api_key, timeout)

    async def __aenter__(self) -> SandboxClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    async def create_sandbox(self, request: CreateSandboxRequest) -> Sandbox:
        """Makes and starts one."""
        seconds = 360 if request.force_build else 60
        return Sandbox(**(await self._http.send("POST", "/sandboxes", json=to_json(request), seconds=seconds)).json())

    async def delete_sandbox(self, sandbox_id: str) -> str:
        """Ends it and removes its files; network volumes stay."""
        return await self._status("DELETE", _of(sandbox_id))

    async def get_sandbox_status(self, sandbox_id: str) -> Sandbox:
        """What it is, and how it is."""
        return Sandbox(**(await self._http.send("GET", _of(sandbox_id))).json())

    async def list_sandboxes(self, status: Optional[str] = None) -> List[Sandbox]:
        """Those of this key; `status` is one of created, running, paused, restarting, exited, dead."""
        answer = await self._http.send("GET", "/sandboxes", params=given(status=status))
        return [Sandbox(**one) for one in answer.json()["sandboxes"]]

    async def stop_sandbox(self, sandbox_id: str, timeout: int = 10) -> str:
        """Ends what runs in it, by force after `timeout` seconds."""
        return await self._status("POST", _of(sandbox_id, "/stop"), params={"timeout": timeout}, seconds=timeout)

    async def start_sandbox(self, sandbox_id: str) -> str:
        """Starts it again, with its files."""
        return await self._status("POST", _of(sandbox_id, "/start"))

    async def restart_sandbox(self, sandbox_id: str) -> str:
        """Stops and starts it."""
        return await self._status("POST", _of(sandbox_id, "/restart"))

    async def execute_command(self, sandbox_id: str, command: str) -> CommandResult:
        """Runs a shell's command and waits for its end."""
        answer = await self._http.send("POST", _of(sandbox_id, "/exec"), json={"command": command}, seconds=300)
        return CommandResult(**answer.json())

    async def stream_command(self, sandbox_id: str, command: str) -> AsyncIterator[str]:
        """What a command writes, line by line as it comes; leaving the loop ends the command."""
        path = _of(sandbox_id, "/exec/stream")
        async with self._http.stream("POST", path, json={"command": command}) as response:
            reader = LineReader()
            async for piece in response.aiter_text():
                for line in reader.read(piece):
                    yield line
            for line in reader.end():
                yield line

    async def update_environment(self, sandbox_id: str, environment: Dict[str, str], merge: bool = True) -> Dict[str, str]:
        """Makes it anew with these variables, beside those it has or in their place; files and id stay."""
        body = {"environment": environment, "merge": merge}
        return (await self._http.send("POST", _of(sandbox_id, "/env"), json=body, seconds=60)).json()["environment"]

    async def get_environment(self, sandbox_id: str) -> Dict[str, str]:
        """Its variables."""
        return (await self._http.send("GET", _of(sandbox_id, "/env"))).json()["environment"]

    async def update_entrypoint(self, sandbox_id: str, entrypoint: Command = None, command: Command = None) -> Entrypoint:
        """Makes it anew with another main process; files and id stay."""
        body = {"entrypoint": entrypoint, "command": command}
        return Entrypoint(**(await self._http.send("POST", _of(sandbox_id, "/entrypoint"), json=body, seconds=60)).json())

    async def get_entrypoint(self, sandbox_id: str) -> Entrypoint:
        """What its main process is."""
        return Entrypoint(**(await self._http.send("GET", _of(sandbox_id, "/entrypoint"))).json())

    async def update_timeout(self, sandbox_id: str, timeout: int) -> int:
        """Stops it N seconds after its start, whatever runs in it; 0 is never."""
        return (await self._http.send("POST", _of(sandbox_id, "/timeout"), json={"timeout": timeout})).json()["timeout"]

    async def get_sandbox_logs(self, sandbox_id: str, since: Optional[str] = None) -> List[LogEntry]:
        """What its main process wrote and what happened to it, oldest first; `since` is a moment, or a time such as 10m."""
        answer = await self._http.send("GET", _of(sandbox_id, "/logs"), params=given(since=since))
        return [LogEntry(**entry) for entry in answer.json()["logs"]]

    async def get_sandbox_metrics(self, sandbox_id: str) -> MetricData:
        """What it takes of CPU, memory and network."""
        return MetricData(**(await self._http.send("GET", _of(sandbox_id, "/metrics"))).json())

    async def get_sandbox_alerts(self, sandbox_id: str, resolved: Optional[bool] = None) -> List[Alert]:
        """What was near a limit; those that are over, or are not, where `resolved` says so."""
        answer = await self._http.send("GET", _of(sandbox_id, "/alerts"), params=given(resolved=resolved))
        return [Alert(**alert) for alert in answer.json()["alerts"]]

    async def list_directory(self, sandbox_id: str, volume_id: str, path: str = "/") -> List[DirectoryEntry]:
        """What is in a folder of a volume."""
        answer = await self._volume("GET", sandbox_id, volume_id, "ls", path)
        return [DirectoryEntry(**entry) for entry in answer["entries"]]

    async def make_directory(self, sandbox_id: str, volume_id: str, path: str) -> str:
        """Makes a folder in a volume."""
        return (await self._volume("POST", sandbox_id, volume_id, "mkdir", path))["status"]

    async def read_file(self, sandbox_id: str, volume_id: str, path: str) -> str:
        """The text of a file in a volume."""
        return (await self._volume("GET", sandbox_id, volume_id, "read", path))["content"]

    async def write_file(self, sandbox_id: str, volume_id: str, path: str, content: str) -> str:
        """Writes a text file in a volume."""
        return (await self._volume("POST", sandbox_id, volume_id, "write", path, json={"content": content}))["status"]

    async def upload_file(self, sandbox_id: str, volume_id: str, path: str, file_path: str) -> str:
        """Sends a file of this machine to a path in a volume."""
        with open(file_path, "rb") as file:
            files = {"file": (Path(file_path).name, file)}
            return (await self._volume("POST", sandbox_id, volume_id, "upload", path, files=files))["status"]

    async def export_container(
        self, sandbox_id: str, folder_path: str = "/", output_path: Optional[str] = None
    ) -> Union[bytes, str]:
        """A folder as zip: its bytes, or where `output_path` is given that path, once it is written there."""
        path, params = _of(sandbox_id, "/export"), {"folder_path": folder_path}
        async with self._http.stream("GET", path, params=params) as response:
            if output_path is None:
                return await response.aread()
            with open(output_path, "wb") as file:
                async for piece in response.aiter_bytes():
                    file.write(piece)
        return output_path

    async def create_network_volume(
        self, name: str, driver: str = "local", size: Optional[str] = None, mount_path: Optional[str] = None
    ) -> str:
        """Makes a volume that several sandboxes can mount; its name."""
        body = given(name=name, driver=driver, size=size, mount_path=mount_path)
        answer = await self._http.send("POST", "/volumes/network", json=body, is_of_volume=True)
        return answer.json()["volume_name"]

    async def delete_network_volume(self, volume_name: str) -> str:
        """Removes one that is mounted nowhere, with its files."""
        return await self._status("DELETE", f"/volumes/network/{in_path(volume_name)}", is_of_volume=True)

    async def mount_volume(self, sandbox_id: str, volume_name: str, mount_path: str) -> str:
        """Mounts a network volume, for which the sandbox is made anew."""
        path = _of(sandbox_id, f"/volumes/{in_path(volume_name)}/mount")
        return await self._status("POST", path, params={"mount_path": mount_path}, seconds=60, is_of_volume=True)

    async def unmount_volume(self, sandbox_id: str, volume_name: str) -> str:
        """Takes a network volume away, which keeps its files."""
        path = _of(sandbox_id, f"/volumes/{in_path(volume_name)}/unmount")
        return await self._status("POST", path, seconds=60, is_of_volume=True)

    async def _status(self, method: str, path: str, **options: Any) -> str:
        return (await self._http.send(method, path, **options)).json()["status"]

    async def _volume(
        self, method: str, sandbox_id: str, volume_id: str, what: str, path: str, json: Any = None, files: Any = None
    ) -> Dict[str, Any]:
        where = _of(sandbox_id, f"/volumes/{in_path(volume_id)}/{what}")
        answer = await self._http.send(method, where, params={"path": path}, json=json, files=files, is_of_volume=True)
        return answer.json()


def _of(sandbox_id: str, rest: str = "") -> str:
    return f"/sandboxes/{in_path(sandbox_id)}{rest}"
