"""Two administrators at once: whoever comes second sees what the first has done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from zhike.models.company import Company
from zhike.models.ledger import LedgerLine
from zhike.plugins.active import active_for, enabled_names
from zhike.services import lifecycle
from zhike.services.lifecycle import LifecycleError
from zhike.site import Site
from zhike.testing.sites import make_company, make_site

NAMES = ("base", "top")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(
    request: pytest.FixtureRequest,
    write_plugin: Callable[..., str],
    folder: Path,
    tmp_path: Path,
    zhike_template: Path,
) -> Iterator[Site]:
    write_plugin("base")
    write_plugin("top", "", "depends=('base',)")
    with contextlib.ExitStack() as stack:
        url, template = "", zhike_template
        if request.param == "postgresql":
            url, template = request.getfixturevalue("postgresql_url"), None
        made = make_site(
            tmp_path / "home", NAMES, database_url=url, template=template, plugin_path=[folder]
        )
        stack.callback(made.close)
        yield made


def test_no_race_leaves_a_plugin_without_what_it_needs(site: Site) -> None:
    company = make_company(site, "aa")

    def on() -> str:
        with contextlib.suppress(LifecycleError), site.transaction(company) as s:
            return f"on:{len(lifecycle.enable(s, 'top', with_missing=True))}"
        return "refused"

    def off() -> str:
        with contextlib.suppress(LifecycleError), site.transaction(company) as s:
            return f"off:{len(lifecycle.disable(s, 'base'))}"
        return "refused"

    answers: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            answers += [f.result() for f in [pool.submit(w) for w in (on, off, on, off)]]
            with site.reader(company) as s:
                names = enabled_names(s)
            assert "top" not in names or "base" in names
            with site.transaction(company) as s:
                lifecycle.disable(s, "base", with_dependants=True)
    assert "refused" in answers  # base cannot go under top
    assert any(a.startswith("on:2") for a in answers)


def test_every_switch_has_its_ledger_line_and_its_generation(site: Site) -> None:
    company = make_company(site, "aa")
    with site.system_reader() as g:
        before = g.scalars(select(Company.generation).where(Company.id == company)).one()

    def flip(number: int) -> int:
        with site.transaction(company) as s:
            step = lifecycle.enable if number % 2 else lifecycle.disable
            return len(step(s, "base"))

    with ThreadPoolExecutor(4) as pool:
        changes = sum(pool.map(flip, range(40)))
    with site.reader(company) as s:
        lines = s.scalars(
            select(LedgerLine.action)
            .where(LedgerLine.action.startswith("core.plugin"))
            .order_by(LedgerLine.seq)
        ).all()
        after = s.scalars(select(Company.generation).where(Company.id == company)).one()
        names = enabled_names(s)
    assert len(lines) == changes == after - before
    words = ["core.plugin.enabled", "core.plugin.disabled"]
    assert list(lines) == [words[n % 2] for n in range(len(lines))]
    assert (len(lines) % 2 == 1) == ("base" in names)
    assert ("base" in active_for(site, company, after)) == ("base" in names)
