"""Charts as data: what a report hands to ``zhike/macros/charts.html``, which draws any of them.

A chart says its title and its numbers; colours, dashes, the words beside the drawing and the table
behind it are the macros' business. Each needs an ``id`` of its own on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

Number = int | float


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What every chart has: ``id``, ``title``, ``unit`` of its numbers, ``desc`` in a sentence."""

    kind: ClassVar[str]
    id: str
    title: str
    unit: str = ""
    desc: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look at."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """One bar a row: ``rows`` are (label, value) or (label, value, tone)."""

    kind: ClassVar[str] = "bars"
    rows: Sequence[tuple[str, Number | None] | tuple[str, Number | None, str]]

    @property
    def empty(self) -> bool:
        """Whether no bar has a length."""
        return not any(row[1] for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class GroupedChart(Chart):
    """Several bars a row, one for each of ``names``, such as this period and the one before."""

    kind: ClassVar[str] = "grouped"
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Number | None]]]

    @property
    def empty(self) -> bool:
        """Whether no bar has a length."""
        return not any(any(values) for _label, values in self.rows)


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """Up to four lines over the same ``labels``; ``None`` breaks a line, it is not zero."""

    kind: ClassVar[str] = "lines"
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[Number | None]]]

    @property
    def empty(self) -> bool:
        """Whether no line leaves the ground."""
        return not any(any(values) for _name, values in self.series)


@dataclass(frozen=True, kw_only=True)
class HeatChart(Chart):
    """A field of numbers, darker where there is more; ``values`` row by row, each number printed.

    ``corner`` names the rows, such as "weekday".
    """

    kind: ClassVar[str] = "heat"
    corner: str
    columns: Sequence[str]
    rows: Sequence[str]
    values: Sequence[Sequence[Number | None]]

    @property
    def empty(self) -> bool:
        """Whether every number is nothing."""
        return not any(any(row) for row in self.values)
