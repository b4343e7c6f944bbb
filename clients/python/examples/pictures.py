"""Draws a plot in a user's sandbox and keeps the picture here: `CLARA_URL` and `SANDBOX_API_KEY` name the server."""

import base64
import os
from pathlib import Path

from sandbox_client import SyncClaraClient

with SyncClaraClient(os.environ.get("CLARA_URL", "http://localhost:8080")) as client:
    alice = client.sandbox("alice")
    alice.files.write("numbers.csv", "1\n4\n9\n")
    alice.contexts.execute("default", "numbers = [int(line) for line in open('numbers.csv')]")
    shown = alice.contexts.execute("default", "import matplotlib.pyplot as plt; plt.plot(numbers); plt.show()", timeout=120)
    picture = base64.b64decode(shown.results[0].data["image/png"])
    Path(os.environ.get("PICTURE", "plot.png")).write_bytes(picture)
    print(f"{len(picture)} bytes of PNG")
