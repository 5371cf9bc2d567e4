"""The parameter table and the figures of P12, read as data."""

from __future__ import annotations

from zhike.rules import load_parameters
from zhike_sales_floor.policies import FOLDER, preset

from .conftest import P12


def test_all_rows_of_the_parameter_table_load_for_every_preset() -> None:
    """Another column of the table is data: rows 1 to 83, each read by its own bounds."""
    every = load_parameters(FOLDER / "parameters.toml")
    assert {p.row for p in every} == set(range(1, 84))
    for key in ("P12", "P13", "P4S", "PZS", "PHY"):
        values = {p.key: p.read(p.defaults[key]) for p in every if key in p.defaults}
        assert values
    assert {p.key: p for p in every}["split.absent_assist"].read([8000, 2000]) == (8000, 2000)
    for parameter in every:
        assert parameter.title_zh
        assert not parameter.choices or set(parameter.labels) <= set(parameter.choices)


def test_every_figure_that_p12_offers_is_read_by_something() -> None:
    """A parameter that changes nothing is a promise nobody keeps; each group has its own name."""
    sources = [*FOLDER.parent.rglob("*.py"), FOLDER / "p12.toml"]
    text = "\n".join(p.read_text(encoding="utf-8") for p in sources)
    shipped = preset("P12")
    assert [p.key for p in shipped.parameters if p.key not in text] == []
    assert {p.key.split(".")[0] for p in shipped.parameters} <= set(shipped.families)


def test_p12_has_its_figures_and_a_clause_for_each_rule() -> None:
    assert P12["rotation.owed_cap"] == 1
    assert P12["owner.contact_lapse_days"] == 7
    assert "split.same_day_assist" not in P12.params
    for number in range(1, 13):
        assert P12.sentence(f"SF-A-{number:02d}")
    changed = preset("P12").policy({"sales_floor.owner.contact_lapse_days": 10})
    assert "10 天" in changed.sentence("SF-A-05")
