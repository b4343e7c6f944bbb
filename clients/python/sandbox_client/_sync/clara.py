"""The native API: a computer for every user."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .._wire import given, in_path
from ..models import SandboxInfo
from .sandbox import SyncSandbox
from .transport import SyncTransport


class SyncClaraClient:
    """The sandboxes of users. Without `api_key` the one of SANDBOX_API_KEY is used; `timeout` in seconds is for each answer."""

    def __init__(self, base_url: str, api_key: Optional[str] = None, timeout: float = 30.0) -> None:
        self._http = SyncTransport(base_url, api_key, timeout)

    def __enter__(self) -> SyncClaraClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._http.close()

    def sandbox(self, user_id: str) -> SyncSandbox:
        """That user's sandbox; asks the server nothing, and the first use makes it."""
        return SyncSandbox(self._http, f"/sandbox/{in_path(user_id)}")

    def list(
        self,
        *,
        state: Optional[str] = None,
        label: Optional[str] = None,
        prefix: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> List[SandboxInfo]:
        """All that this key may see and that fit, from as many pages as there are; `limit` is the size of one."""
        found: List[SandboxInfo] = []
        params: Dict[str, Any] = given(state=state, label=label, prefix=prefix, limit=limit)
        while True:
            page = (self._http.send("GET", "/sandbox", params=params)).json()
            found += [SandboxInfo(**one) for one in page["sandboxes"]]
            if page["next_cursor"] is None:
                return found
            params = {**params, "cursor": page["next_cursor"]}

    def health(self) -> Dict[str, Any]:
        """Whether the server is well; needs no key."""
        return (self._http.send("GET", "/health")).json()

    def info(self) -> Dict[str, Any]:
        """What the server is and has room for."""
        return (self._http.send("GET", "/info")).json()
