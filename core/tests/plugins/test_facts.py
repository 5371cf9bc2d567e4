"""One fact, one owner: who decides where two plugins have a rule about the same thing."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from zhike.services import facts, lifecycle
from zhike.site import Site
from zhike.testing.sites import make_company

Write = Callable[..., str]
Open = Callable[..., Site]

OWNS = """
    @hookimpl
    def register_owned_facts():
        def decides(s, unit_id):
            return {answer}
        return [OwnedFact(name="{name}.parcels", title="Parcels", fact="parcels", decides=decides)]
"""
PLACE = uuid.UUID(int=7)


def test_the_owner_decides_while_it_is_active_and_nobody_else(
    write_plugin: Write, open_with: Open
) -> None:
    write_plugin("desk")
    write_plugin("post", OWNS.format(name="post", answer="True"))
    site = open_with("desk", "post")
    company, other = make_company(site, "aa"), make_company(site, "bb")
    with site.transaction(company) as s:
        assert facts.owner_of(s, "parcels", PLACE, asking="desk") == ""
        lifecycle.enable(s, "post")
    with site.reader(company) as s:
        assert facts.owner_of(s, "parcels", PLACE, asking="desk") == "post"
        assert facts.owner_of(s, "parcels", PLACE, asking="post") == ""
        assert facts.owner_of(s, "letters", PLACE, asking="desk") == ""
        assert facts.app_title(s, "post") == "Post"
    with site.reader(other) as s:
        assert facts.owner_of(s, "parcels", PLACE, asking="desk") == ""
    with site.transaction(company) as s:
        lifecycle.disable(s, "post")
    with site.reader(company) as s:
        assert facts.owner_of(s, "parcels", PLACE, asking="desk") == ""


def test_it_decides_only_where_it_says_so_and_not_where_it_fails(
    write_plugin: Write, open_with: Open
) -> None:
    here = f"unit_id == __import__('uuid').UUID('{PLACE}')"
    write_plugin("nearby", OWNS.format(name="nearby", answer=here))
    write_plugin("broken", OWNS.format(name="broken", answer="1 // 0"))
    site = open_with("nearby", "broken")
    company = make_company(site, "aa")
    with site.transaction(company) as s:
        lifecycle.enable(s, "nearby")
        lifecycle.enable(s, "broken")
    with site.reader(company) as s:
        assert facts.owner_of(s, "parcels", PLACE) == "nearby"
        assert facts.owner_of(s, "parcels", uuid.UUID(int=8)) == ""
    assert {(f.plugin, f.where) for f in site.plugins.failures} == {("broken", "decides parcels")}
