"""The operation `socket`: calls the server on a Unix socket that it has put into the sandbox, and moves there."""

from __future__ import annotations

import os

from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, socket

from .errors import Failure
from .operation import Operation
from .parameters import take, take_path


class SocketTransport(Operation):
    """Answers on the stream that it came by; whatever follows goes over the socket."""

    def start(self) -> None:
        """Calls and says the token; a runtime that lets no socket through is told as `unsupported`."""
        path = take_path(self.parameters, "path", b"/")
        token = _to_token(take(self.parameters, "token", str))
        peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
        try:
            peer.setblocking(False)
            peer.connect(path)
            peer.sendall(token)
            writer = os.dup(peer.fileno())
        except OSError:
            peer.close()
            raise Failure("unsupported", "The socket cannot be reached from here.") from None
        self.channel.result({})
        # When the answer has left.
        self.agent.loop.soon(lambda: self.agent.connect(peer.detach(), writer, None, True))


def _to_token(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Failure("invalid", "The token must be hexadecimal.") from None
