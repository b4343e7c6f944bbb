"""Measures an agent in a container: `python3 agent/tests/measure.py [image]`."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from client import Client, bootstrap, preamble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FLAGS = (
    "--init --user 1000:1000 --read-only --tmpfs /tmp --tmpfs /workspace:uid=1000 --tmpfs /packages:uid=1000 --tmpfs /run/clara:uid=1000,mode=700 "
    "--network none --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 -m 512m"
)
HEADER = {
    "socket": "clara-measured",
    "secret": "s",
    "config": {
        "workspace": "/workspace",
        "packages": "/packages",
        "scratch": "/run/clara",
        "preload": "none",
        "env": {"HOME": "/workspace", "PYTHONUSERBASE": "/packages", "LANG": "C.UTF-8"},
    },
}


class Container:
    """A throw-away container; agents are reached through `docker exec`."""

    def __init__(self, image: str = "clara-base:test", flags: str = FLAGS) -> None:
        self.id = subprocess.check_output(["docker", "run", "-d", *flags.split(), image, "sleep", "infinity"], text=True).strip()

    def connect(self, **header: Any) -> Client:
        exec_ = subprocess.Popen(["docker", "exec", "-i", self.id, "python3", "-I", "-S", "-c", bootstrap()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert exec_.stdin and exec_.stdout
        client = Client(exec_.stdout.fileno(), exec_.stdin.fileno())
        client.exec = exec_
        client.raw(preamble(dict(HEADER, **header)))
        client.greet()
        return client

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.id], stdout=subprocess.DEVNULL)


def median_ms(count: int, call: Callable[[], object]) -> float:
    """The median of many calls."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return round(sorted(times)[count // 2] * 1000, 3)


def megabytes_a_second(size: int, call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return round(size / 1e6 / (time.perf_counter() - start))


def memory_kib(container: Any) -> dict[str, int]:
    """PSS and private memory of the agent and of the zygotes in the container."""
    top = subprocess.check_output(["docker", "top", container.id, "-eo", "pid,args"], text=True).splitlines()[1:]
    found = {}
    for line in top:
        pid, command = line.split(None, 1)
        if command.startswith("clara-"):
            with open("/proc/%s/smaps_rollup" % pid) as file:
                fields = dict(line.split(":", 1) for line in file if ":" in line and "kB" in line)
            name = "agent" if "agent" in command else "spare fork" if "zygote" in found else "zygote"
            private = sum(int(fields[key].split()[0]) for key in ("Private_Clean", "Private_Dirty"))
            found[name] = {"rss": int(fields["Rss"].split()[0]), "pss": int(fields["Pss"].split()[0]), "private": private}
    return found


def main() -> None:
    container = Container(*sys.argv[1:2])
    try:
        start = time.perf_counter()
        first = container.connect()
        print("connect ms", round((time.perf_counter() - start) * 1000))
        start = time.perf_counter()
        second = container.connect()
        print("hand over ms", round((time.perf_counter() - start) * 1000))
        assert first.exec
        first.exec.kill()
        client = second
        client.run("python", "print(1)")
        print("memory KiB", memory_kib(container))
        for _ in range(2):
            print("stat ms", median_ms(500, lambda: client.call("stat", path=".")))
            print("print(1) ms", median_ms(300, lambda: client.run("python", "print(1)")))
            print("shell true ms", median_ms(300, lambda: client.run("shell", "true")))
        body = os.urandom(1 << 16) * 1024
        print("write MB/s", megabytes_a_second(len(body), lambda: client.call("write", body, path="/tmp/big")))
        client.keeps_data = False
        print("read MB/s", megabytes_a_second(len(body), lambda: client.call("read", path="/tmp/big")))
        print("run output MB/s", megabytes_a_second(len(body), lambda: client.run("shell", "cat /tmp/big")))
        print("after", memory_kib(container))
    finally:
        container.remove()


if __name__ == "__main__":
    main()
