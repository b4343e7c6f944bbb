"""What goes wrong, each with the sentence that the server said."""

from __future__ import annotations

from typing import Optional


class SandboxError(Exception):
    """Base of all errors; `status` is the HTTP status, None where no answer came, and `retry_after` the seconds to wait."""

    def __init__(self, message: str, status: Optional[int] = None, retry_after: Optional[float] = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class SandboxConnectionError(SandboxError):
    """The server was not reached, or the connection broke before the answer was whole."""


class SandboxTimeoutError(SandboxError):
    """No answer came in time, or the server says that something took too long."""


class SandboxOperationError(SandboxError):
    """The server refused the call, or could not do it."""


class SandboxNotFoundError(SandboxOperationError):
    """The sandbox, or what is named in it, is not there."""


class SandboxValidationError(SandboxOperationError):
    """Something of the request is not as it should be; the sentence names the field."""


class SandboxVolumeError(SandboxOperationError):
    """Something with a volume did not work."""


_BY_STATUS = {404: SandboxNotFoundError, 408: SandboxTimeoutError, 422: SandboxValidationError, 504: SandboxTimeoutError}


def error_of(status: int, body: object, retry_after: Optional[str], is_of_volume: bool) -> SandboxError:
    """The error of an answer that is none of success; `body` is its JSON, or None."""
    wait = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    other = SandboxVolumeError if is_of_volume else SandboxOperationError
    return _BY_STATUS.get(status, other)(_sentence_of(body) or f"The server answered {status}.", status, wait)


def _sentence_of(body: object) -> Optional[str]:
    if not isinstance(body, dict):
        return None
    for name in ("error", "detail", "message"):
        value = body.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and value:
            return "; ".join(_line_of(item) for item in value)
    return None


def _line_of(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = ".".join(str(part) for part in item.get("loc", []))
    return f"{place}: {item.get('msg')}" if place else str(item.get("msg", item))
