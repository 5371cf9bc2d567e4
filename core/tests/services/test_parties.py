"""Looking customers up: what is enough to find somebody, and what nobody is told."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from zhike.services import parties
from zhike.site import Site


@pytest.fixture
def known(site: Site) -> Site:
    """A site that knows 王, 王小 and sixty more of that name, all with one number's last digits."""
    with site.transaction(1) as s:
        parties.create(s, name="王", note="预算不足")
        for number in range(61):
            parties.create(s, name="王小", phone=f"138001{number:02}678", note="预算不足")
    return site


@pytest.mark.parametrize("text", ["", " ", "w", "W ", "w-", "8", "67", "678", "-", "%", "🙂"])
def test_less_than_two_letters_or_four_digits_find_nobody(known: Site, text: str) -> None:
    with known.reader(1) as s:
        assert parties.suggest(s, text) == []


@pytest.mark.parametrize("text", ["王", "wx", "王x", "wang xiao", "0678", "13800100678"])
def test_a_name_its_pinyin_or_four_digits_find(known: Site, text: str) -> None:
    with known.reader(1) as s:
        assert parties.suggest(s, text)


@pytest.mark.parametrize("text", ["wang", "王小"])
def test_nobody_is_told_of_more_than_so_many(known: Site, text: str) -> None:
    with known.reader(1) as s:
        assert len(parties.suggest(s, text)) == 8
        assert len(parties.suggest(s, text, limit=10_000)) == parties.MOST_HITS


def test_a_hit_is_a_name_and_a_masked_number(known: Site) -> None:
    with known.reader(1) as s:
        hits = [*parties.suggest(s, "王小"), *parties.find_by_name(s, "王小")]
    for hit in hits:
        assert set(asdict(hit)) == {"id", "name", "phone_masked", "owner_unit_id"}
        assert "*" in hit.phone_masked
        assert "预算" not in str(hit)
