"""Does ahead what a fork does on its way to a script: the pages that this fills are the fork's own before anybody waits for it.

Part of the zygote (zygote.py), which runs it in its own namespace, after the parts `title` and `guise`.
"""

from __future__ import annotations

import _signal
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..io.title import set_title
    from .guise import title_of

JOB = {"id": 1, "script": "/run/clara/1/main.py", "cwd": b"/workspace", "env": {}, "report": None, "path": []}
FRAMES = 4


def rehearse(place: tuple[int, int] | None, script: dict[str, Any]) -> None:
    """Takes a job and runs it to its end, without an effect on what is outside; `script` is the space of the parts that run scripts."""
    job = marshal.loads(marshal.dumps(JOB))
    b"".join(value.to_bytes(4, "little", signed=True) for value in (1, 2, 3, posix.getpid()))
    _signal.sigpending()
    _signal.pthread_sigmask(_signal.SIG_BLOCK, ())
    title_of(job)
    # Its own name once more: nobody takes it for a script that runs.
    set_title(place, b"clara-zygote", b"clara-zygote")
    try:
        _unwind(FRAMES)
    except LookupError:
        pass
    _run(job, script)


def _unwind(frames: int) -> None:
    if frames:
        _unwind(frames - 1)
    raise LookupError


def _run(job: dict[str, Any], script: dict[str, Any]) -> None:
    namespace = type(sys)("__main__").__dict__
    namespace["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", job["script"])
    namespace["__builtins__"] = sys.modules["builtins"]
    sys.modules["os"].fsdecode(job["cwd"])
    sys.path[:] = list(sys.path)
    sys.argv[:] = list(sys.argv)
    script["begin_showing"](job)
    # Its outputs lead nowhere yet.
    exec(compile(b"print()", "", "exec", 0, True), namespace)
    script["flush_quietly"]()
    script["status_of"](None)
    script["may_be_cyclic"](namespace)
    script["fresh_modules"]()
    script["forget_globals"](namespace)
