"""Fixtures of the spine's tests: a site on a database of its own, on either kind of database.

Tables come straight from the models here; that the migrations make the same tables is tested
where the migrations are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from zhike.config import Config
from zhike.contributions import Engine, PolicyPreset
from zhike.db.base import Base
from zhike.plugins.manager import PluginHost
from zhike.plugins.registry import Owner
from zhike.rules import Cite, Decision, EventInvalid, Policy, Step
from zhike.services.companies import create_company
from zhike.site import Site


@pytest.fixture
def sqlite_config(tmp_path: Path) -> Config:
    """An embedded site's configuration in an empty folder."""
    return Config(home=tmp_path / "home")


def open_site(config: Config) -> Site:
    """Open a site without plugins, its tables made from the models."""
    config.ensure_home()
    site = Site.open(config, plugins=False)
    Base.metadata.create_all(site.engines.write)
    return site


@pytest.fixture
def site(sqlite_config: Config) -> Iterator[Site]:
    """A site on SQLite with all of the core's tables and no company."""
    with closing(open_site(sqlite_config)) as opened:
        yield opened


@pytest.fixture
def postgresql_site(postgresql_url: str, tmp_path: Path) -> Iterator[Site]:
    """The same on PostgreSQL."""
    config = Config(home=tmp_path / "home", database_url=postgresql_url)
    with closing(open_site(config)) as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def any_site(request: pytest.FixtureRequest) -> Site:
    """The test runs on SQLite and on PostgreSQL."""
    name = "site" if request.param == "sqlite" else "postgresql_site"
    opened: Site = request.getfixturevalue(name)
    return opened


@pytest.fixture
def new_company() -> Callable[..., int]:
    """``new_company(site, slug="lanjing")`` makes a company and gives its number."""

    def make(site: Site, slug: str = "lanjing", tz: str = "Asia/Shanghai") -> int:
        with site.system() as s:
            return create_company(s, slug=slug, name=slug.title(), tz=tz).id

    return make


@pytest.fixture
def company(site: Site, new_company: Callable[..., int]) -> int:
    """One company on the SQLite site."""
    return new_company(site)


# -- a regulation small enough to see through: a tally with a cap ---------------------------------

PARAMETERS = """
[[parameter]]
key = "count.cap"
row = 1
type = "int"
title_zh = "上限"
unit = "次"
minimum = 1
maximum = 99
nullable = true
default = { T1 = 7, T2 = 3 }

[[parameter]]
key = "count.over"
row = 2
type = "choice"
title_zh = "超过时"
choices = ["refuse", "warn"]
labels = { refuse = "拒绝", warn = "提醒" }
default = { T1 = "refuse", T2 = "warn" }

[[parameter]]
key = "count.split"
row = 3
type = "split"
title_zh = "分成"
default = { T1 = [8000, 2000] }
"""

PRESET = """
id = "{id}"
plugin = "tally"
title_zh = "计数制 {id}"
title_en = "Tally {id}"
parameters = "parameters.toml"

[[clause]]
rule = "TL-01"
number = "第一条"
text = "每人最多 {{count.cap}} 次，超过时{{count.over}}。"

[[clause]]
rule = "TL-02"
number = "第二条"
text = "余数不计。"
"""


class Tally:
    """An engine that counts: ``add`` raises the tally up to ``count.cap``."""

    plugin = "tally"

    def schema(self) -> dict[str, Any]:
        """See :class:`zhike.rules.Engine`."""
        event = {
            "type": "object",
            "properties": {"at": {"type": "string"}, "add": {"type": "integer"}},
            "required": ["at", "add"],
            "additionalProperties": False,
        }
        return {"given": {"type": "object"}, "event": event, "expect": {"type": "object"}}

    def start(self, given: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
        """See :class:`zhike.rules.Engine`."""
        return {"total": int(given.get("total", 0)), "cap": policy["count.cap"]}

    def handle(self, state: Mapping[str, Any], event: Mapping[str, Any]) -> Step:
        """See :class:`zhike.rules.Engine`."""
        if not isinstance(event.get("add"), int):
            raise EventInvalid("must be a whole number", code="type", field="add")
        total, cap = state["total"] + event["add"], state["cap"]
        capped = total if cap is None else min(total, cap)
        outcome = {"total": capped}
        cite = Cite("TL-01", "within" if capped == total else "capped", {"cap": cap})
        made = Decision("tally", event.get("who", "x"), outcome, (cite,), event["at"])
        return Step({"total": capped, "cap": cap}, outcome, (made,))

    def differences(
        self, expected: Mapping[str, Any], step: Step | None, final: Any
    ) -> list[tuple[str, Any, Any]]:
        """See :class:`zhike.rules.Engine`."""
        actual = {"total": final["total"], **(step.outcome if step else {})}
        return [
            (key, value, actual.get(key))
            for key, value in expected.items()
            if actual.get(key) != value
        ]

    def explain(
        self,
        decision: Decision,
        policy: Policy,
        names: Mapping[str, str] | None = None,
        locale: str = "zh_Hans",
    ) -> list[str]:
        """See :class:`zhike.rules.Engine`."""
        who = (names or {}).get(decision.subject, decision.subject)
        return [f"{who}现为 {decision.outcome['total']} 次。"]


@pytest.fixture
def with_tally(tmp_path: Path) -> Callable[[Site], Site]:
    """``with_tally(site)``: the site as if the plugin ``tally`` with its two presets were there."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "parameters.toml").write_text(PARAMETERS, "utf-8")
    for name in ("T1", "T2"):
        (folder / f"{name}.toml").write_text(PRESET.format(id=name), "utf-8")

    def fit(opened: Site) -> Site:
        host = PluginHost({})
        owner = Owner("tally")
        engine = Engine(name="tally.count", title="Tally", load=Tally)
        host.registry.add(owner, "register_engines", [(engine.name, engine)])
        for name in ("T1", "T2"):
            preset = PolicyPreset(
                name=f"tally.{name}",
                title=name,
                engine="tally.count",
                path=folder / f"{name}.toml",
            )
            host.registry.add(owner, "register_policies", [(preset.name, preset)])
        opened.__dict__["plugins"] = host
        return opened

    return fit
