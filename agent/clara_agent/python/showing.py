"""What a script shows beside its outputs: `display`, pictures, open figures, the exception that ends it.

Part of the zygote (zygote.py), which runs it in one namespace with the parts `import_report`, `showing`, `failures`, `shutdown` and `main`. All goes as lines
of JSON into a file beside the script, which is opened by the first of them: a script that shows nothing pays nothing, and finds nothing.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    PARTS: dict[str, Any] = {}

# Which part shows what a module is called for, by the module's name.
SHOWN_BY = {
    "matplotlib.pyplot": "follow_pyplot",
    "PIL.ImageShow": "follow_pictures",
    "IPython.core.display_functions": "follow_display",
}
# What the part that makes results imports, which a script's own module of such a name must not be taken for.
PRIVATE = ("json", "json.decoder", "json.encoder", "json.scanner", "base64")
# The script, its process and where packages are looked for; then the part that makes results, once something is shown.
PLACE: dict[str, Any] = {}


class LateShow:
    """The part that makes results, loaded when it is first needed."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if not self.space:
            space: dict[str, Any] = {"SHOWN": open_file()}
            _load_apart(space)
            self.space = space
        return self.space[name]


SHOW = LateShow()


def display(*values: Any, **options: Any) -> Any:
    """Shows values in all their representations, as results of the call; with display_id they can be shown anew in their place."""
    return SHOW["display"](*values, **options)


def offer_showing() -> None:
    """Adds `display`, and follows the modules by which pictures are shown."""
    from _frozen_importlib_external import SourceFileLoader

    display.__module__ = "builtins"
    sys.modules["builtins"].display = display  # pyright: ignore[reportAttributeAccessIssue]
    load = SourceFileLoader.exec_module

    def exec_module(self: Any, module: Any) -> None:
        """Runs a module; what it shows pictures by is followed."""
        load(self, module)
        if self.name in SHOWN_BY:
            globals()[SHOWN_BY[self.name]](module)

    SourceFileLoader.exec_module = exec_module


def begin_showing(job: dict[str, Any]) -> None:
    """A script begins."""
    PLACE.update(script=job["script"], pid=posix.getpid(), path=job["path"])


def _replace(module: Any, name: str, before: Callable[..., Any], after: Callable[[], object] = int) -> None:
    """Has a function do something before what it does, and after."""
    original = getattr(module, name)

    def replaced(*values: Any, **options: Any) -> Any:
        try:
            before(*values, **options)
        except Exception as error:
            sys.stderr.write("This cannot be shown: %s: %s\n" % (type(error).__name__, error))
        try:
            return original(*values, **options)
        finally:
            after()

    _take_place(module, name, replaced)


def _take_place(module: Any, name: str, replaced: Any) -> None:
    """Puts a function in the place of another, and gives it its looks."""
    original = getattr(module, name)
    for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(replaced, attribute, getattr(original, attribute, None))
    replaced.__wrapped__ = original
    setattr(module, name, replaced)


def follow_pyplot(module: Any) -> None:
    """`show` shows the open figures and closes them, as in a notebook; what is saved before anything is drawn anew is what was shown."""
    get_fignums, save, shown = module.get_fignums, module.savefig, []

    def close() -> None:
        if get_fignums():
            shown[:] = [module.gcf()]
            module.close("all")

    def savefig(*values: Any, **options: Any) -> Any:
        return (shown[0].savefig if shown and not get_fignums() else save)(*values, **options)

    _replace(module, "show", lambda *_, **__: SHOW["show_figures"](), close)
    _take_place(module, "savefig", savefig)


def follow_pictures(module: Any) -> None:
    """A picture that is to be shown is."""
    _replace(module, "show", lambda picture, *_, **__: SHOW["show_picture"](picture), lambda: SHOW["PASSED_ON"].clear())


def follow_display(module: Any) -> None:
    """What IPython would show, it prints where it has no shell: it is shown too."""
    _replace(module, "display", lambda *values, **options: SHOW["display_too"](*values, **options))
    clear = module.clear_output

    def clear_output(wait: bool = False) -> None:
        SHOW["clear_too"](clear, wait)

    _take_place(module, "clear_output", clear_output)


def show_open_figures() -> None:
    """A script has ended: what figures are open are shown."""
    if "matplotlib.pyplot" in sys.modules and posix.getpid() == PLACE["pid"]:
        try:
            SHOW["show_figures"]()
        except BaseException:
            pass  # It has ended, whatever becomes of its pictures.


def _load_apart(space: dict[str, Any]) -> None:
    """Runs the part that makes results; what it imports is none of the script's modules, nor are those that the script has beside it."""
    path, names = sys.path, set(sys.modules)
    hidden = {name: sys.modules.pop(name) for name in PRIVATE if name in names}
    sys.path = list(PLACE["path"])
    try:
        for part in ("shown", "bundles", "pictures"):
            exec(PARTS[part], space)
    finally:
        sys.path = path
        for name in set(sys.modules) - names:
            del sys.modules[name]
        sys.modules.update(hidden)
    showing = space["SHOWING"]
    showing.begin(PLACE["pid"])
    showing.wait = wait_until_read
    showing.waits = PLACE["is_read"]


def open_file() -> int:
    """Where lines go: a file, or a pipe that is read as the script goes on. -1 where there is no room for one."""
    folder = PLACE["script"].rpartition("/")[0]
    PLACE["is_read"] = False
    try:
        descriptor = posix.open(folder + "/shown", posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC, 0o600)
        if posix.fstat(descriptor).st_mode & 0o170000 == 0o010000:
            PLACE["told"] = posix.open(folder + "/told", posix.O_RDONLY | posix.O_CLOEXEC)
            PLACE["is_read"] = True
    except OSError:
        return -1
    return descriptor


def wait_until_read(number: int) -> None:
    """Waits for a line to be read, so that what is written next comes after it."""
    posix.read(PLACE["told"], 1)
