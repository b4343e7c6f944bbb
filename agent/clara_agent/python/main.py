"""Runs a script as `python -u script.py` would, with one frame of its own below it.

Part of the zygote (zygote.py), which runs it in one namespace with the parts `import_report`, `showing`, `failures`, `shutdown` and `main`.
Compiled under the name of the import machinery, whose frames tracebacks and warnings leave out.
"""

from __future__ import annotations

import marshal
import posix
import sys

import _signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from .failures import tell_unreadable
    from .showing import begin_showing
    from .shutdown import finish, flush_quietly, status_of

    PARTS: dict[str, Any] = {}
    LOADER = ""
    JOB: dict[str, Any] = {}


class _Unwind(BaseException):
    """Leaves every frame of the zygote, so that the user's code starts on an empty stack."""


def unwind_into(job: dict[str, Any]) -> None:
    """Runs the job once all frames are left; never returns."""
    global JOB
    JOB = job
    sys.excepthook = _call_with_frames_removed
    raise _Unwind


def _call_with_frames_removed(*_: object) -> None:
    """The interpreter calls it as the hook for _Unwind, with no Python frame below."""
    del _
    job = _prepare()
    namespace, code = _load(job)
    error = None
    try:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        exec(code, namespace)
    except BaseException as caught:
        assert caught.__traceback__
        error = caught.with_traceback(caught.__traceback__.tb_next)
    del namespace, code
    flush_quietly()
    status = status_of(error)
    del error
    finish(job, status)


def _prepare() -> dict[str, Any]:
    global JOB
    job, JOB = JOB, {}
    sys.excepthook = sys.__excepthook__
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    cwd = job["cwd"]
    try:
        posix.chdir(cwd)
    except OSError as error:
        posix.write(2, ("cannot enter the working folder: %s\n" % error.strerror).encode())
        posix._exit(1)
    if job["preloaded"] and _is_shadowed(cwd, job["preloaded"]):
        _start_cold(job)
    folder = sys.modules["os"].fsdecode(cwd)
    sys.path[:] = [folder] + job["path"]
    sys.argv[:] = [job["script"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.orig_argv[0], "-u", job["script"]]
    if job["env"]:
        sys.modules["os"].environb.update(job["env"])
    begin_showing(job)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random:
        numpy_random.seed()
    return job


def _is_shadowed(cwd: bytes, names: set[str]) -> bool:
    try:
        entries = posix.listdir(cwd)
    except OSError:
        return False
    folder = sys.modules["os"].fsdecode(cwd)
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    for name in names.intersection([entry.partition(b".")[0].decode("utf-8", "replace") for entry in entries]):
        spec = finder.find_spec(name, [folder])
        if spec and spec.loader:
            return True
    return False


def _start_cold(job: dict[str, Any]) -> None:
    """Becomes a fresh interpreter that runs the job: what is preloaded here would be in its way."""
    holder = posix.memfd_create("clara-job")
    posix.write(holder, marshal.dumps((PARTS, LOADER, {"id": 0, "script": job["script"], "cwd": job["cwd"], "env": {}, "report": job["report"]})))
    posix.lseek(holder, 0, 0)
    if holder == 3:
        posix.set_inheritable(3, True)
    else:
        posix.dup2(holder, 3)
    environment = dict(sys.modules["os"].environb)
    environment.update(job["env"])
    posix.execve(sys.executable, [sys.orig_argv[0] if hasattr(sys, "orig_argv") else "python3", "-u", "-c", LOADER], environment)


def _load(job: dict[str, Any]) -> tuple[dict[str, Any], CodeType]:
    script = job["script"]
    main = type(sys)("__main__")
    namespace = main.__dict__
    namespace["__loader__"] = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", script)
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__file__"] = script
    namespace["__cached__"] = None
    sys.modules["__main__"] = main
    try:
        descriptor = posix.open(script, posix.O_RDONLY | posix.O_CLOEXEC)
        size = posix.fstat(descriptor).st_size
        source = posix.read(descriptor, size)
        posix.close(descriptor)
        if not source.isascii() and b"coding" not in b"".join(source.split(b"\n", 2)[:2]):
            # compile() does not mind bad bytes in comments.
            source.decode()
        return namespace, compile(source, script, "exec", 0, True)
    except BaseException as error:
        tell_unreadable(error, locals().get("source"), script)
        # A fresh interpreter words what is wrong with a script better than compile() does.
        posix.execve(sys.executable, [sys.executable, "-u", script], sys.modules["os"].environb)
