"""Tells the agent which large packages a script has imported.

Part of the warm interpreter (zygote.py), which runs it in one namespace with the parts `imports`, `ending` and `script`.
"""
import posix
import sys

HEAVY_MODULES = 40
HEAVY_NAMES = ("numpy", "pandas", "matplotlib", "scipy", "sklearn", "PIL", "requests", "sympy")


def report_imports(job):
    """Writes which large packages the script imported from where packages are installed; the agent may preload them."""
    names = set(sys.modules) - KNOWN
    if len(names) < HEAVY_MODULES:
        return
    counts = {}
    for name in names:
        top = name.partition(".")[0]
        counts[top] = counts.get(top, 0) + 1
    heavy = []
    for top, count in counts.items():
        origin = str(getattr(sys.modules.get(top), "__file__", None))
        if (count >= HEAVY_MODULES or top in HEAVY_NAMES) and ("/site-packages/" in origin or "/dist-packages/" in origin):
            if not origin.startswith(sys.path[0] + "/"):
                heavy.append(top)
    try:
        descriptor = posix.open(job["report"], posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, 0o600)
        posix.write(descriptor, "\n".join(heavy).encode())
    except OSError:
        pass  # It is only about speed.
