"""Runs agents on this machine, each in namespaces of its own that look like a sandbox; `local-sandboxes.ts` starts it.

One process has the agent's modules loaded and forks for each sandbox, as a start of Python takes longer than most tests.
A connection to its socket begins with four bytes of length and a JSON object; what follows is the stream of an exec.
It ends with its stdin, and all sandboxes with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import tempfile

from local_root import die_with_parent, enter_namespaces, make_root, raise_loopback
from types import CodeType
from typing import Any

def run_exec(stream: int, bootstrap: CodeType, environment: dict[str, str], workdir: str) -> None:
    """What a new process does that the engine was asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(workdir)
    os.environ.clear()
    os.environ.update(environment)
    for fd in 0, 1:
        os.dup2(stream, fd)
    os.closerange(3, 256)
    exec(bootstrap, {"__name__": "__main__"})


def be_first_process(control: socket.socket, request: dict[str, Any], bootstrap: CodeType) -> None:
    """Takes streams for execs until it is killed, which ends all in its namespace."""
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    raise_loopback()
    make_root(request["base"], request["mounts"], request["memory"])
    os.umask(0o022)
    environment = {"PATH": "%s/bin:/usr/local/bin:/usr/bin:/bin" % sys.base_prefix, **request["env"]}
    while True:
        word, fds, _, _ = socket.recv_fds(control, 16, 1)
        if not word:
            os._exit(0)
        if word == b"exec":
            if os.fork() == 0:
                run_exec(fds[0], bootstrap, environment, request["workdir"])
                os._exit(0)
            os.close(fds[0])
        else:
            # All of this namespace but itself.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGSTOP if word == b"freeze" else signal.SIGCONT)
            control.send(b"done")


class Sandbox:
    """The namespaces of one sandbox, by their first process."""

    def __init__(self, request: dict[str, Any], bootstrap: CodeType) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A process of its own, as what enters a namespace of processes is not in it, but its children are.
        self.pid = os.fork()
        if self.pid == 0:
            with ends_on_failure():
                self.control.close()
                die_with_parent()
                enter_namespaces()
                if os.fork() == 0:
                    with ends_on_failure():
                        be_first_process(theirs, request, bootstrap)
                theirs.close()
                os.wait()
                os._exit(0)
        theirs.close()

    def execute(self, stream: socket.socket) -> None:
        socket.send_fds(self.control, [b"exec"], [stream.fileno()])

    def tell(self, word: str) -> None:
        self.control.send(word.encode())
        self.control.recv(16)

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.control.close()


class ends_on_failure(contextlib.AbstractContextManager[None]):
    """A fork that fails says so and ends; it never goes on as its parent."""

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is not None:
            sys.stderr.write("A local sandbox did not start: %s\n" % error)
            sys.stderr.flush()
        os._exit(1)


def load_agent(folder: str) -> CodeType:
    """Imports what an agent needs, from its sources as the bootstrap does; the bootstrap to run."""
    with open(os.path.join(folder, "bootstrap.py"), encoding="utf-8") as file:
        text = file.read()
    # Not with what this file has from the future.
    bootstrap = compile(text, "<bootstrap>", "exec", 0, True)
    names: dict[str, Any] = {"__name__": "bootstrap"}
    exec(bootstrap, names)
    sources = {}
    package = os.path.join(folder, "clara_agent")
    for parent, _, files in os.walk(package):
        for name in files:
            below = os.path.relpath(os.path.join(parent, name), package)
            if name.endswith((".py", ".cjs")) and name != "__init__.py":
                with open(os.path.join(parent, name), encoding="utf-8") as file:
                    sources[below[:-3].replace(os.sep, ".") if name.endswith(".py") else below] = file.read()
    sys.meta_path.insert(0, names["Bundle"](sources))
    import importlib

    for name in sorted(sources):
        # Those are for the interpreters that an agent starts.
        if not name.endswith(".cjs") and name.partition(".")[0] not in ("python", "contexts"):
            importlib.import_module("clara_agent." + name)
    importlib.import_module("clara_agent.python.spawn").zygote_parts()
    return bootstrap


def read_exactly(stream: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = stream.recv(size - len(parts))
        if not part:
            raise ConnectionError("it ended early")
        parts += part
    return parts


def serve(stream: socket.socket, base: str, sandboxes: dict[str, Sandbox], bootstrap: CodeType) -> None:
    request = json.loads(read_exactly(stream, int.from_bytes(read_exactly(stream, 4), "big")))
    name = request["sandbox"]
    if request["do"] == "exec":
        if name not in sandboxes:
            sandboxes[name] = Sandbox({**request, "base": base}, bootstrap)
        sandboxes[name].execute(stream)
    elif request["do"] == "end" and name in sandboxes:
        sandboxes.pop(name).end()
    elif name in sandboxes:
        sandboxes[name].tell(request["do"])


def main(folder: str) -> None:
    """Writes the path of its socket when it is ready."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    bootstrap = load_agent(folder)
    sandboxes: dict[str, Sandbox] = {}
    with tempfile.TemporaryDirectory(prefix="clara-local-") as own, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        base = os.path.join(own, "root")
        os.mkdir(base)
        listener.bind(os.path.join(own, "socket"))
        listener.listen(64)
        sys.stdout.write(listener.getsockname() + "\n")
        sys.stdout.flush()
        while 0 not in select.select([0, listener], [], [])[0]:
            stream, _ = listener.accept()
            with stream, contextlib.suppress(ConnectionError):
                serve(stream, base, sandboxes, bootstrap)
        for one in sandboxes.values():
            one.end()


main(sys.argv[1])
