"""What the values of code are besides text and pictures, for those who asked for it: data frames as columns, charts as numbers.

Part of the interpreter (inside_main.py), which runs it in one namespace with the shell of IPython and `charts`.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import date, datetime, time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .inside_charts import chart_of

DATA = "application/vnd.clara.data+json"
CHART = "application/vnd.clara.chart+json"
JSON = "application/json"
# A frame with more cells than these is shown as text and HTML alone.
MAX_CELLS = 200_000
MAX_DEPTH = 64


def enrich(shell: Any) -> None:
    """Adds the formats; nothing is imported that the code has not imported itself."""
    from IPython.core.formatters import BaseFormatter

    class Kept(BaseFormatter):
        """Stays where matplotlib takes away what others know of its figures."""

        def pop(self, typ: Any, default: Any = None) -> Any:
            return default

    formatters = shell.display_formatter.formatters
    for mime, of in ((DATA, _frame_data), (CHART, _figure_chart)):
        formatter = Kept(parent=shell.display_formatter)
        formatter.format_type = mime
        formatter._return_type = str
        formatter.print_method = "_repr_none_of_these_"
        formatters[mime] = formatter
        module, name = ("pandas.core.frame", "DataFrame") if mime == DATA else ("matplotlib.figure", "Figure")
        formatter.for_type_by_name(module, name, _quiet(of))
    for kind in (dict, list):
        formatters[JSON].for_type(kind, _quiet(_plain_json))
    _show_pictures()
    # A line is one piece of an output.
    for stream in sys.stdout, sys.stderr:
        stream.reconfigure(write_through=False, line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]


def _quiet(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def formatted(value: Any) -> Any:
        try:
            return of(value)
        except Exception:
            # The value is shown without it.
            return None

    return formatted


def _frame_data(frame: Any) -> str | None:
    if frame.size > MAX_CELLS:
        return None
    return _to_text({str(name): [to_plain(value) for value in frame.iloc[:, at].tolist()] for at, name in enumerate(frame.columns)})


def _figure_chart(figure: Any) -> str:
    return _to_text(chart_of(figure, to_plain))


def _to_text(value: Any) -> str:
    """JSON as a text: whoever reads and writes it on the way need not know floats from integers."""
    return json.dumps(value, allow_nan=False)


def _plain_json(value: Any) -> Any:
    return to_plain(value, strict=True)


def to_plain(value: Any, strict: bool = False, depth: int = 0) -> Any:
    """A value as JSON has it: times in ISO 8601, what is no number as null; where `strict`, a TypeError for what JSON has not."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return None if str(value) == "NaT" else value.isoformat()
    if depth < MAX_DEPTH:
        if isinstance(value, dict):
            if strict and not all(isinstance(key, str) for key in value):
                raise TypeError("a key that is no text")
            return {str(key): to_plain(each, strict, depth + 1) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [to_plain(each, strict, depth + 1) for each in value]
        numpy = sys.modules.get("numpy")
        if numpy and isinstance(value, (numpy.generic, numpy.ndarray)):
            return to_plain(value.tolist(), strict, depth + 1)
    if strict:
        raise TypeError("JSON has no such value")
    return str(value)


class _Pictures:
    """Has pictures of Pillow shown where code shows or saves them, once Pillow is imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Steps aside, and changes the class once the module is there."""
        if name != "PIL.Image":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        loader: Any = spec and spec.loader
        if loader:
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                _patch(module.Image)

            loader.exec_module = exec_module
        return spec


def _show_pictures() -> None:
    if "PIL.Image" in sys.modules:
        _patch(sys.modules["PIL.Image"].Image)
    else:
        sys.meta_path.insert(0, _Pictures())


def _patch(image: Any) -> None:
    from functools import wraps

    from IPython.display import display

    save = image.save
    depth = [0]

    @wraps(save)
    def save_and_show(self: Any, fp: Any, *args: Any, **more: Any) -> None:
        depth[0] += 1
        try:
            save(self, fp, *args, **more)
        finally:
            depth[0] -= 1
        # Into memory a picture is saved to be shown, by IPython for one; a figure that is saved is shown as such.
        is_file = isinstance(fp, (str, bytes)) or hasattr(fp, "__fspath__")
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        if is_file and depth[0] == 0 and not caller.startswith("matplotlib"):
            display(self)

    image.save = save_and_show
    image.show = lambda self, *_, **__: display(self)
