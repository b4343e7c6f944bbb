"""Starts the agent in the process that the bootstrap forked."""

from __future__ import annotations

import os

from .agent import Agent
from .io.guard import become_deaf, become_known_as, become_subreaper, become_undumpable
from .io.staged import sweep_roots
from .operations import find_operation
from .wire.handover import Keeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from typing import Any


def main(header: dict[str, Any], listener: socket, keeper: int, line: socket) -> None:
    """Runs for as long as the sandbox does; never returns."""
    become_undumpable()
    become_subreaper()
    become_deaf()
    become_known_as(b"clara-agent")
    streams = [os.dup(0), os.dup(1)]
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for fd in 0, 1, 2:
        os.dup2(null, fd)
    os.close(null)
    agent = Agent(header, listener)
    agent.connect(streams[0], streams[1], Keeper(keeper, line), False)
    agent.loop.soon(agent.interpreters.warm_up)
    # So that no run waits for its code to be read.
    agent.loop.soon(agent.changes)
    agent.loop.soon(lambda: find_operation("run"))
    agent.loop.soon(lambda: sweep_roots(agent.roots, agent.children))
    agent.loop.run()
