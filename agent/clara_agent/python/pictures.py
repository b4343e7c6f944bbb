"""Figures of matplotlib and pictures of PIL as results of a script.

Loaded by showing.py where something is shown, in one namespace with `inside_showing` and `inside_bundles`. It imports nothing that the script has not.
"""

from __future__ import annotations

import io
import sys

import _weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Those of the parts in this namespace.
    PICTURE_OF: list[Any] = []
    display: Any = None
    SHOWING: Any = None

# What was shown of each figure, by its id: the figure, and the picture's hash.
SEEN: dict[int, tuple[Any, int]] = {}
# The pictures that PIL is just showing: it may display them in its turn.
PASSED_ON: list[Any] = []


def show_figures() -> None:
    """Shows the open figures, but those that look as they were shown last."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None or SHOWING.is_full or not SHOWING.is_own:
        return
    for _, manager in sorted(helpers.Gcf.figs.items()):
        figure = manager.canvas.figure
        seen = SEEN.get(id(figure))
        if seen and seen[0]() is figure and not figure.stale:
            continue
        picture = _draw(figure)
        if picture and not (seen and seen[0]() is figure and seen[1] == hash(picture)):
            SHOWING.result({"text/plain": repr(figure), "image/png": picture}, {}, False)
        _remember(figure, picture)


def _remember(figure: Any, picture: bytes | None) -> None:
    SEEN[id(figure)] = (_weakref.ref(figure), hash(picture))
    figure.stale = False


def _draw(figure: Any) -> bytes | None:
    """The figure as PNG; None where it is empty or cannot be drawn, which is told."""
    if not figure.axes and not figure.lines:
        return None
    logging, warnings = sys.modules["logging"], sys.modules["warnings"]
    disabled = logging.root.manager.disable
    buffer = io.BytesIO()
    try:
        # What is wrong with a picture is said where the script draws it, not where it is shown.
        logging.disable(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.canvas.print_figure(
                buffer, format="png", dpi=figure.dpi, facecolor=figure.get_facecolor(), edgecolor=figure.get_edgecolor(), bbox_inches="tight"
            )
    except Exception as error:
        sys.stderr.write("A figure cannot be shown: %s: %s\n" % (type(error).__name__, error))
        return None
    finally:
        logging.disable(disabled)
    return buffer.getvalue()


def _picture_of_figure(value: Any) -> bytes | None:
    """A figure that is displayed; it is not shown again at the end."""
    module = sys.modules.get("matplotlib.figure")
    if module is None or not isinstance(value, module.Figure):
        return None
    picture = _draw(value)
    _remember(value, picture)
    return picture


PICTURE_OF.append(_picture_of_figure)


def show_picture(picture: Any) -> None:
    """Shows a picture of PIL's."""
    PASSED_ON.append(picture)
    SHOWING.result({"text/plain": repr(picture), "image/png": _png_of(picture)}, {}, False)


def _png_of(picture: Any) -> bytes:
    buffer = io.BytesIO()
    try:
        picture.save(buffer, "PNG")
    except OSError:
        # PNG has no such colours.
        buffer = io.BytesIO()
        picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def display_too(*values: Any, **options: Any) -> None:
    """What IPython displays without a shell of its own, which only prints it."""
    if not PASSED_ON and not _has_shell():
        display(*values, **options)


def clear_too(clear: Any, waits: bool) -> None:
    """Clears what was shown, where IPython without a shell of its own would write what clears the line of a terminal."""
    if _has_shell():
        clear(waits)
    else:
        SHOWING.clear(waits)


def _has_shell() -> bool:
    shells = sys.modules.get("IPython.core.interactiveshell")
    return shells is not None and bool(shells.InteractiveShell.initialized())
