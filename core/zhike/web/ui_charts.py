"""Geometry of the charts: numbers in, SVG coordinates out. The macros only place what this says.

Every chart is drawn in a box of 100 by 100 that the page stretches, so that one drawing serves a
phone and a wall while the words beside it stay HTML of readable size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

Number = int | float


def _short(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def axis(values: Sequence[Number | None], steps: int = 4) -> list[Number]:
    """Tick values from zero to a round number at or above the largest, highest first.

    Always ``steps`` equal intervals of 1, 2, 2.5 or 5 times a power of ten (whole numbers when all
    values are whole), so that evenly spaced labels are right. Nothing at all gives 0 to ``steps``.
    """
    known = [v for v in values if v is not None]
    top = max([*known, 0])
    if top <= 0:
        return list(range(steps, -1, -1))
    whole = all(float(v).is_integer() for v in known)
    rough = top / steps
    power = 10.0 ** floor(log10(rough))
    width = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough - 1e-9 * rough)
    if whole:
        width = max(1, ceil(width))
    ticks: list[Number] = []
    for i in range(steps, -1, -1):
        tick = round(width * i, 10)
        ticks.append(int(tick) if float(tick).is_integer() else tick)
    return ticks


def percent_of(value: Number | None, top: Number) -> str:
    """``value`` as a length on an axis of 100 that ends at ``top``; 0 where there is no value."""
    if not value or top <= 0:
        return "0"
    return _short(max(0.0, min(100.0, 100.0 * value / top)))


@dataclass(frozen=True, slots=True)
class Line:
    """A series as drawn: unbroken ``segments`` (``x,y x,y …``) and the single ``points``."""

    segments: tuple[str, ...]
    points: tuple[tuple[str, str], ...]


def line(values: Sequence[Number | None], top: Number) -> Line:
    """Evenly spaced points from left to right; a missing value breaks the line, it is not zero."""
    last = max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    points: list[tuple[str, str]] = []
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        x = _short(100.0 * index / last)
        y = _short(100.0 - float(percent_of(value, top)))
        runs[-1].append(f"{x},{y}")
        points.append((x, y))
    return Line(tuple(" ".join(run) for run in runs if len(run) > 1), tuple(points))


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a ring, on a circle whose length is 100: how long, and where it begins."""

    length: str
    start: str
    percent: str


def ring(values: Sequence[Number]) -> list[Slice]:
    """The parts of a donut, clockwise from twelve; percentages have one decimal."""
    total = sum(values)
    slices: list[Slice] = []
    begun = 0.0
    for value in values:
        length = 100.0 * value / total if total > 0 else 0.0
        slices.append(Slice(_short(length), _short(-begun), f"{length:.1f}"))
        begun += length
    return slices


#: Steps of a heat field above nothing.
HEAT_STEPS = 5


def heat(values: Sequence[Sequence[Number | None]]) -> list[list[int]]:
    """How dark each number of a field is drawn: 0 for nothing, up to 5 for the largest."""
    top = max((v for row in values for v in row if v), default=0)
    return [[ceil(HEAT_STEPS * v / top) if v and v > 0 else 0 for v in row] for row in values]
