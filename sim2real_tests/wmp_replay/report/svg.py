"""A small chart as inline SVG: axes with round ticks, lines, bands, bars and points, coloured by CSS."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

#: Largest number of points per line; a longer line keeps its extremes.
MAX_POINTS = 800


class Range(NamedTuple):
    """Values shown along an axis."""

    low: float
    high: float


def spanning(*values: np.ndarray, include_zero: bool = False) -> Range:
    """The range of all finite values, with a margin."""
    flat = np.concatenate([np.ravel(value) for value in values]) if values else np.zeros(0)
    flat = flat[np.isfinite(flat)]
    low, high = (float(flat.min()), float(flat.max())) if len(flat) else (0.0, 1.0)
    low = min(low, 0.0) if include_zero else low
    room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return Range(low if include_zero and low == 0.0 else low - room, high + room)


def ticks(shown: Range, count: int = 5) -> list[float]:
    """Round numbers within ``shown``: multiples of 1, 2 or 5 times a power of ten."""
    span = shown.high - shown.low
    base = 10.0 ** math.floor(math.log10(span / count))
    step = next(base * m for m in (1, 2, 5, 10) if span / (base * m) <= count)
    first = math.ceil(shown.low / step - 1e-9)
    return [n * step for n in range(first, math.floor(shown.high / step + 1e-9) + 1)]


#: Marker as SVG: centre x and y, radius [px].
Shape = Callable[[float, float, float], str]


def disc(x: float, y: float, radius: float) -> str:
    """A filled circle."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def square(x: float, y: float, radius: float) -> str:
    """A filled square."""
    return f'<rect x="{x - radius:.1f}" y="{y - radius:.1f}" width="{2 * radius:g}" height="{2 * radius:g}"/>'


def triangle(x: float, y: float, radius: float) -> str:
    """A filled triangle that points up."""
    low = y + radius
    return (
        f'<polygon points="{x - radius:.1f},{low:.1f} {x + radius:.1f},{low:.1f} {x:.1f},{y - radius:.1f}"/>'
    )


