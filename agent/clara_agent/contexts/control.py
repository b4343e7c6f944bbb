"""The socket by which the agent and a process of its own speak."""

from __future__ import annotations

import os

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable


def start_with_control(kind: int, first: bytes, start: Callable[[int, int], int]) -> tuple[int, socket]:
    """Starts a process with /dev/null and its end of a control that has a message for it already; its pid and the agent's end."""
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, kind)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    try:
        ours.setblocking(False)
        ours.send(first)
        return start(null, theirs.fileno()), ours
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(null)
