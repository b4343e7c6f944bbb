"""The shell of a context where the image has no IPython: variables, the last value, display and await.

Part of the interpreter (inside_main.py), which runs it in one namespace with `showing` and `bundles`.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import traceback
from inspect import CO_COROUTINE
from types import FunctionType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..display.inside_bundles import bundle_of, display
    from ..display.inside_showing import SHOWING, text_of

NEEDS_IPYTHON = "this image has no IPython, which %s needs; install it with pip and restart the context"
AWAIT = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)


class _Exit(BaseException):
    pass


class SmallShell:
    """Runs cells in one module."""

    exit_code: int | None = None
    count = 0

    def __init__(self) -> None:
        self.main = ModuleType("__main__")
        sys.modules["__main__"] = self.main
        self.space = self.main.__dict__
        self.space.update(__builtins__=builtins, In=[""], Out={}, _="", __="", ___="")
        self.loop: Any = None
        builtins.display = display  # pyright: ignore[reportAttributeAccessIssue]
        builtins.exit = builtins.quit = self._exit

    def _exit(self, code: object = None) -> None:
        self.exit_code = code if isinstance(code, int) else 0 if code is None else 1
        raise _Exit

    def run(self, code: str, is_silent: bool) -> bool:
        """Runs a cell; whether it went well."""
        if not is_silent:
            self.count += 1
            self.space["In"].append(code)
        file = "<cell %d>" % self.count
        linecache.cache[file] = (len(code), None, code.splitlines(True), file)
        try:
            self._require_python(code)
            tree = ast.parse(code, file)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_quiet(code) else None
            self._do(compile(tree, file, "exec", AWAIT, True))
            if last is not None:
                value = self._do(compile(ast.Expression(last.value), file, "eval", AWAIT, True))  # pyright: ignore[reportAttributeAccessIssue]
                if value is not None and not is_silent:
                    self._show(value)
        except _Exit:
            return True
        except BaseException as error:
            self._tell(error)
            return False
        return True

    def tell_end(self, error: BaseException, is_uncounted: bool) -> None:
        """Tells an exception that came from outside of the code, as an interrupt does."""
        if is_uncounted:
            self.count += 1
            self.space["In"].append("")
        self._tell(error)

    def _do(self, code: Any) -> Any:
        if not code.co_flags & CO_COROUTINE:
            return eval(code, self.space)
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(FunctionType(code, self.space)())

    def _require_python(self, code: str) -> None:
        first = code.lstrip()
        if first[:1] in ("%", "!") or first.rstrip().endswith("?"):
            raise SyntaxError(NEEDS_IPYTHON % first.split("\n", 1)[0][:60])

    def _show(self, value: object) -> None:
        space = self.space
        space["___"], space["__"], space["_"] = space["__"], space["_"], value
        space["Out"][self.count] = space["_%d" % self.count] = value
        SHOWING.result(*bundle_of(value), True)

    def _tell(self, error: BaseException) -> None:
        trace = error.__traceback__
        while trace and not trace.tb_frame.f_code.co_filename.startswith("<cell "):
            trace = trace.tb_next
        lines = "".join(traceback.format_exception(type(error), error, trace)).rstrip("\n").split("\n")
        sys.stderr.write("\n".join(lines) + "\n")
        SHOWING.error(type(error).__name__, text_of(error), lines)


def _is_quiet(code: str) -> bool:
    return code.rstrip().endswith(";")


def make_shell(job: dict[str, Any]) -> Any:
    """The one shell of this interpreter."""
    return SmallShell()
