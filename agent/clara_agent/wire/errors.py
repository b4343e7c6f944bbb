"""What goes wrong: failures of one call, and violations that end the connection."""

from __future__ import annotations

import errno


class Failure(Exception):
    """Fails one call; `code` is one of the protocol's error codes, `message` a sentence for a person, `field` the parameter at fault."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

    def to_error(self) -> dict[str, str]:
        """What an ERROR says."""
        error = {"code": self.code, "message": self.message}
        return error if self.field is None else {**error, "field": self.field}


class Violation(Exception):
    """The peer broke the protocol: the connection ends."""


CODES = {
    errno.ENOENT: ("not_found", "There is no such file or folder"),
    errno.EEXIST: ("exists", "There is already such a file or folder"),
    errno.EISDIR: ("is_directory", "It is a folder"),
    errno.ENOTDIR: ("not_directory", "A part of the path is not a folder"),
    errno.ENOTEMPTY: ("not_empty", "The folder is not empty"),
    errno.EACCES: ("denied", "Permission denied"),
    errno.EPERM: ("denied", "Permission denied"),
    errno.EROFS: ("read_only", "This part of the file system is read-only"),
    errno.ENOSPC: ("no_space", "There is no space left"),
    errno.EDQUOT: ("no_space", "There is no space left in the quota"),
    errno.EFBIG: ("too_large", "The file is too large"),
    errno.E2BIG: ("too_large", "The arguments and the environment are too large"),
    errno.ENAMETOOLONG: ("invalid", "The name is too long"),
    errno.EINVAL: ("invalid", "The operation is not possible there"),
    errno.ELOOP: ("invalid", "There are too many symbolic links on the way"),
    errno.EXDEV: ("unsupported", "It cannot be moved to another file system"),
    errno.EAGAIN: ("limit", "The sandbox has reached its limit of processes"),
    errno.EMFILE: ("limit", "Too many files are open"),
    errno.ENFILE: ("limit", "Too many files are open"),
    errno.ENOMEM: ("limit", "The sandbox has no memory left"),
    errno.ENXIO: ("invalid", "Nothing answers at this socket or device"),
    errno.ENODEV: ("invalid", "Nothing answers at this socket or device"),
    errno.EIO: ("invalid", "It cannot be read or written"),
    errno.EBUSY: ("invalid", "Something else uses it"),
    errno.ETXTBSY: ("invalid", "It is a program that runs"),
    errno.EOVERFLOW: ("invalid", "It is too large for the operation"),
    errno.ESRCH: ("not_found", "There is no such process"),
    errno.ESTALE: ("not_found", "There is no such file or folder any more"),
    errno.EOPNOTSUPP: ("unsupported", "The file system cannot do this"),
}

# What the operating system refuses for any other reason is the request's fault, or its files', and never the agent's.
OTHER = "invalid"

# What a disk says whose own writes have failed.
BROKEN_OFF = (errno.EIO, errno.EROFS)

# What a sentence shows of a path, in characters.
MAX_SHOWN = 400


def from_os_error(error: OSError, path: str | None = None, field: str | None = None) -> Failure:
    """The Failure that says what an OSError means for the call."""
    code, sentence = CODES.get(error.errno or 0) or (OTHER, _to_sentence(error))
    where = "" if path is None else ": %s" % _shorten(path)
    return Failure(code, "%s%s." % (sentence, where), field)


def from_write_error(error: OSError, path: str | None = None, field: str | None = None) -> Failure:
    """The same for what was to be kept on the sandbox's disk, which breaks off where it has no room below it."""
    if error.errno not in BROKEN_OFF:
        return from_os_error(error, path, field)
    return Failure("no_space", "The disk takes nothing more, as it is full or has failed. Delete files, then restart the sandbox.")


def _shorten(path: str) -> str:
    return path if len(path) <= MAX_SHOWN else "%s...%s" % (path[: MAX_SHOWN // 2], path[-MAX_SHOWN // 2 :])


def _to_sentence(error: OSError) -> str:
    reason = (error.strerror or str(error)).rstrip(".")
    return reason[:1].upper() + reason[1:] or "The operation is not possible"


def to_failure(error: BaseException) -> Failure:
    """The Failure for whatever an operation has raised: a fault of the agent's own fails one call and no more."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, OSError):
        return from_os_error(error)
    return Failure("internal", "The agent failed: %s." % type(error).__name__)
