"""Tells the agent which large packages a script has imported.

Part of the zygote (zygote.py), which runs it in one namespace with the parts `import_report`, `showing`, `failures`, `shutdown` and `main`.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .zygote import KNOWN

HEAVY_MODULES = 40
HEAVY_NAMES = ("numpy", "pandas", "matplotlib", "scipy", "sklearn", "PIL", "requests", "sympy")


def report_imports(job: dict[str, Any]) -> None:
    """Writes which large packages the script imported from where packages are installed; the agent may preload them."""
    names = set(sys.modules) - KNOWN
    if len(names) < HEAVY_MODULES:
        return
    counts = {}
    for name in names:
        top = name.partition(".")[0]
        counts[top] = counts.get(top, 0) + 1
    installed = [top for top in counts if _is_installed(top)]
    heavy = [top for top in installed if counts[top] >= HEAVY_MODULES or top in HEAVY_NAMES]
    if not heavy:
        return
    # Small packages that use a large one: their names are all that a script may say.
    heavy += [top for top in installed if top not in heavy and any(_uses(name, heavy) for name in names if name.partition(".")[0] == top)]
    try:
        descriptor = posix.open(job["report"], posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, 0o600)
        posix.write(descriptor, "\n".join(heavy).encode())
    except OSError:
        pass  # It is only about speed.


def _is_installed(top: str) -> bool:
    origin = str(getattr(sys.modules.get(top), "__file__", None))
    return ("/site-packages/" in origin or "/dist-packages/" in origin) and not origin.startswith(sys.path[0] + "/")


def _uses(name: str, heavy: list[str]) -> bool:
    """Whether a module has a global that is one of these packages, or a module of theirs."""
    module = sys.modules.get(name)
    kind = type(sys)
    return type(module) is kind and any(type(value) is kind and str(value.__name__).partition(".")[0] in heavy for value in list(module.__dict__.values()))
