"""The dry run 试导入: every row looked at, nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zhike.contributions import Checked, Importer, Problem, RecordRef
from zhike.db.session import CompanySession
from zhike.errors import UserError
from zhike.i18n import _
from zhike.services.transfer.cells import BadCell, as_text, read_cell
from zhike.services.transfer.headings import Translate, heading, plain
from zhike.services.transfer.reading import Row, Upload
from zhike.services.transfer.template import example_of

MAX_SHOWN = 500
"""Problems that a report keeps word by word for the page; the workbook has them all."""

_STRETCH = 500


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A problem with its row number as the spreadsheet counts."""

    row: int
    problem: Problem


class Seen(dict[tuple[Any, ...], int]):
    """Which keys the rows of a file had so far, each with the first row's number."""


@dataclass
class Report:
    """What a check found. Counts are rows: ``total`` = ``good`` + ``bad``; ``fresh`` + ``known`` =
    ``good`` (new records and such as exist already); ``warned`` are good rows with a warning."""

    total: int = 0
    good: int = 0
    bad: int = 0
    warned: int = 0
    fresh: int = 0
    known: int = 0
    examples: int = 0
    ignored_columns: tuple[str, ...] = ()
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every row may be applied, and there is one."""
        return self.bad == 0 and self.good > 0

    def add(self, part: Report) -> None:
        """Count a further part of the same file."""
        self.total += part.total
        self.good += part.good
        self.bad += part.bad
        self.warned += part.warned
        self.fresh += part.fresh
        self.known += part.known
        self.examples += part.examples
        self.problems.extend(part.problems)

    def by_row(self) -> dict[int, list[Problem]]:
        """The problems by row number."""
        rows: dict[int, list[Problem]] = {}
        for entry in self.problems:
            rows.setdefault(entry.row, []).append(entry.problem)
        return rows

    def to_json(self) -> dict[str, Any]:
        """The report for a page or the API, with the first :data:`MAX_SHOWN` problems."""
        return {
            "total": self.total,
            "good": self.good,
            "bad": self.bad,
            "warned": self.warned,
            "fresh": self.fresh,
            "known": self.known,
            "ignored_columns": list(self.ignored_columns),
            "problems": [
                {
                    "row": entry.row,
                    "column": entry.problem.column,
                    "message": entry.problem.message,
                    "warning": entry.problem.warning,
                }
                for entry in self.problems[:MAX_SHOWN]
            ],
            "more": max(0, len(self.problems) - MAX_SHOWN),
        }


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that was looked at."""

    number: int
    checked: Checked


def dry_run(
    s: CompanySession,
    importer: Importer,
    upload: Upload,
    *,
    tz: str = "Asia/Shanghai",
    translate: Translate = plain,
) -> Report:
    """Check every row of ``upload`` and return what was found; a reading session is enough."""
    report = Report(ignored_columns=upload.mapped.ignored)
    for row in check_rows(s, importer, upload, report, tz=tz, translate=translate):
        if row.checked.good:
            count_good(report, find_existing(s, importer, row))
    return report


def find_existing(s: CompanySession, importer: Importer, row: CheckedRow) -> RecordRef | None:
    """The record that a good row is about, if there is one already."""
    if importer.find_existing is None:
        return None
    return importer.find_existing(s, row.checked.value)


def count_good(report: Report, existing: RecordRef | None) -> None:
    """Count a good row as a new record or one that exists."""
    if existing is None:
        report.fresh += 1
    else:
        report.known += 1


def check_rows(
    s: CompanySession,
    importer: Importer,
    upload: Upload,
    report: Report,
    *,
    tz: str,
    translate: Translate,
    seen: Seen | None = None,
) -> Iterator[CheckedRow]:
    """Yield each row after checking and count it in ``report``; examples are left out.

    ``seen`` carries over which rows an earlier part of the same file had.
    """
    seen = Seen() if seen is None else seen
    example = example_of(importer.columns)
    for start in range(0, len(upload.rows), _STRETCH):
        stretch = [
            (row.number, *_values(importer, upload, row, tz, translate))
            for row in upload.rows[start : start + _STRETCH]
            if _is_data(example, upload, row, report)
        ]
        if importer.ahead is not None:
            importer.ahead(s, [values for _number, values, problems in stretch if not problems])
        for number, values, problems in stretch:
            report.total += 1
            checked = Checked(None, tuple(problems))
            if checked.good:
                checked = _validate(s, importer, values, problems)
            first = _duplicate(importer, values, checked, seen, number) if checked.good else None
            if first is not None:
                same = Problem(
                    _("The same as row %(row)d of this file.", row=first), importer.key[0]
                )
                checked = Checked(checked.value, (*checked.problems, same))
            report.problems.extend(RowProblem(number, problem) for problem in checked.problems)
            report.good += checked.good
            report.bad += not checked.good
            report.warned += checked.good and bool(checked.problems)
            yield CheckedRow(number, checked)


def _is_data(example: dict[str, str], upload: Upload, row: Row, report: Report) -> bool:
    """Whether a row says something; examples of the template are counted and left out."""
    texts = {
        key: as_text(row.cells[place]) if place < len(row.cells) else ""
        for key, place in upload.mapped.places.items()
    }
    if not any(texts.values()):
        return False  # only the error column of an earlier try is filled
    if example and {key: text for key, text in texts.items() if text} == example:
        report.examples += 1
        return False
    return True


def _values(
    importer: Importer, upload: Upload, row: Row, tz: str, translate: Translate
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in importer.columns:
        place = upload.mapped.places.get(column.key)
        raw = row.cells[place] if place is not None and place < len(row.cells) else None
        try:
            value = read_cell(column, raw, tz)
        except BadCell as error:
            problems.append(Problem(str(error), column.key))
            continue
        if value is None and column.required:
            title = heading(column, translate)
            problems.append(Problem(_("%(column)s is missing.", column=title), column.key))
        values[column.key] = value
    return values, problems


def _validate(
    s: CompanySession, importer: Importer, values: dict[str, Any], problems: list[Problem]
) -> Checked:
    try:
        checked = importer.validate(s, values)
    except UserError as error:  # a service's own refusal says it as well as the importer would
        return Checked(None, (*problems, Problem(error.message, error.field or "")))
    return Checked(checked.value, (*problems, *checked.problems))


def _duplicate(
    importer: Importer,
    values: dict[str, Any],
    checked: Checked,
    seen: Seen,
    number: int,
) -> int | None:
    """The earlier row with the same key; compared as validated, where that is a mapping too, so
    that two spellings of one phone are one."""
    held = {**values, **checked.value} if isinstance(checked.value, Mapping) else values
    key = tuple(held.get(part) for part in importer.key)
    if all(part is None or part == "" for part in key):
        return None
    first = seen.setdefault(key, number)
    return first if first != number else None
