"""The sandbox's way out: an HTTP proxy on the loopback, whose connections the server dials."""
from _socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

from ..io.loop import READ
from .proxy_client import ProxyClient

ADDRESS = "127.0.0.1"
MAX_CLIENTS = 128
BACKLOG = 128
RETRY_SECONDS = 0.5


class Proxy:
    """Listens, and takes as many connections as it may have; more of them wait in the kernel's queue."""

    def __init__(self, agent, port):
        self._agent = agent
        self._port = port
        self._clients = set()
        self._listener = None
        self._is_accepting = False
        self._listen()

    def _listen(self):
        listener = socket(AF_INET, SOCK_STREAM)
        try:
            listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            listener.bind((ADDRESS, self._port))
            listener.listen(BACKLOG)
        except OSError:
            # A program of the sandbox has the port, perhaps of an agent before this one: it may give it back.
            listener.close()
            self._agent.loop.later(RETRY_SECONDS, self._listen)
            return
        listener.setblocking(False)
        self._listener = listener
        self._agent.loop.add(listener.fileno(), 0, self._accept)
        self._resume()

    def _resume(self):
        if not self._is_accepting and len(self._clients) < MAX_CLIENTS:
            self._is_accepting = True
            self._agent.loop.modify(self._listener.fileno(), READ)

    def _rest(self):
        self._is_accepting = False
        self._agent.loop.modify(self._listener.fileno(), 0)

    def _accept(self, events):
        try:
            fd, _ = self._listener._accept()
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

    def _over(self, client):
        self._clients.discard(client)
        self._resume()
