"""The sandbox's way out: a proxy of HTTP and SOCKS on the loopback, whose connections the server dials."""

from __future__ import annotations

from _socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

from ..io.loop import READ
from .proxy_client import ProxyClient

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.contracts import Host

ADDRESS = "127.0.0.1"
MAX_CLIENTS = 128
BACKLOG = 128
RETRY_SECONDS = 0.5


class Proxy:
    """Listens, and takes as many connections as it may have; more of them wait in the kernel's queue."""

    def __init__(self, agent: Host, port: int) -> None:
        self._agent = agent
        self._port = port
        self._clients: set[ProxyClient] = set()
        self._listener: socket | None = None
        self._is_accepting = False
        self._listen()

    def _listen(self) -> None:
        listener: socket | None = None
        try:
            listener = socket(AF_INET, SOCK_STREAM)
            listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            listener.bind((ADDRESS, self._port))
            listener.listen(BACKLOG)
        except OSError:
            # A program of the sandbox has the port, perhaps of an agent before this one: it may give it back. Or there is no descriptor left.
            if listener:
                listener.close()
            self._agent.loop.later(RETRY_SECONDS, self._listen)
            return
        listener.setblocking(False)
        self._listener = listener
        self._agent.loop.add(listener.fileno(), 0, self._accept)
        self._resume()

    def _resume(self) -> None:
        if self._listener and not self._is_accepting and len(self._clients) < MAX_CLIENTS:
            self._is_accepting = True
            self._agent.loop.modify(self._listener.fileno(), READ)

    def _rest(self) -> None:
        assert self._listener
        self._is_accepting = False
        self._agent.loop.modify(self._listener.fileno(), 0)

    def _accept(self, events: int) -> None:
        assert self._listener
        try:
            fd, _ = self._listener._accept()  # pyright: ignore[reportAttributeAccessIssue]
        except BlockingIOError:
            return
        except OSError:
            # No descriptors or no memory: the queue would wake the loop again at once.
            self._rest()
            self._agent.loop.later(RETRY_SECONDS, self._resume)
            return
        self._clients.add(ProxyClient(self._agent, socket(fileno=fd), self._over))
        if len(self._clients) >= MAX_CLIENTS:
            self._rest()

    def _over(self, client: ProxyClient) -> None:
        self._clients.discard(client)
        self._resume()
