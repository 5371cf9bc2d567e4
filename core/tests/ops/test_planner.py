"""What keeps finds quick on the embedded database, whatever is in its tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from zhike.db.session import CompanySession
from zhike.ops import nightly
from zhike.services import parties
from zhike.site import Site
from zhike.testing.sites import plan_of

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("index", "ask"),
    [
        ("company_id_name_id", lambda s: parties.find_by_name(s, "张伟")),
        ("company_id_phone_index_id", lambda s: parties.find_by_phone(s, "13812345678")),
        ("company_id_phone_tail_id", lambda s: parties.suggest(s, "5678")),
    ],
)
def test_a_party_is_found_by_its_index_even_before_there_are_figures(
    site: Site, index: str, ask: Callable[[CompanySession], Any]
) -> None:
    assert index in plan_of(site, 1, ask)


def test_the_planner_gets_its_figures(site: Site) -> None:
    nightly.count_for_the_planner(site)
    with site.engines.read.connect() as connection:
        known = connection.exec_driver_sql("SELECT DISTINCT tbl FROM sqlite_stat1").scalars().all()
    assert "core__party" in known
