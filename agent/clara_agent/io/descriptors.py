"""Copies of descriptors, also in a message to another process."""

from __future__ import annotations

import errno
import os
import sys

from _socket import SCM_RIGHTS, SOL_SOCKET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from .contracts import Bytes

# What is said where the system, or the agent, has no descriptor or no memory left to open something.
EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def send_with(peer: socket, message: Bytes, descriptors: list[int]) -> None:
    """Sends one message with copies of the descriptors; OSError where it cannot go now, or nobody is there."""
    rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)
    peer.sendmsg([message], [(SOL_SOCKET, SCM_RIGHTS, rights)])


def copies_of(descriptors: list[int]) -> list[int]:
    """A copy of each, or of none: OSError where there is no room for all."""
    copies: list[int] = []
    try:
        for fd in descriptors:
            copies.append(os.dup(fd))
    except OSError:
        for fd in copies:
            os.close(fd)
        raise
    return copies
