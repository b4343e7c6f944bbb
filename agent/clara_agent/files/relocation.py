"""What moving and copying have in common: a source, and a target that is new or is replaced whole."""

from __future__ import annotations

import errno
import os

from ..wire.errors import Failure, from_os_error
from ..io.renaming import rename_new, replace
from ..io.staged import new_name, root_of
from ..wire.parameters import take, take_path, to_text
from .files import make_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..wire.contracts import Host


class Relocation:
    """From where, to where, and over what; `aside` is a name for the meantime on the target's mount, in a root if it has one."""

    def __init__(self, agent: Host, parameters: dict[str, Any]) -> None:
        self.source = take_path(parameters, "from", agent.workspace)
        self.target = take_path(parameters, "to", agent.workspace)
        self.overwrite = take(parameters, "overwrite", bool, False)
        self.is_same = False
        try:
            self.status = os.lstat(self.source)
        except OSError as error:
            raise from_os_error(error, to_text(self.source), "from") from None
        self._require_target()
        folder = os.path.dirname(self.target)
        try:
            make_folders(folder)
        except OSError as error:
            number = errno.ENOTDIR if error.errno == errno.EEXIST else error.errno
            raise from_os_error(OSError(number, os.strerror(number or 0)), to_text(folder), "to") from None
        self.aside = self._aside(folder, agent.roots)

    def _require_target(self) -> None:
        """A Failure where the one lies in the other, or the target is there and is to stay."""
        real, aim = _place(self.source), _place(self.target)
        self.is_same = real == aim
        if os.path.lexists(self.target) and not self.overwrite:
            raise Failure("exists", "There is already such a file or folder: %s." % to_text(self.target), "to")
        if aim.startswith(real + b"/"):
            raise Failure("invalid", "A folder cannot be put into itself: %s." % to_text(self.target), "to")
        if real.startswith(aim + b"/"):
            raise Failure("invalid", "What would be replaced holds what is to be put there: %s." % to_text(self.target), "to")

    def _aside(self, folder: bytes, roots: list[bytes]) -> bytes:
        root = root_of(folder, roots)
        is_one = root is not None and os.stat(root).st_dev == os.stat(folder).st_dev and os.access(root, os.W_OK)
        return os.path.join(root if is_one and root is not None else folder, new_name())

    def place(self, made: bytes) -> bytes | None:
        """Gives what lies at `made` the target's name; what it has replaced is where this says, to be removed."""
        if not self.overwrite:
            rename_new(made, self.target)
            return None
        aside = os.path.join(os.path.dirname(self.aside), new_name()) if made == self.aside else self.aside
        return aside if replace(made, self.target, aside) else None


def _place(path: bytes) -> bytes:
    """A path without links on the way, its last part excepted."""
    folder, name = os.path.split(path.rstrip(b"/") or b"/")
    return os.path.join(os.path.realpath(folder), name)
