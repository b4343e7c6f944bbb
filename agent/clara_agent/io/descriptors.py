"""Descriptors in a message to another process."""

from __future__ import annotations

import sys

from _socket import SCM_RIGHTS, SOL_SOCKET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

    from .contracts import Bytes


def send_with(peer: socket, message: Bytes, descriptors: list[int]) -> None:
    """Sends one message with copies of the descriptors; OSError where it cannot go now, or nobody is there."""
    rights = b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)
    peer.sendmsg([message], [(SOL_SOCKET, SCM_RIGHTS, rights)])
