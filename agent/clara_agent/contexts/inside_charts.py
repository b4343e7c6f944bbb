"""What figures of matplotlib show, as numbers and texts: lines, points, bars, slices and boxes of each of their axes.

Part of the interpreter (inside_main.py), which runs it in one namespace with `rich`. It looks at figures only, and imports nothing
that a figure has not imported.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# More points than these of one line or cloud are not told.
MAX_POINTS = 20_000
DIGITS = 9
UNIT = re.compile(r"\s\((.*?)\)|\[(.*?)\]")
# How matplotlib calls what it draws a box plot with, whiskers first.
PARTS_OF_BOX = 5


def chart_of(figure: Any, to_plain: Callable[[Any], Any]) -> dict[str, Any]:
    """A figure with one pair of axes, or several of them."""
    charts = [_Axes(axes, to_plain).chart() for axes in figure.axes]
    if len(charts) == 1:
        return charts[0]
    title = figure._suptitle.get_text() if figure._suptitle else None
    if not charts:
        return {"type": "unknown", "title": title or None, "elements": []}
    return {"type": "superchart", "title": title or None, "elements": charts}


class _Axes:
    """One pair of axes."""

    def __init__(self, axes: Any, to_plain: Callable[[Any], Any]) -> None:
        self._axes = axes
        self._plain = to_plain

    def chart(self) -> dict[str, Any]:
        """All that is known of it."""
        slices, boxes, bars = self._slices(), self._boxes(), self._bars()
        if slices:
            return {"type": "pie", "title": self._title(), "elements": slices}
        if boxes:
            return self._planar("box_and_whisker", boxes)
        if bars:
            return self._planar("bar", bars)
        points = self._points()
        if points and not self._axes.lines:
            return self._scaled("scatter", points)
        lines = self._lines()
        if lines:
            return self._scaled("line", lines)
        return {"type": "unknown", "title": self._title(), "elements": []}

    def _title(self) -> str | None:
        return self._axes.get_title() or None

    def _planar(self, kind: str, elements: list[Any]) -> dict[str, Any]:
        x, y = self._axes.get_xlabel() or None, self._axes.get_ylabel() or None
        return {"type": kind, "title": self._title(), "x_label": x, "y_label": y, "x_unit": _unit(x), "y_unit": _unit(y), "elements": elements}

    def _scaled(self, kind: str, elements: list[Any]) -> dict[str, Any]:
        chart = self._planar(kind, elements)
        for name, axis in (("x", self._axes.xaxis), ("y", self._axes.yaxis)):
            chart[name + "_ticks"] = [self._value(axis, tick) for tick in axis.get_ticklocs()]
            chart[name + "_tick_labels"] = [label.get_text() for label in axis.get_ticklabels()]
            chart[name + "_scale"] = _scale(axis)
        return chart

    def _value(self, axis: Any, value: Any) -> Any:
        if _scale(axis) == "datetime":
            from matplotlib.dates import num2date  # pyright: ignore[reportMissingImports]

            return num2date(value).isoformat()
        if _scale(axis) == "categorical":
            names = {number: name for name, number in axis.units._mapping.items()}
            return names.get(value, self._plain(value))
        return self._plain(value)

    def _pairs(self, pairs: Any) -> list[list[Any]]:
        x, y = self._axes.xaxis, self._axes.yaxis
        return [[self._value(x, float(one)), self._value(y, float(other))] for one, other in list(pairs)[:MAX_POINTS]]

    def _lines(self) -> list[dict[str, Any]]:
        lines = [line for line in self._axes.lines if len(line.get_xydata())]
        return [{"label": line.get_label(), "points": self._pairs(line.get_xydata())} for line in lines]

    def _points(self) -> list[dict[str, Any]]:
        clouds = [one for one in self._axes.collections if type(one).__name__ == "PathCollection"]
        return [{"label": one.get_label(), "points": self._pairs(one.get_offsets())} for one in clouds]

    def _bars(self) -> list[dict[str, Any]]:
        found = []
        names = [label.get_text() for label in self._axes.get_xticklabels()]
        for container in self._axes.containers:
            if type(container).__name__ != "BarContainer":
                continue
            is_upright = getattr(container, "orientation", "vertical") != "horizontal"
            if not is_upright:
                names = [label.get_text() for label in self._axes.get_yticklabels()]
            ticks = list(self._axes.get_xticks() if is_upright else self._axes.get_yticks())
            for bar in container.patches:
                middle = bar.get_x() + bar.get_width() / 2 if is_upright else bar.get_y() + bar.get_height() / 2
                label = next((name for tick, name in zip(ticks, names) if name and abs(tick - middle) < 1e-6), str(_number(middle)))
                value = bar.get_height() if is_upright else bar.get_width()
                found.append({"label": label, "value": _number(value), "group": container.get_label()})
        return found

    def _slices(self) -> list[dict[str, Any]]:
        wedges = [patch for patch in self._axes.patches if type(patch).__name__ == "Wedge"]
        return [{"label": each.get_label(), "angle": _number(round(abs(each.theta2 - each.theta1), 4)), "radius": _number(each.r)} for each in wedges]

    def _boxes(self) -> list[dict[str, Any]]:
        boxes = [patch.get_path().vertices for patch in self._axes.patches if type(patch).__name__ == "PathPatch"]
        lines = [line.get_xydata() for line in self._axes.lines]
        if not boxes:
            # Drawn as lines alone, each box is the first of its own and closed.
            boxes = [line for line in lines if len(line) == PARTS_OF_BOX and (line[0] == line[-1]).all()]
            lines = [line for line in lines if not any(line is box for box in boxes)]
        if not boxes or len(lines) < PARTS_OF_BOX * len(boxes) or len(lines) % len(boxes):
            return []
        each = len(lines) // len(boxes)
        names = [label.get_text() for label in self._axes.get_xticklabels()]
        found = []
        for at, box in enumerate(boxes):
            low, high, _, _, median = lines[at * each : at * each + PARTS_OF_BOX]
            fliers = lines[at * each + each - 1] if each > PARTS_OF_BOX else []
            heights = [point[1] for point in box if point[1] or point[0]]
            found.append(
                {
                    "label": names[at] if at < len(names) else "",
                    "min": _number(min(point[1] for point in low)),
                    "first_quartile": _number(min(heights)),
                    "median": _number(median[0][1]),
                    "third_quartile": _number(max(heights)),
                    "max": _number(max(point[1] for point in high)),
                    "outliers": [_number(point[1]) for point in fliers],
                }
            )
        return found


def _scale(axis: Any) -> str:
    kind = type(axis.get_converter() if hasattr(axis, "get_converter") else axis.converter).__name__
    if kind in ("StrCategoryConverter",):
        return "categorical"
    if kind in ("DateConverter", "ConciseDateConverter", "_SwitchableDateConverter", "DatetimeConverter", "PeriodConverter"):
        return "datetime"
    return axis.get_scale()


def _unit(label: str | None) -> str | None:
    match = UNIT.search(label or "")
    return (match.group(1) or match.group(2)) if match else None


def _number(value: Any) -> float | int:
    """To nine significant digits; whole numbers as such."""
    number = float("%.*g" % (DIGITS, float(value)))
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
