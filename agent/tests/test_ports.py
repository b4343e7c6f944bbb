"""The operation ports: what listens on the loopback, and whose it is."""

from __future__ import annotations

import json
import os
import socket
import unittest

from case import AgentCase
from client import CallFailed
from sandbox import Sandbox
from clara_agent.host.listeners import parse_table
from test_proxy import free_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from client import Client
    from typing import Any

SERVER = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nprint(s.getsockname()[1], flush=True)\ns.accept()\n"


def ports(client: Client) -> dict[int, Any]:
    """What the agent tells, by port."""
    lines = client.call("ports").out.splitlines()
    return {line["port"]: line["process"] for line in map(json.loads, lines)}


class Ports(AgentCase):
    def listen(self, address: str, family: int = socket.AF_INET) -> int:
        listener = socket.create_server((address, 0), family=family)
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def test_a_listener_is_told_with_its_process(self) -> None:
        port = self.listen("127.0.0.1")
        process = ports(self.client)[port]
        self.assertEqual((process["id"], process["pid"]), (None, os.getpid()))
        with open("/proc/self/cmdline") as file:
            self.assertEqual(process["command"], file.read().rstrip("\0").replace("\0", " "))

    def test_what_the_loopback_does_not_reach_is_left_out(self) -> None:
        reached = {self.listen("0.0.0.0"), self.listen("127.0.0.1")}
        hidden = self.listen("127.0.0.11")
        found = set(ports(self.client))
        self.assertTrue(reached <= found)
        self.assertNotIn(hidden, found)

    def test_a_port_that_is_closed_is_told_no_more_and_a_connection_is_no_port(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as one:
            mine = one.getsockname()[1]
            self.assertEqual({port, mine} & set(ports(self.client)), {port})
            listener.close()
            self.assertEqual({port, mine} & set(ports(self.client)), set())

    def serve(self, program: str, source: str) -> tuple[dict[str, Any], Any]:
        """A kept process that says its port, and what is told of that port."""
        made = self.client.call("start", source.encode(), program=program, about={}, most=8).result
        self.addCleanup(lambda: self.client.call("forget", id=made["id"]))
        answer = self.client.answers[self.client.open("attach", id=made["id"])]
        self.client.wait(lambda: answer.is_over or answer.out.endswith(b"\n"))
        return made, ports(self.client)[int(answer.out)]

    def test_a_kept_process_is_known_by_what_it_has_started(self) -> None:
        self.write_file("server.py", SERVER.encode())
        made, process = self.serve("shell", "python3 server.py; true")
        self.assertEqual((process["id"], process["command"]), (made["id"], "python3 server.py"))
        self.assertNotEqual(process["pid"], made["pid"])

    def test_code_that_listens_itself_is_known(self) -> None:
        made, process = self.serve("python", SERVER)
        self.assertEqual((process["id"], process["pid"]), (made["id"], made["pid"]))


class OwnPorts(unittest.TestCase):
    def test_the_port_of_the_agent_itself_is_neither_told_nor_reached(self) -> None:
        port = free_port()
        sandbox = Sandbox(proxy={"port": port})
        self.addCleanup(sandbox.close)
        client = sandbox.start()
        socket.create_connection(("127.0.0.1", port), 20).close()
        self.assertNotIn(port, ports(client))
        for host in "127.0.0.1", "localhost", "::1":
            with self.assertRaises(CallFailed) as caught:
                client.call("tunnel", host=host, port=port)
            self.assertEqual(caught.exception.code, "denied")


class Tables(unittest.TestCase):
    def test_lines_of_another_shape_are_passed_over(self) -> None:
        line = b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0"
        self.assertEqual(parse_table(b"  sl  local_address rem_address   st\n" + line + b"\nshort 0A\n"), {4242: 8080})
        self.assertEqual(parse_table(line.replace(b" 0A ", b" 01 ")), {})
        self.assertEqual(parse_table(b""), {})

    def test_of_ipv6_the_wildcard_the_loopback_and_what_is_mapped_to_ipv4_are_reached(self) -> None:
        reached = b"0" * 32, b"0" * 24 + b"01000000", b"0" * 16 + b"FFFF0000" + b"0" * 8, b"0" * 16 + b"FFFF00000100007F"
        hidden = b"0" * 16 + b"FFFF00000B00007F", b"B80D0120" + b"0" * 16 + b"01000000"
        rest = b"0" * 32 + b":0000 0A 00000000:00000000 00:00000000 00000000  1000        0 %d 1 0 100 0 0 10 0"
        lines = [b"   %d: %s:1F90 " % (inode, address) + rest % inode for inode, address in enumerate(reached + hidden, 1)]
        self.assertEqual(parse_table(b"\n".join(lines)), dict.fromkeys(range(1, 5), 8080))


if __name__ == "__main__":
    unittest.main()
