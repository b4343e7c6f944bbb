"""An agent on this machine, started through the real bootstrap, with folders of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from client import Client, bootstrap, preamble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Sandbox:
    """Folders, secrets and streams of one agent."""

    def __init__(self, **config: Any) -> None:
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="clara-"))
        for name in "workspace", "packages", "scratch", "home":
            os.mkdir(os.path.join(self.root, name))
        self.workspace = os.path.join(self.root, "workspace")
        self.packages = os.path.join(self.root, "packages")
        self.scratch = os.path.join(self.root, "scratch")
        self.environment = {"HOME": os.path.join(self.root, "home"), "PYTHONUSERBASE": self.packages, "LANG": "C.UTF-8"}
        self.header = {
            "socket": "clara-test-" + os.urandom(8).hex(),
            "secret": os.urandom(8).hex(),
            "config": dict(
                {"workspace": self.workspace, "packages": self.packages, "scratch": self.scratch, "preload": "none", "env": self.environment}, **config
            ),
        }
        self.clients = []
        self.keepers = []

    def connect(self, **header: Any) -> Client:
        """Starts the agent or hands it another stream."""
        ours, theirs = os.pipe(), os.pipe()
        keeper = subprocess.Popen([sys.executable, "-I", "-S", "-c", bootstrap()], stdin=ours[0], stdout=theirs[1], stderr=subprocess.PIPE)
        os.close(ours[0])
        os.close(theirs[1])
        client = Client(theirs[0], ours[1])
        self.clients.append(client)
        self.keepers.append(keeper)
        client.raw(preamble(dict(self.header, **header)))
        return client

    def start(self, **header: Any) -> Client:
        client = self.connect(**header)
        client.greet()
        return client

    def path(self, name: str) -> str:
        return os.path.join(self.workspace, name)

    def close(self) -> None:
        """Ends the agent and all that it has started."""
        for client in self.clients:
            if client.hello:
                kill_tree(client.hello["pid"])
        for keeper in self.keepers:
            keeper.kill()
            keeper.wait()
            keeper.stderr.close()
        for client in self.clients:
            client.close()
        shutil.rmtree(self.root, ignore_errors=True)


def kill_tree(pid: int) -> None:
    from clara_agent.io.tree import below, scan

    for found in [pid] + below(pid, scan()):
        try:
            os.kill(found, 9)
        except OSError:
            pass
