"""The manager's API against a running server: CLARA_URL and SANDBOX_API_KEY name it."""

from __future__ import annotations

import io
import os
import tempfile
import unittest
import zipfile
from pathlib import Path

from sandbox.client import (
    CreateSandboxRequest,
    PortConfig,
    ResourceConfig,
    SandboxClient,
    SandboxError,
    SandboxNotFoundError,
    SandboxValidationError,
    SandboxVolumeError,
    SyncSandboxClient,
    VolumeConfig,
)

URL = os.environ["CLARA_URL"]


class Manager(unittest.IsolatedAsyncioTestCase):
    """As the guide of the published client has it."""

    async def test_a_life(self) -> None:
        """Made, used, changed, exported and deleted."""
        async with SandboxClient(URL) as client:
            request = CreateSandboxRequest(
                image="python:3.9",
                command="sleep 1000",
                environment={"COLOUR": "blue"},
                ports=[PortConfig(internal=8080, protocol="http")],
                resources=ResourceConfig(cpu=1.0, memory="256m"),
            )
            sandbox = await client.create_sandbox(request)
            one = sandbox.container_id
            self.assertEqual((sandbox.image, sandbox.status), ("python:3.9", "running"))
            self.assertIn("8080", sandbox.urls)
            self.assertIn(one, [listed.container_id for listed in await client.list_sandboxes(status="running")])
            result = await client.execute_command(one, "echo $COLOUR; echo wrong >&2; exit 3")
            self.assertEqual((result.stdout, result.stderr, result.exit_code), ("blue\n", "wrong\n", 3))
            lines = [line async for line in client.stream_command(one, "echo a; echo b")]
            self.assertEqual(lines, ["a", "b"])
            changed = await client.update_environment(one, {"SIZE": "small"})
            self.assertEqual((changed["COLOUR"], changed["SIZE"]), ("blue", "small"))
            self.assertEqual((await client.get_environment(one))["SIZE"], "small")
            self.assertEqual((await client.execute_command(one, "echo $SIZE")).stdout, "small\n")
            updated = await client.update_entrypoint(one, command="sleep 2000")
            self.assertEqual(updated.command, ["sleep", "2000"])
            self.assertEqual((await client.get_entrypoint(one)).command, ["sleep", "2000"])
            await client.execute_command(one, "mkdir -p /workspace/out && echo kept > /workspace/out/a.txt")
            with tempfile.TemporaryDirectory() as folder:
                path = await client.export_container(one, "/workspace/out", str(Path(folder, "out.zip")))
                self.assertIsInstance(path, str)
                self.assertEqual(zipfile.ZipFile(str(path)).read("a.txt"), b"kept\n")
            self.assertEqual(await client.update_timeout(one, 900), 900)
            self.assertGreater((await client.get_sandbox_metrics(one)).memory_limit, 0)
            self.assertEqual(await client.get_sandbox_alerts(one, resolved=False), [])
            self.assertEqual(await client.get_sandbox_logs(one, since="1s"), [])
            self.assertEqual(await client.stop_sandbox(one), "stopped")
            self.assertEqual((await client.get_sandbox_status(one)).status, "exited")
            self.assertEqual(await client.start_sandbox(one), "started")
            self.assertEqual(await client.restart_sandbox(one), "restarted")
            self.assertEqual(await client.delete_sandbox(one), "deleted")
            with self.assertRaises(SandboxNotFoundError):
                await client.get_sandbox_status(one)

    async def test_has_a_log(self) -> None:
        """Of what its main process writes, and how it ends."""
        async with SandboxClient(URL) as client:
            one = (await client.create_sandbox(CreateSandboxRequest(image="python:3.9", command="echo hello"))).container_id
            while (await client.get_sandbox_status(one)).status == "running":
                pass
            entries = await client.get_sandbox_logs(one)
            self.assertEqual([entry.message for entry in entries if entry.log_type == "stdout"], ["hello"])
            await client.delete_sandbox(one)

    async def test_has_volumes(self) -> None:
        """Of its own, and one that is mounted and taken away again."""
        async with SandboxClient(URL) as client:
            request = CreateSandboxRequest(image="python:3.9", volumes={"data": VolumeConfig(size="16m")})
            one = (await client.create_sandbox(request)).container_id
            self.assertEqual(await client.make_directory(one, "data", "/a"), "created")
            self.assertEqual(await client.write_file(one, "data", "/a/b.txt", "b"), "written")
            self.assertEqual(await client.read_file(one, "data", "/a/b.txt"), "b")
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "c.txt").write_text("c")
                self.assertEqual(await client.upload_file(one, "data", "/a/c.txt", str(Path(folder, "c.txt"))), "uploaded")
            names = [(entry.name, entry.type) for entry in await client.list_directory(one, "data", "/a")]
            self.assertEqual(sorted(names), [("b.txt", "file"), ("c.txt", "file")])
            with self.assertRaises(SandboxNotFoundError):
                await client.read_file(one, "data", "/none")
            name = await client.create_network_volume("shared", size="16m")
            self.assertEqual(name, "shared")
            with self.assertRaises(SandboxVolumeError):
                await client.create_network_volume("shared")
            self.assertEqual(await client.mount_volume(one, name, "/mnt/shared"), "mounted")
            self.assertEqual(await client.unmount_volume(one, name), "unmounted")
            self.assertEqual(await client.delete_network_volume(name), "deleted")
            await client.delete_sandbox(one)

    async def test_what_is_wrong(self) -> None:
        """A missing image is told as such."""
        async with SandboxClient(URL) as client:
            with self.assertRaises(SandboxNotFoundError):
                await client.create_sandbox(CreateSandboxRequest(image="not-there:1"))


class SyncManager(unittest.TestCase):
    """The same without async."""

    def test_exports_bytes(self) -> None:
        """Without a path an export is its bytes."""
        with SyncSandboxClient(URL) as client:
            one = client.create_sandbox(CreateSandboxRequest(image="python:3.9", name="by-name")).name
            self.assertEqual(client.execute_command(one, "echo hi > /workspace/b.txt").exit_code, 0)
            exported = client.export_container(one, "/workspace")
            assert isinstance(exported, bytes)
            self.assertIn("b.txt", zipfile.ZipFile(io.BytesIO(exported)).namelist())
            with self.assertRaises(SandboxValidationError):
                client.create_sandbox(CreateSandboxRequest(image="python"))
            with self.assertRaises(SandboxError):
                client.read_file(one, "no-volume", "/a")
            client.delete_sandbox(one)


if __name__ == "__main__":
    unittest.main()
