"""The agent as a whole: what its operations share, and the stream it has now."""

from __future__ import annotations

import os
import sys

import _thread

from .host.cgroup import OomCounter, memory_limit
from .io.aside import Aside
from .io.children import Children
from .wire.connection import Connection
from .host.environment import environment_of, present_programs
from .host.folders import Folders
from .wire.errors import Failure
from .wire.handover import Handover
from .io.loop import Loop
from .operations import find_operation
from .wire.parameters import take
from .python.pool import InterpreterPool
from .io.scratch import Scratch
from .host.settings import Settings
from .processes.prestarted_shell import PrestartedShell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contexts.table import ContextTable
    from .processes.process import Process
    from .processes.table import ProcessTable
    from .watching.changes import Changes
    from .watching.watches import Watches
    from _socket import socket
    from collections.abc import Callable
    from typing import Any

    from .wire.channel import Channel
    from .wire.contracts import Listener
    from .wire.handover import Keeper
    from .wire.operation import Operation

TEMPORARY = b"/tmp"
SHARED_MEMORY = b"/dev/shm"


class Agent:
    """Owns the loop, the children, the interpreters and the connection."""

    def __init__(self, header: dict[str, Any], listener: socket) -> None:
        config = header["config"]
        self._hash = header.get("hash", "")
        self._boot = os.urandom(8).hex()
        self._programs = present_programs(config)
        if "umask" in config:
            # What it starts inherits that: others in the groups of its user may write what it makes.
            os.umask(config["umask"])
        self.workspace = config["workspace"]
        self.environment = environment_of(os.environb, config)
        # Where a file may lie under a name for the meantime, which the next agent sweeps.
        kept = os.fsencode(config["workspace"])
        self.roots = [kept, os.fsencode(config["packages"]), self.environment.get(b"HOME", kept), self._temporary()]
        scratch = config.get("scratch", "/run/clara")
        self.folders = Folders(kept, self.roots[1:] + [os.fsencode(scratch), SHARED_MEMORY])
        self.loop = Loop()
        self.aside = Aside(self.loop)
        # Held while a file is looked at and replaced.
        self.placing = _thread.allocate_lock()
        self.children = Children(self.loop)
        self.oom = OomCounter()
        self._settings = Settings()
        self.runs: set[Process] = set()
        self._table: ProcessTable | None = None
        self._contexts: ContextTable | None = None
        self._watches: Watches | None = None
        self._changes: Changes | None = None
        self.jobs = set()
        self.scratch = Scratch(scratch, self._temporary, self.folders.reopen)
        self.interpreters = InterpreterPool(self.loop, self.children, self.environment, config)
        self.prestarted_shell = PrestartedShell(self.children)
        self._connection = None
        self._keeper = None
        self.loop.turn_ends.append(self._flush)
        self.own_ports: frozenset[int] = frozenset()
        if config.get("proxy"):
            from .network.proxy import Proxy

            # Each of them takes both protocols: the number of the second is where programs look for SOCKS.
            self.own_ports = frozenset(config["proxy"].values())
            self.proxies = [Proxy(self, port) for port in self.own_ports]
        Handover(self.loop, listener, header["secret"], lambda read, write, keeper: self.connect(read, write, keeper, True))

    def _temporary(self) -> bytes:
        return self.environment.get(b"TMPDIR", TEMPORARY)

    def connect(self, read_fd: int, write_fd: int, keeper: Keeper | None, is_resumed: bool) -> None:
        """Takes a stream; the one before it ends."""
        if self._connection:
            self._connection.close()
        self._keeper = keeper
        self._connection = Connection(self.loop, read_fd, write_fd, self._open, self._ended)
        self._connection.hello(
            {
                "hash": self._hash,
                "pid": os.getpid(),
                "boot": self._boot,
                "python": sys.version.split()[0],
                "resumed": is_resumed,
                "programs": self._programs,
            }
        )

    def _open(self, channel: Channel, parameters: dict[str, Any]) -> Operation:
        operation = find_operation(take(parameters, "op", str))
        if operation.checks_settings:
            self.folders.check()
        else:
            self.folders.reopen()
            self._settings.check([])
        return operation(self, channel, parameters)

    def _ended(self, connection: Connection) -> None:
        self._connection = None
        if self._keeper:
            self._keeper.end()
            self._keeper = None

    def _flush(self) -> None:
        if self._connection:
            self._connection.flush()

    def dial(self, parameters: dict[str, Any], operation: Listener) -> Channel:
        """Opens a channel to the server."""
        if not self._connection:
            raise Failure("internal", "The server is not connected.")
        return self._connection.open(parameters, operation)

    def table(self) -> ProcessTable:
        """The processes that are kept; made when the first is."""
        if self._table is None:
            from .processes.table import ProcessTable

            self._table = ProcessTable(self, memory_limit() or 0)
        return self._table

    def contexts(self) -> ContextTable:
        """The interpreters that stay; made when the first is asked for."""
        if self._contexts is None:
            from .contexts.table import ContextTable

            self._contexts = ContextTable(self)
        return self._contexts

    def watches(self) -> Watches:
        """Who watches which folder; made when the first is watched."""
        if self._watches is None:
            from .watching.watches import Watches

            self._watches = Watches(self.loop)
        return self._watches

    def changes(self) -> Changes:
        """Which files change while programs run; made when the first wants to know."""
        if self._changes is None:
            from .watching.changes import Changes

            self._changes = Changes(self.loop, self.watches(), os.fsencode(self.workspace))
        return self._changes

    def hush(self, *paths: bytes) -> Callable[[], None]:
        """What happens to these paths until the call that this returns is the API's doing, and no program's."""
        return self.changes().hush(*paths)

    def work(self) -> dict[str, int]:
        """How many kept processes are to keep the sandbox awake, and how many contexts run."""
        processes = self._table.all() if self._table else []
        contexts = self._contexts.all() if self._contexts else []
        return {
            "processes": sum(kept.keeps_awake and not kept.is_over for kept in processes),
            "contexts": sum(context.state == "busy" for context in contexts),
        }

    def own_pids(self) -> list[int]:
        """Processes that belong to the agent itself, or stay as contexts do."""
        contexts = self._contexts.pids() if self._contexts else []
        return self.interpreters.pids() + self.prestarted_shell.pids() + list(self.jobs) + contexts

    def check_settings(self) -> None:
        """Called before a result leaves: the call of the code that meddled is the one that fails."""
        self._settings.check(self.interpreters.pids() + self.prestarted_shell.pids())

    def clear_background(self, then: Callable[[], object]) -> None:
        """Ends everything that earlier runs left behind, then calls back."""
        from .processes.sweep import sweep

        sweep(self, then)
