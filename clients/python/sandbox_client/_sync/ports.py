"""Servers in a sandbox, seen from outside."""

from __future__ import annotations

from typing import List, Optional

from .._wire import given
from ..models import Port
from .transport import SyncTransport


class SyncPorts:
    """The ports of a sandbox."""

    def __init__(self, http: SyncTransport, path: str) -> None:
        self._http = http
        self._path = f"{path}/ports"

    def list(self) -> List[Port]:
        """Those at which something listens or that were set up."""
        return [Port(**one) for one in (self._http.send("GET", self._path)).json()["ports"]]

    def get(self, port: int) -> Port:
        """Where it is reached."""
        return Port(**(self._http.send("GET", f"{self._path}/{port}")).json())

    def set(self, port: int, visibility: str = "private", *, path_prefix: Optional[str] = None) -> Port:
        """Lets anybody see it (`public`), or only who has a key or a link (`private`)."""
        body = given(visibility=visibility, path_prefix=path_prefix)
        return Port(**(self._http.send("PUT", f"{self._path}/{port}", json=body)).json())

    def share(self, port: int, expires_in: Optional[int] = None) -> str:
        """A link that opens it in a browser for N seconds."""
        return (self._http.send("POST", f"{self._path}/{port}", json=given(expires_in=expires_in))).json()["url"]
