"""How long the client waits; needs no server."""

from __future__ import annotations

import unittest
from unittest import mock

import httpx
from sandbox_client import SandboxTimeoutError, SyncClaraClient


class Timeouts(unittest.TestCase):
    """Of a client that no server answers."""

    def test_waits_as_long_as_it_is_told_and_longer_for_a_call_with_a_time_of_its_own(self) -> None:
        """Half a minute longer than the call itself may take."""
        for timeout, seconds in (5, [5, 5, 31, 60]), (100, [100, 100, 100, 100]):
            with SyncClaraClient("http://localhost", "key", timeout=timeout) as client:
                sandbox = client.sandbox("u")
                calls = [sandbox.status, sandbox.usage, lambda sandbox=sandbox: sandbox.execute("1", timeout=1), sandbox.restart]
                waits = []
                for call in calls:
                    with mock.patch.object(httpx.Client, "request", side_effect=httpx.ReadTimeout("late")) as request:
                        self.assertRaises(SandboxTimeoutError, call)
                    waits.append(request.call_args.kwargs["timeout"])
                self.assertEqual(waits, seconds)
