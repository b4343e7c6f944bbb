"""The native API: a computer for every user."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .._wire import given, in_path
from ..models import SandboxInfo
from .sandbox import AsyncSandbox
from .transport import AsyncTransport


class ClaraClient:
    """The sandboxes of users. Without `api_key` the one of SANDBOX_API_KEY is used; `timeout` in seconds is for each answer."""

    def __init__(self, base_url: str, api_key: Optional[str] = None, timeout: float = 30.0) -> None:
        self._http = AsyncTransport(base_url, api_key, timeout)

    async def __aenter__(self) -> ClaraClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    def sandbox(self, user_id: str) -> AsyncSandbox:
        """That user's sandbox; asks the server nothing, and the first use makes it."""
        return AsyncSandbox(self._http, f"/sandbox/{in_path(user_id)}")

    async def list(
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
            page = (await self._http.send("GET", "/sandbox", params=params)).json()
            found += [SandboxInfo(**one) for one in page["sandboxes"]]
            if page["next_cursor"] is None:
                return found
            params = {**params, "cursor": page["next_cursor"]}

    async def health(self) -> Dict[str, Any]:
        """Whether the server is well; needs no key."""
        return (await self._http.send("GET", "/health")).json()

    async def info(self) -> Dict[str, Any]:
        """What the server is and has room for."""
        return (await self._http.send("GET", "/info")).json()
