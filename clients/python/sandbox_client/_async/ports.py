"""Servers in a sandbox, seen from outside."""

from __future__ import annotations

from typing import List, Optional

from .._wire import given
from ..models import Port
from .transport import AsyncTransport


class AsyncPorts:
    """The ports of a sandbox."""

    def __init__(self, http: AsyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/ports"

    async def list(self) -> List[Port]:
        """Those at which something listens or that were set up."""
        return [Port(**one) for one in (await self._http.send("GET", self._path)).json()["ports"]]

    async def get(self, port: int) -> Port:
        """Where it is reached."""
        return Port(**(await self._http.send("GET", f"{self._path}/{port}")).json())

    async def set(self, port: int, visibility: str = "private", *, path_prefix: Optional[str] = None) -> Port:
        """Lets anybody see it (`public`), or only who has a key or a link (`private`)."""
        body = given(visibility=visibility, path_prefix=path_prefix)
        return Port(**(await self._http.send("PUT", f"{self._path}/{port}", json=body)).json())

    async def share(self, port: int, expires_in: Optional[int] = None) -> str:
        """A link that opens it in a browser for N seconds."""
        return (await self._http.send("POST", f"{self._path}/{port}", json=given(expires_in=expires_in))).json()["url"]
