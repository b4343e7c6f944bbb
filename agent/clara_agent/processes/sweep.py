"""Ends what runs have left in the background, when it has used up the processes of the sandbox."""
import os

from ..io.tree import TreeKill, below, scan


def sweep(agent, then):
    """Kills every descendant of the agent that belongs neither to a run in progress nor to the agent itself, then calls back."""
    processes = scan()
    spared = set()
    for pid in [run.pid for run in agent.runs if run.pid] + agent.own_pids():
        spared.add(pid)
        if pid not in agent.interpreters.pids():
            spared.update(below(pid, processes))
    victims = [pid for pid in below(os.getpid(), processes) if pid not in spared]
    TreeKill(agent.loop, victims, then)
