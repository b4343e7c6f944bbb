"""The native API against a running server: CLARA_URL and SANDBOX_API_KEY name it."""

from __future__ import annotations

import asyncio
import base64
import os
import unittest
from typing import List

import httpx
from sandbox_client import (
    ClaraClient,
    Event,
    SandboxConnectionError,
    SandboxNotFoundError,
    SandboxOperationError,
    SandboxValidationError,
    SyncClaraClient,
)

URL = os.environ["CLARA_URL"]
PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"


class SyncClient(unittest.TestCase):
    """Without async."""

    def setUp(self) -> None:
        """One client for each."""
        self.client = SyncClaraClient(URL)
        self.addCleanup(self.client.close)
        self.sandbox = self.client.sandbox("py sync/ü")

    def test_runs_code_and_commands(self) -> None:
        """What they wrote, and how they ended."""
        self.assertEqual(self.sandbox.execute("print(6 * 7)").output, "42\n")
        failed = self.sandbox.execute("1 / 0")
        self.assertEqual((failed.success, failed.exit_code), (False, 1))
        self.assertIn("ZeroDivisionError", failed.error or "")
        self.assertEqual(self.sandbox.shell("echo $0").exit_code, 0)
        self.assertEqual(self.sandbox.execute("console.log(1 + 1)", language="javascript").output, "2\n")

    def test_remembers_in_contexts_and_shows_pictures(self) -> None:
        """Variables live on; a plot is a PNG."""
        context = self.sandbox.contexts.create("notebook")
        self.assertEqual((context.id, context.language), ("notebook", "python"))
        self.sandbox.contexts.execute("notebook", "x = 20")
        shown = self.sandbox.contexts.execute("notebook", "x + 1")
        self.assertEqual([result.data["text/plain"] for result in shown.results], ["21"])
        self.assertEqual(self.sandbox.execute("print(x)", context="notebook").output, "20\n")
        picture = self.sandbox.contexts.execute("notebook", PLOT, timeout=120).results[0].data["image/png"]
        self.assertTrue(base64.b64decode(picture).startswith(b"\x89PNG"))
        self.sandbox.contexts.delete("notebook")
        self.assertNotIn("notebook", [one.id for one in self.sandbox.contexts.list()])

    def test_streams(self) -> None:
        """Events in order, up to the exit."""
        events: List[Event] = list(self.sandbox.stream_shell("echo one; echo two >&2; exit 3"))
        self.assertEqual(events[0].event, "start")
        self.assertEqual("".join(e.data["text"] for e in events if e.event == "stdout"), "one\n")
        self.assertEqual("".join(e.data["text"] for e in events if e.event == "stderr"), "two\n")
        self.assertEqual((events[-1].event, events[-1].data["exit_code"]), ("exit", 3))

    def test_keeps_processes(self) -> None:
        """Started, written to, read and waited for."""
        begun = self.sandbox.processes.start(argv=["cat"], stdin=True, name="echo", labels={"a": "b"})
        self.sandbox.processes.write(begun.id, "back\n", close=True)
        ended = self.sandbox.processes.wait(begun.id)
        self.assertEqual((ended.state, ended.exit_code), ("exited", 0))
        self.assertEqual(self.sandbox.processes.output(begun.id), "back\n")
        self.assertEqual([one.id for one in self.sandbox.processes.list(label="a=b")], [begun.id])
        texts = [event.data["text"] for event in self.sandbox.processes.events(begun.id, after=0) if event.event == "stdout"]
        self.assertEqual(texts, ["back\n"])
        self.sandbox.processes.delete(begun.id)
        with self.assertRaises(SandboxNotFoundError):
            self.sandbox.processes.get(begun.id)

    def test_has_files(self) -> None:
        """Bytes and texts, folders, and what finds them."""
        files = self.sandbox.files
        self.assertEqual(files.write("kept/a b.txt", "needle in hay\n"), 14)
        self.assertEqual(files.read("kept/a b.txt"), b"needle in hay\n")
        self.assertEqual([entry.name for entry in files.list("kept")], ["a b.txt"])
        self.assertEqual([(m.line, m.text) for m in files.search("needle", path="kept")], [(1, "needle in hay")])
        self.assertIn("+thread in hay", files.edit("kept/a b.txt", "needle", "thread"))
        self.assertEqual(files.move("kept/a b.txt", "kept/c.txt").name, "c.txt")
        self.assertEqual([entry.name for entry in files.glob("**/c.txt")], ["c.txt"])
        self.assertEqual(len(files.hash("kept/c.txt")), 64)
        files.delete("kept", recursive=True)
        with self.assertRaises(SandboxNotFoundError):
            files.stat("kept")

    def test_has_ports(self) -> None:
        """Where a port is reached."""
        self.assertEqual(self.sandbox.ports.set(8080, "private").port, 8080)
        self.assertIn(8080, [port.port for port in self.sandbox.ports.list()])

    def test_signs_urls_that_need_no_key(self) -> None:
        """Of a route below the sandbox, or with its whole path."""
        self.sandbox.files.write("signed.txt", "signed")
        url = self.sandbox.sign("GET", "/raw?path=signed.txt", expires_in=60)
        self.assertEqual(httpx.get(url).text, "signed")
        whole = url[url.index("/sandbox/") : url.index("&signature=")]
        self.assertEqual(httpx.get(self.sandbox.sign("GET", whole)).text, "signed")

    def test_tells_what_is_wrong(self) -> None:
        """Each error with the server's sentence and status."""
        with self.assertRaises(SandboxNotFoundError) as missing:
            self.client.sandbox("nobody was here").status()
        self.assertEqual(missing.exception.status, 404)
        with self.assertRaises(SandboxValidationError) as wrong:
            self.sandbox.processes.start()
        self.assertIn("command", wrong.exception.message)
        with SyncClaraClient(URL, api_key="no key") as stranger, self.assertRaises(SandboxOperationError) as refused:
            stranger.info()
        self.assertEqual(refused.exception.status, 401)
        with SyncClaraClient("http://127.0.0.1:1") as nowhere, self.assertRaises(SandboxConnectionError):
            nowhere.health()


class AsyncClient(unittest.IsolatedAsyncioTestCase):
    """With async."""

    async def test_does_several_things_at_once(self) -> None:
        """Calls and streams side by side over one client."""
        async with ClaraClient(URL) as client:
            sandbox = client.sandbox("py-async")
            await sandbox.create(labels={"kind": "test"})
            outputs = await asyncio.gather(*[sandbox.execute(f"print({n})") for n in range(5)])
            self.assertEqual([one.output for one in outputs], [f"{n}\n" for n in range(5)])
            names = [event.event async for event in sandbox.stream_execute("print(1)")]
            self.assertEqual((names[0], names[-1]), ("start", "exit"))
            listed = await client.list(label="kind=test")
            self.assertEqual([one.user_id for one in listed], ["py-async"])
            await sandbox.delete(files=True)
            with self.assertRaises(SandboxNotFoundError):
                await sandbox.status()


if __name__ == "__main__":
    unittest.main()
