"""Numbering rules: what a number says, when counting starts anew, gapless and scattered."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from sqlalchemy import select

from zhike.errors import Conflict, NotFound, UserError
from zhike.models.ledger import LedgerLine
from zhike.services import numbering
from zhike.services.numbering import NumberRule, check_rule, scatter
from zhike.services.organisation import add_unit
from zhike.site import Site

RULE = NumberRule(name="test.visit", title="Visits")
DAY = date(2026, 11, 21)


def unit(site: Site, company: int, code: str, parent: uuid.UUID | None = None) -> uuid.UUID:
    with site.transaction(company) as s:
        kind = "department" if parent else "site"
        return add_unit(s, name=code, code=code, kind=kind, parent_id=parent).id


def take(site: Site, company: int, place: uuid.UUID | None = None, on: date = DAY) -> str:
    with site.transaction(company) as s:
        return numbering.take(s, "test.visit", place, on)


def fit(site: Site, company: int, rule: NumberRule = RULE) -> None:
    with site.transaction(company) as s:
        numbering.ensure(s, rule)


def test_numbers_follow_each_other_per_site_and_day(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    fit(any_site, company)
    lj, ht = unit(any_site, company, "LJ"), unit(any_site, company, "HT")
    desk = unit(any_site, company, "LJ-A", lj)
    assert take(any_site, company, lj) == "LJ20261121-0001"
    assert take(any_site, company, desk) == "LJ20261121-0002"  # the desk belongs to the site
    assert take(any_site, company, ht) == "HT20261121-0001"
    assert take(any_site, company, lj, date(2026, 11, 22)) == "LJ20261122-0001"
    assert take(any_site, company, lj) == "LJ20261121-0003"
    assert take(any_site, company) == "LANJING20261121-0001"


def test_what_is_rolled_back_gives_its_number_back(site: Site, company: int) -> None:
    fit(site, company)
    take(site, company)
    with pytest.raises(RuntimeError), site.transaction(company) as s:
        assert numbering.take(s, "test.visit", None, DAY).endswith("0002")
        raise RuntimeError
    assert take(site, company).endswith("-0002")


@pytest.mark.parametrize(
    ("reset", "pattern", "numbers"),
    [
        ("never", "V{n}", ["V0001", "V0002", "V0003", "V0004"]),
        ("year", "V{yy}-{n}", ["V26-0001", "V26-0002", "V26-0003", "V27-0001"]),
        ("month", "{yyyy}{mm}-{n}", ["202611-0001", "202611-0002", "202612-0001", "202701-0001"]),
    ],
)
def test_counting_starts_anew_when_the_rule_says(
    site: Site, company: int, reset: numbering.Reset, pattern: str, numbers: list[str]
) -> None:
    fit(site, company, replace(RULE, reset=reset, pattern=pattern, per_unit=False))
    days = (DAY, date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 1))
    assert [take(site, company, on=day) for day in days] == numbers


def test_a_full_series_goes_on_with_more_digits(site: Site, company: int) -> None:
    fit(site, company, replace(RULE, digits=1, pattern="{n}", reset="never", per_unit=False))
    assert [take(site, company) for _ in range(11)][-2:] == ["10", "11"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pattern": "{site}{yyyy}{mm}{dd}"}, "pattern"),
        ({"pattern": "{n}{n}{site}{yyyy}{mm}{dd}"}, "pattern"),
        ({"pattern": "{site}{yyyy}{mm}-{n}"}, "pattern"),
        ({"pattern": "{site}{mm}{dd}-{n}"}, "pattern"),
        ({"pattern": "{yyyy}{mm}{dd}-{n}"}, "pattern"),
        ({"pattern": "{site}{yyyy}{mm}{dd}{who}-{n}"}, "pattern"),
        ({"pattern": "{site.__class__}{yyyy}{mm}{dd}-{n}"}, "pattern"),
        ({"pattern": "{site}{yyyy}{mm}{dd}-{n}{"}, "pattern"),
        ({"pattern": "{site}{yyyy}{mm}{dd}-{n}" + "x" * 50}, "pattern"),
        ({"digits": 0}, "digits"),
        ({"digits": 13}, "digits"),
    ],
)
def test_a_rule_that_would_repeat_numbers_is_refused(change: dict[str, object], field: str) -> None:
    check_rule(RULE)
    with pytest.raises(UserError) as caught:
        check_rule(replace(RULE, **change))
    assert caught.value.field == field


def test_an_unknown_rule_says_so(site: Site, company: int) -> None:
    with pytest.raises(NotFound, match=r"test\.visit"):
        take(site, company)


def test_ensuring_twice_keeps_what_the_company_changed(site: Site, company: int) -> None:
    fit(site, company)
    with site.transaction(company) as s:
        (row,) = numbering.rules_of(s)
        numbering.change(s, row.id, replace(RULE, digits=6), lock=row.version)
    fit(site, company)
    assert take(site, company).endswith("-000001")
    with site.reader(company) as s:
        actions = s.scalars(select(LedgerLine.action)).all()
    assert actions == ["core.numbering.changed"]


def test_a_changed_rule_repeats_no_number_and_stale_changes_are_refused(
    site: Site, company: int
) -> None:
    fit(site, company)
    given = [take(site, company) for _ in range(3)]
    with site.transaction(company) as s:
        (row,) = numbering.rules_of(s)
        seen = row.version
        numbering.change(s, row.id, replace(RULE, reset="never"), lock=seen)
    given += [take(site, company) for _ in range(3)]
    assert len(set(given)) == 6
    with pytest.raises(Conflict), site.transaction(company) as s:
        numbering.change(s, row.id, RULE, lock=seen)


def test_scattered_series_are_cut_anew_only_under_another_pattern(site: Site, company: int) -> None:
    fit(site, company)
    given = [take(site, company) for _ in range(3)]
    scattered = replace(RULE, kind="scattered", digits=1)
    with site.transaction(company) as s:
        (row,) = numbering.rules_of(s)
        with pytest.raises(UserError) as caught:
            numbering.change(s, row.id, scattered, lock=row.version)
        assert caught.value.field == "pattern"
        numbering.change(
            s, row.id, replace(scattered, pattern="{site}{yy}{mm}{dd}-{n}"), lock=row.version
        )
    given += [take(site, company) for _ in range(20)]
    assert len(set(given)) == 23


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_scattered_serials_are_each_given_once(digits: int) -> None:
    size = 10**digits
    serials = [scatter(b"k" * 32, number, digits) for number in range(1, size + 1)]
    assert sorted(serials) == [str(n).zfill(digits) for n in range(size)]
    assert scatter(b"k" * 32, size + 1, digits) not in serials
    assert len(scatter(b"k" * 32, size + 1, digits)) == digits + 1


def test_scattered_serials_tell_nothing_of_their_order() -> None:
    serials = [int(scatter(b"k" * 32, number, 6)) for number in range(1, 401)]
    rising = sum(b > a for a, b in pairwise(serials))
    assert 150 < rising < 250
    assert max(serials) - min(serials) > 900_000
    other = [int(scatter(b"j" * 32, number, 6)) for number in range(1, 401)]
    assert sum(a == b for a, b in zip(serials, other, strict=True)) < 5


def test_scattered_numbers_are_taken_by_rule(site: Site, company: int) -> None:
    rule = replace(RULE, kind="scattered", pattern="S{n}", reset="never", per_unit=False)
    fit(site, company, rule)
    given = [take(site, company) for _ in range(30)]
    assert len(set(given)) == 30
    assert given != sorted(given)
    assert all(len(number) == 5 for number in given)
