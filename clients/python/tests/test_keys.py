"""Which key the client sends; needs no server."""

from __future__ import annotations

import os
import unittest
from typing import Optional
from unittest import mock

import httpx
from sandbox_client import SandboxTimeoutError, SyncClaraClient


class Keys(unittest.TestCase):
    """Of a client that no server answers."""

    def sent(self, url: str, api_key: Optional[str] = None) -> Optional[str]:
        """The header of a call."""
        with mock.patch.object(httpx.Client, "send", side_effect=httpx.ReadTimeout("late")) as send, SyncClaraClient(url, api_key) as client:
            self.assertRaises(SandboxTimeoutError, client.info)
        return send.call_args.args[0].headers.get("x-api-key")

    def test_a_key_that_is_given_wins_over_the_address_and_that_over_the_environment(self) -> None:
        """The key of the environment may be that of another server."""
        with mock.patch.dict(os.environ, {"SANDBOX_API_KEY": "other"}):
            self.assertEqual(self.sent("http://localhost:8080"), "other")
            self.assertEqual(self.sent("http://localhost:8080", "given"), "given")
            self.assertEqual(self.sent("http://key:secret@localhost:8080", "given"), "given")
            self.assertIsNone(self.sent("http://key:secret@localhost:8080"))