class Chart:
    """Draws into a box of ``width`` x ``height`` px with labelled axes; ``svg`` gives the text."""

    LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 34

    def __init__(
        self,
        x: Range,
        y: Range,
        label: str,
        x_label: str = "",
        y_label: str = "",
        width: int = 360,
        height: int = 220,
        x_ticks: Sequence[tuple[float, str]] | None = None,
    ) -> None:
        """``label`` describes the chart for screen readers."""
        self._x, self._y = x, y
        self._width, self._height = width, height
        self._parts: list[str] = []
        self._label = label
        self._draw_axes(x_label, y_label, x_ticks)

    def line(self, x: np.ndarray, y: np.ndarray, kind: str) -> None:
        """A line, interrupted at NaN."""
        x, y = thinned(np.asarray(x, float), np.asarray(y, float))
        pieces, begin = [], True
        for px, py in zip(x, y, strict=True):
            if not math.isfinite(py):
                begin = True
                continue
            pieces.append(f"{'M' if begin else 'L'}{self._at_x(px):.1f} {self._at_y(py):.1f}")
            begin = False
        self._parts.append(f'<path class="line {kind}" d="{"".join(pieces)}"/>')

    def band(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str) -> None:
        """The area between two lines."""
        known = np.isfinite(low) & np.isfinite(high)
        if not known.any():
            return
        upper = [
            f"{self._at_x(a):.1f} {self._at_y(b):.1f}" for a, b in zip(x[known], high[known], strict=True)
        ]
        lower = [
            f"{self._at_x(a):.1f} {self._at_y(b):.1f}" for a, b in zip(x[known], low[known], strict=True)
        ]
        self._parts.append(f'<path class="band {kind}" d="M{"L".join(upper + lower[::-1])}Z"/>')

    def span(self, first: float, last: float, kind: str) -> None:
        """A shaded range of the x axis, at least 2 px wide."""
        left, right = self._at_x(first), self._at_x(last)
        height = self._height - self.TOP - self.BOTTOM
        self._parts.append(
            f'<rect class="{kind}" x="{left - 1:.1f}" y="{self.TOP}" width="{max(right - left, 0) + 2:.1f}" '
            f'height="{height}"/>'
        )

    def level(self, y: float, text: str, kind: str) -> None:
        """A horizontal line with a label at its right end."""
        at, right = self._at_y(y), self._width - self.RIGHT
        self._parts.append(f'<path class="level {kind}" d="M{self.LEFT} {at:.1f}H{right}"/>')
        self._parts.append(f'<text class="end" x="{right - 2}" y="{at - 4:.1f}">{escape(text)}</text>')

    def bars(self, low: np.ndarray, high: np.ndarray, value: np.ndarray, kind: str) -> None:
        """Bars from zero, each from ``low`` to ``high`` on the x axis."""
        floor = self._at_y(max(self._y.low, 0.0))
        for a, b, v in zip(low, high, value, strict=True):
            if not math.isfinite(v):
                continue
            top, bottom = sorted((self._at_y(v), floor))
            width = max(self._at_x(b) - self._at_x(a) - 1, 1)
            self._parts.append(
                f'<rect class="bar {kind}" x="{self._at_x(a):.1f}" y="{top:.1f}" width="{width:.1f}" '
                f'height="{bottom - top:.1f}"/>'
            )

    def points(self, x: np.ndarray, y: np.ndarray, colours: Sequence[str]) -> None:
        """Dots, each in its own colour."""
        for px, py, colour in zip(x, y, colours, strict=True):
            self._parts.append(
                f'<circle cx="{self._at_x(px):.1f}" cy="{self._at_y(py):.1f}" r="2" fill="{colour}"/>'
            )

    def marks(self, x: np.ndarray, y: np.ndarray, shape: Shape, kind: str) -> None:
        """A ``shape`` at each point, all of class ``kind``."""
        drawn = "".join(shape(self._at_x(px), self._at_y(py), 2.5) for px, py in zip(x, y, strict=True))
        self._parts.append(f'<g class="mark {kind}">{drawn}</g>')

    def svg(self) -> str:
        """The chart as SVG; it takes the width of its container."""
        return (
            f'<svg viewBox="0 0 {self._width} {self._height}" role="img" aria-label="{escape(self._label)}">'
            f"{''.join(self._parts)}</svg>"
        )

    def _draw_axes(self, x_label: str, y_label: str, x_ticks: Sequence[tuple[float, str]] | None) -> None:
        right, bottom = self._width - self.RIGHT, self._height - self.BOTTOM
        for value in ticks(self._y):
            at = self._at_y(value)
            self._parts.append(f'<path class="grid" d="M{self.LEFT} {at:.1f}H{right}"/>')
            self._parts.append(f'<text class="end" x="{self.LEFT - 5}" y="{at + 4:.1f}">{value:.6g}</text>')
        marks = x_ticks or [(value, f"{value:.6g}") for value in ticks(self._x, max(5, self._width // 90))]
        for value, text in marks:
            at = self._at_x(value)
            self._parts.append(f'<text class="middle" x="{at:.1f}" y="{bottom + 15}">{escape(text)}</text>')
        self._parts.append(f'<path class="axis" d="M{self.LEFT} {bottom}H{right}"/>')
        middle = (self.LEFT + right) / 2
        self._parts.append(
            f'<text class="middle" x="{middle:.0f}" y="{self._height - 4}">{escape(x_label)}</text>'
        )
        height = (self.TOP + bottom) / 2
        self._parts.append(
            f'<text class="middle" transform="translate(11 {height:.0f}) rotate(-90)">'
            f"{escape(y_label)}</text>"
        )

    def _at_x(self, value: float) -> float:
        share = (value - self._x.low) / (self._x.high - self._x.low)
        return self.LEFT + share * (self._width - self.LEFT - self.RIGHT)

    def _at_y(self, value: float) -> float:
        share = min(max((value - self._y.low) / (self._y.high - self._y.low), -0.1), 1.1)
        return self._height - self.BOTTOM - share * (self._height - self.TOP - self.BOTTOM)


def thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most :data:`MAX_POINTS` points: the lowest and the highest of each group, in order."""
    if len(x) <= MAX_POINTS:
        return x, y
    groups = np.array_split(np.arange(len(x)), MAX_POINTS // 2)
    filled = np.nan_to_num(y, nan=0.0)
    keep = sorted({int(g[pick(filled[g])]) for g in groups for pick in (np.argmin, np.argmax)})
    return x[keep], y[keep]
