"""Makes sandbox_client/_sync of sandbox_client/_async; with `--check` only says whether it is as it should be."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "sandbox_client"
WORDS = {
    "async def": "def",
    "async with": "with",
    "async for": "for",
    "await ": "",
    "httpx.AsyncClient": "httpx.Client",
    "AsyncIterator": "Iterator",
    "asynccontextmanager": "contextmanager",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "aclose": "close",
    "aread": "read",
    "aiter_text": "iter_text",
    "aiter_bytes": "iter_bytes",
    "ClaraClient": "SyncClaraClient",
    "SandboxClient": "SyncSandboxClient",
    "The clients as they are written; `_sync` is made of them.": "Made of `_async` by tools/make_sync.py; change that.",
}
PARTS = ("Checkpoints", "Contexts", "Files", "Ports", "Processes", "Sandbox", "Transport")
WORDS.update({f"Async{part}": f"Sync{part}" for part in PARTS})
PATTERN = re.compile("|".join(rf"(?<![A-Za-z_.]){re.escape(word)}|(?<=\.){re.escape(word)}" for word in sorted(WORDS, key=len, reverse=True)))


def to_sync(text: str) -> str:
    """The text of a module without anything that waits."""
    return PATTERN.sub(lambda found: WORDS[found.group()], text)


def main() -> int:
    """0 where all is as it should be, or is now."""
    stale = []
    for source in sorted((PACKAGE / "_async").glob("*.py")):
        target = PACKAGE / "_sync" / source.name
        text = to_sync(source.read_text())
        if target.exists() and target.read_text() == text:
            continue
        stale.append(target.name)
        if "--check" not in sys.argv:
            target.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"Not as tools/make_sync.py makes them: {', '.join(stale)}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
