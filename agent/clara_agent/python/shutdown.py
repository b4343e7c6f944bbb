"""What the end of the interpreter does that one can see; all of it would take long with large packages loaded.

Part of the zygote (zygote.py), which runs it in one namespace with the parts `import_report`, `showing`, `failures`, `shutdown` and `main`.
"""

from __future__ import annotations

import _ctypes
import _signal
import atexit
import gc
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .failures import record, tell_exception
    from .import_report import report_imports
    from .showing import show_open_figures
    from .zygote import KNOWN

FFLUSH = _ctypes.dlsym(_ctypes.dlopen(None, 0), "fflush")


def status_of(error: BaseException | None) -> int:
    """The exit status for how the script ended, after what CPython prints about it."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return _exit_code(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    hook = getattr(sys, "excepthook", None)
    if hook is None:
        _print("sys.excepthook is missing\n")
        hook = sys.__excepthook__
    problem = text = None
    recorder = record(hook)
    try:
        hook(type(error), error, error.__traceback__)
    except SystemExit as caught:
        return _exit_code(caught)
    except BaseException as caught:
        assert caught.__traceback__
        problem = caught.with_traceback(caught.__traceback__.tb_next)
    finally:
        if recorder:
            text = recorder.stop()
    if problem is not None:
        _print("Error in sys.excepthook:\n")
        sys.__excepthook__(type(problem), problem, problem.__traceback__)
        _print("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
    tell_exception(error, text)
    return -2 if type(error) is KeyboardInterrupt else 1


def _exit_code(error: SystemExit) -> int:
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 255 if -(1 << 63) <= code < 1 << 63 else 255
    try:
        _print(str(code))
    except BaseException:
        pass
    _print("\n")
    return 1


def _print(text: str) -> None:
    try:
        sys.stderr.write(text)
    except BaseException:
        try:
            posix.write(2, text.encode("utf-8", "backslashreplace"))
        except OSError:
            pass


def finish(job: dict[str, Any], status: int) -> None:
    """Ends the process as the interpreter would."""
    threading = sys.modules.get("threading")
    if threading:
        try:
            threading._shutdown()
        except BaseException as error:
            _print("Exception ignored in: %r\n" % threading)
            sys.__excepthook__(type(error), error, error.__traceback__)
    show_open_figures()
    try:
        # Before Python 3.10 another import of the module has exit functions of its own.
        sys.modules.get("atexit", atexit)._run_exitfuncs()
    except BaseException:
        pass  # It has been printed already.
    status = _flush(status)
    if job["report"]:
        report_imports(job)
    _tear_down(job)
    flush_quietly()
    _ctypes.call_function(FFLUSH, (0,))
    if status == -2:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        posix.kill(posix.getpid(), _signal.SIGINT)
        status = 130
    posix._exit(status)


def flush_quietly() -> None:
    """What is waiting in the streams goes out; errors are nobody's, as where the interpreter does it after a script and at its very end."""
    for stream in sys.__dict__.get("stderr"), sys.__dict__.get("stdout"):
        try:
            stream.flush()  # pyright: ignore[reportOptionalMemberAccess]
        except BaseException:
            pass


def _flush(status: int) -> int:
    stdout = sys.__dict__.get("stdout")
    for stream in stdout, sys.__dict__.get("stderr"):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException as error:
            if stream is stdout:
                where = "on flushing sys.stdout:" if sys.version_info >= (3, 13) else "in: %r" % stream
                _print("Exception ignored %s\n%s: %s\n" % (where, type(error).__name__, error))
            # What has interrupted it still shows.
            status = status if status == -2 else 120
    return status


def _tear_down(job: dict[str, Any]) -> None:
    """Lets go of the globals of the script and of modules beside it, so that their `__del__` run and their files are flushed."""
    folder = sys.path[0] if sys.path else ""
    reference = sys.modules["_weakref"].ref
    names = [
        name
        for name, module in [("__main__", sys.modules.get("__main__")), *fresh_modules()]
        if type(module) is type(sys) and (name == "__main__" or (folder and str(getattr(module, "__file__", None)).startswith(folder)))
    ]
    left = [reference(sys.modules[name]) for name in names]
    is_cyclic = any(may_be_cyclic(module().__dict__) for module in left)
    if is_cyclic:
        # Once while all is reachable, as CPython does: it sorts what a text file is made of so that its buffer is flushed before its file is closed.
        gc.collect()
    for name in names:
        del sys.modules[name]
    if is_cyclic:
        gc.collect()
    for module in left:
        forget_globals(getattr(module(), "__dict__", {}))


def fresh_modules() -> list[tuple[str, Any]]:
    """What the script has imported. It stands behind what was there before, which is not touched: that would copy a page for each module."""
    fresh: list[tuple[str, Any]] = []
    if type(sys.modules) is dict:
        for name in reversed(sys.modules):
            if name not in KNOWN:
                fresh.append((name, sys.modules[name]))
            elif len(sys.modules) == len(fresh) + len(KNOWN):
                return fresh[::-1]
            else:
                break
    # Something was taken out, or put back behind what came later.
    return [(name, module) for name, module in list(sys.modules.items()) if name not in KNOWN]


def forget_globals(space: dict[str, Any]) -> None:
    """Forgets the globals of a module."""
    for name in list(space):
        if name != "__builtins__":
            space[name] = None


def may_be_cyclic(space: dict[str, Any]) -> bool:
    """Whether something in there may refer to itself."""
    # The caller, the parameter, the module and the counting itself refer to it in any case.
    return sys.getrefcount(space) > 4 or any(gc.is_tracked(value) and type(value) is not type(sys) for value in space.values() if value is not space["__loader__"])
