"""The shell of a context: IPython's InteractiveShell, without a kernel, a terminal or a history file.

Part of the interpreter (inside_main.py), which runs it in one namespace with `showing`.
"""

from __future__ import annotations

import os
import sys
import tempfile

from IPython.core import page
from IPython.core.autocall import ExitAutocall
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..display.inside_showing import SHOWING, text_of

    # The namespaces of the interpreter's own code.
    OWN: list[dict[str, Any]] = []


class _Values(DisplayHook):
    """Shows the value of the last expression."""

    def write_output_prompt(self) -> None:
        """There is no prompt."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        SHOWING.result(format_dict, md_dict, True)

    def finish_displayhook(self) -> None:
        pass


class _Display(DisplayPublisher):
    """Shows what `display` is given."""

    def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, *_: Any, transient: dict[str, Any] | None = None, update: bool = False, **__: Any) -> None:
        SHOWING.result(data, metadata, False, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        SHOWING.clear(wait)


class _Exit(ExitAutocall):
    """`exit` and `quit`, with or without a status."""

    rewrite = False

    def __call__(self, code: object = None) -> None:
        self._ip.exit_code = code if isinstance(code, int) else 0 if code is None else 1
        self._ip.ask_exit()


class _Shell(InteractiveShell):
    displayhook_class = Type(_Values)
    display_pub_class = Type(_Display)
    exit_code: int | None = None
    count = 0
    # Whether tracebacks are told as such alone.
    is_rich = False

    def run(self, code: str, is_silent: bool) -> bool:
        """Runs a cell; whether it went well."""
        try:
            result = self.run_cell(code, store_history=not is_silent, silent=is_silent)
        except Exception as error:
            # What cannot be source text, as it holds NUL: IPython looks at it before it catches anything, and all frames are its own.
            self._showtraceback(type(error), error, ["%s: %s" % (type(error).__name__, text_of(error))])
            return False
        finally:
            self.count = self.execution_count - 1
        return bool(result.success)

    def tell_end(self, error: BaseException, is_uncounted: bool) -> None:
        """Tells an exception that came from outside of the code, as an interrupt does."""
        if is_uncounted:
            self.execution_count += 1
            self.count += 1
        self._showtraceback(type(error), error, [type(error).__name__])

    def ask_exit(self) -> None:
        if self.exit_code is None:
            self.exit_code = 0

    def system(self, cmd: str) -> None:
        """Its outputs are those of the interpreter, and no terminal's."""
        if cmd.strip():
            self.system_raw(cmd)

    def enable_gui(self, gui: str | None = None) -> None:
        """No event loop of windows is here."""

    def init_virtualenv(self) -> None:
        """The interpreter is the one of the image."""

    def _get_exc_info(self, exc_tuple: Any = None) -> Any:
        found = InteractiveShell.__dict__["_get_exc_info"](self, exc_tuple)
        _forget_own_frames(found[1])
        return found

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        lines = "\n".join(stb).split("\n")
        if not self.is_rich:
            sys.stderr.write("\n".join(lines) + "\n")
        SHOWING.error(etype.__name__, text_of(evalue), lines)


_Shell.__name__ = "InteractiveShell"


def _forget_own_frames(error: BaseException | None) -> None:
    """Takes the frames of the interpreter out of the tracebacks of an exception and those before it."""
    seen: set[int] = set()
    errors = [error]
    while errors:
        one = errors.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        errors += [one.__cause__, one.__context__]
        node = one.__traceback__
        while node:
            while node.tb_next and any(node.tb_next.tb_frame.f_globals is space for space in OWN):
                node.tb_next = node.tb_next.tb_next
            node = node.tb_next


def make_shell(job: dict[str, Any]) -> Any:
    """The one shell of this interpreter."""
    # That of the image draws where nobody looks; one that a context is made with comes later and wins.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    # As an argument: IPython takes no folder of its own from a configuration, and would make one in the user's home.
    shell = _Shell.instance(config=config, ipython_dir=os.path.join(tempfile.gettempdir(), ".ipython"))
    shell.exiter = _Exit(shell)
    shell.user_ns_hidden.update(exit=shell.exiter, quit=shell.exiter)
    shell.user_ns.update(exit=shell.exiter, quit=shell.exiter)
    shell.set_hook("show_in_pager", page.as_hook(page.display_page), 99)
    return shell
