"""Files of a sandbox."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from .._wire import given
from ..models import Entry, Match
from .transport import SyncTransport


class SyncFiles:
    """The files of a sandbox; paths are absolute, or begin in the workspace."""

    def __init__(self, http: SyncTransport, path: str) -> None:
        self._http = http
        self._raw = f"{path}/raw"
        self._path = f"{path}/fs"

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return (self._http.send("GET", self._raw, params={"path": path}, seconds=300)).content

    def read_text(self, path: str) -> str:
        """The content of a file in UTF-8."""
        return (self.read(path)).decode()

    def write(self, path: str, data: Union[bytes, str]) -> int:
        """Writes a file with the folders above it; its size in bytes."""
        content = data.encode() if isinstance(data, str) else data
        answer = self._http.send("PUT", self._raw, params={"path": path}, content=content, seconds=300)
        return answer.json()["size"]

    def list(self, path: Optional[str] = None, *, depth: Optional[int] = None, hidden: Optional[bool] = None) -> List[Entry]:
        """What is in a folder, from as many pages as there are."""
        found: List[Entry] = []
        params: Dict[str, Any] = given(path=path, depth=depth, hidden=hidden)
        while True:
            page = (self._http.send("GET", self._path, params=params)).json()
            found += [Entry(**one) for one in page["entries"]]
            if page["next_cursor"] is None:
                return found
            params = {**params, "cursor": page["next_cursor"]}

    def stat(self, path: str) -> Entry:
        """What it is; a link itself, not where it leads."""
        return Entry(**(self._http.send("GET", f"{self._path}/stat", params={"path": path})).json())

    def mkdir(self, path: str, *, parents: bool = True) -> Entry:
        """Makes a folder, which may be there already."""
        return self._entry("/mkdir", {"path": path, "parents": parents})

    def copy(self, source: str, to: str, *, overwrite: bool = False) -> Entry:
        """Copies a file or folder."""
        return self._entry("/copy", {"from": source, "to": to, "overwrite": overwrite})

    def move(self, source: str, to: str, *, overwrite: bool = False) -> Entry:
        """Moves a file or folder."""
        return self._entry("/move", {"from": source, "to": to, "overwrite": overwrite})

    def chmod(self, path: str, mode: str, *, recursive: bool = False) -> Entry:
        """Gives it another mode, such as "0644"."""
        return self._entry("/chmod", {"path": path, "mode": mode, "recursive": recursive})

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Removes a file, or a folder."""
        self._http.send("DELETE", self._path, params={"path": path, "recursive": recursive})

    def glob(self, pattern: str, *, path: Optional[str] = None) -> List[Entry]:
        """What fits a pattern such as `**/*.py`."""
        answer = self._http.send("GET", f"{self._path}/glob", params=given(pattern=pattern, path=path))
        return [Entry(**one) for one in answer.json()["entries"]]

    def search(self, query: str, *, path: Optional[str] = None, regex: bool = False) -> List[Match]:
        """The lines in which something stands."""
        body = given(query=query, path=path, regex=regex)
        answer = self._http.send("POST", f"{self._path}/search", json=body)
        return [Match(**one) for one in answer.json()["matches"]]

    def edit(self, path: str, old: str, new: str, *, count: int = 1) -> str:
        """Puts `new` in the place of `old`, which stands there `count` times; the difference."""
        body = {"path": path, "edits": [{"old": old, "new": new, "count": count}]}
        return (self._http.send("POST", f"{self._path}/edit", json=body)).json()["diff"]

    def hash(self, path: str, algorithm: str = "sha256") -> str:
        """The digest of a file in hexadecimal."""
        params = {"path": path, "algorithm": algorithm}
        return (self._http.send("GET", f"{self._path}/hash", params=params)).json()["digest"]

    def _entry(self, rest: str, body: Dict[str, Any]) -> Entry:
        return Entry(**(self._http.send("POST", self._path + rest, json=body)).json())
