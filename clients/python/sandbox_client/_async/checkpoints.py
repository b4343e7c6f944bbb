"""What a sandbox's files were."""

from __future__ import annotations

from typing import List, Optional

from .._wire import given, in_path
from ..models import Checkpoint, SandboxInfo
from .transport import AsyncTransport


class AsyncCheckpoints:
    """The checkpoints of a sandbox; `latest` names the newest."""

    def __init__(self, http: AsyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/checkpoints"

    async def create(self, name: Optional[str] = None) -> Checkpoint:
        """Keeps what its files are now."""
        return Checkpoint(**(await self._http.send("POST", self._path, json=given(name=name), seconds=120)).json())

    async def list(self) -> List[Checkpoint]:
        """Newest first."""
        return [Checkpoint(**one) for one in (await self._http.send("GET", self._path)).json()["checkpoints"]]

    async def restore(self, id: str = "latest") -> SandboxInfo:
        """Starts the sandbox anew with those files."""
        answer = await self._http.send("POST", f"{self._path}/{in_path(id)}/restore", seconds=120)
        return SandboxInfo(**answer.json())

    async def delete(self, id: str) -> None:
        """Removes it."""
        await self._http.send("DELETE", f"{self._path}/{in_path(id)}")
