"""Shows what a command writes as it writes it: `CLARA_URL` and `SANDBOX_API_KEY` name the server."""

import asyncio
import os

from sandbox_client import ClaraClient


async def main() -> None:
    """Counts in the sandbox of alice."""
    async with ClaraClient(os.environ.get("CLARA_URL", "http://localhost:8080")) as client:
        async for event in client.sandbox("alice").stream_shell("for n in 1 2 3; do echo $n; done"):
            if event.event == "stdout":
                print(event.data["text"], end="")


asyncio.run(main())
