"""The operation `search`: lines of files that hold a text or fit a regular expression, found in a child."""

from __future__ import annotations

import os

from ..wire.errors import Failure, from_os_error
from ..jobs.job import Job
from ..jobs.job_operation import JobOperation
from ..wire.parameters import take, take_count, take_path, to_bytes, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_MATCHES = 10_000
MAX_CONTEXT = 100
MAX_PATTERNS = 100


class Search(JobOperation):
    """Sends a line for each line that was found, in the order of a listing."""

    def start(self) -> None:
        """Looks at the place, and leaves the rest to the child."""
        path = take_path(self.parameters, "path", self.agent.workspace)
        request = {
            "path": path,
            "query": take(self.parameters, "query", str),
            "regex": take(self.parameters, "regex", bool, False),
            "case_sensitive": take(self.parameters, "caseSensitive", bool, True),
            "include": _take_patterns(self.parameters, "include"),
            "exclude": _take_patterns(self.parameters, "exclude"),
            "context": take_count(self.parameters, "context", 0, MAX_CONTEXT),
            "limit": take_count(self.parameters, "limit", 200, MAX_MATCHES),
        }
        to_bytes(request["query"])
        try:
            os.stat(path)
        except OSError as error:
            raise from_os_error(error, to_text(path)) from None
        self.job = Job(self.agent, self.channel, lambda _, out: _search(request, out), has_output=True)


def _take_patterns(parameters: dict[str, Any], name: str) -> list[str]:
    patterns = take(parameters, name, list, [])
    if len(patterns) > MAX_PATTERNS or not all(isinstance(pattern, str) for pattern in patterns):
        raise Failure("invalid", "The parameter %s is no list of patterns." % name)
    return patterns


def _search(request: dict[str, Any], out: int) -> dict[str, Any]:
    from .searching import search_into

    return search_into(request, out)
