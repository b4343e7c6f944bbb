"""`display` for interpreters without a shell of IPython's: values in all their representations.

Runs in one namespace with `showing`, in the small shell of contexts (contexts/inside_main.py) and in scripts (python/showing.py).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .inside_showing import SHOWING

KINDS = {"_repr_html_": "text/html", "_repr_markdown_": "text/markdown", "_repr_svg_": "image/svg+xml", "_repr_png_": "image/png", "_repr_jpeg_": "image/jpeg", "_repr_latex_": "text/latex", "_repr_json_": "application/json", "_repr_javascript_": "application/javascript", "_repr_pdf_": "application/pdf"}
# What makes a picture of a value that has no method for it: called with the value, it returns bytes or None.
PICTURE_OF: list[Any] = []


def bundle_of(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """All representations of a value by their types, and what it says of them; those that fail are left out."""
    data: dict[str, Any] = {"text/plain": _text_of(value)}
    metadata: dict[str, Any] = {}
    if isinstance(value, type):
        return data, metadata
    for name, mime in KINDS.items():
        _add(data, metadata, mime, _ask(value, name))
    for picture_of in PICTURE_OF:
        _add(data, metadata, "image/png", picture_of(value))
    more = _ask(value, "_repr_mimebundle_", include=None, exclude=None)
    more, about = more if isinstance(more, tuple) and len(more) == 2 else (more, None)
    for found, kept in ((more, data), (about, metadata)):
        if isinstance(found, dict):
            kept.update(found)
    return data, metadata


def _text_of(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return "<no text: its __repr__ failed with %s>" % type(error).__name__


def _ask(value: Any, name: str, **options: Any) -> Any:
    # A class that answers to any name is no value that can be shown in any way.
    if getattr(type(value), name, None) is None and name not in getattr(value, "__dict__", ()):
        return None
    try:
        return getattr(value, name)(**options)
    except Exception:
        return None


def _add(data: dict[str, Any], metadata: dict[str, Any], mime: str, shown: Any) -> None:
    shown, about = shown if isinstance(shown, tuple) and len(shown) == 2 else (shown, None)
    if shown is not None:
        data[mime] = shown
        if about:
            metadata[mime] = about


class DisplayHandle:
    """Shows values in the place of one that was shown before."""

    def __init__(self, display_id: str) -> None:
        self.display_id = display_id

    def display(self, value: Any, **options: Any) -> None:
        """Shows a value under this name once more."""
        display(value, display_id=self.display_id, **options)

    def update(self, value: Any, **options: Any) -> None:
        """Replaces what was shown."""
        display(value, display_id=self.display_id, update=True, **options)


def display(*values: Any, include: Any = None, exclude: Any = None, metadata: Mapping[str, Any] | None = None, display_id: Any = None, raw: bool = False, clear: bool = False, update: bool = False, **_: Any) -> Any:
    """Shows values in all their representations; with display_id, which may be True, they can be shown anew in their place."""
    name = os.urandom(16).hex() if display_id is True else None if display_id is None else str(display_id)
    if clear:
        SHOWING.clear(True)
    for value in values:
        shows_itself = getattr(type(value), "_ipython_display_", None)
        if shows_itself and not raw:
            shows_itself(value)
            continue
        data, about = (dict(value), {}) if raw else bundle_of(value)
        kept = {mime: shown for mime, shown in data.items() if (not include or mime in include) and not (exclude and mime in exclude)}
        about.update(metadata or {})
        SHOWING.result(kept, about, False, name, update)
    return None if name is None else DisplayHandle(name)
