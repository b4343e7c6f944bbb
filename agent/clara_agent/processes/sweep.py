"""Ends what runs have left in the background, when it has used up the processes of the sandbox."""

from __future__ import annotations

import os

from ..io.tree import TreeKill, below, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .roles import ProgramHost


def sweep(agent: ProgramHost, then: Callable[[], object]) -> None:
    """Kills every descendant of the agent that belongs neither to a run in progress nor to the agent itself, then calls back."""
    processes = scan()
    spared: set[int] = set()
    for pid in [run.pid for run in agent.runs if run.pid] + agent.own_pids():
        spared.add(pid)
        if pid not in agent.interpreters.pids():
            spared.update(below(pid, processes))
    victims = [pid for pid in below(os.getpid(), processes) if pid not in spared]
    TreeKill(agent.loop, victims, then)
