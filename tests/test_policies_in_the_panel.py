"""Regulations and drills in the panel, with the sales floor's own rules behind them."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike import clock
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.services import policies
from zhike.site import Site
from zhike.testing import read_page


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


@pytest.fixture
def admin(login: Callable[..., FlaskClient], company: int) -> FlaskClient:
    return login(company)


def post(client: FlaskClient, url: str, page: str | None = None, **values: Any) -> Any:
    shown = client.get(page or url).get_data(as_text=True)
    token = read_page(shown).csrf_token
    return client.post(
        url,
        data={"csrf_token": token, "idempotency_key": uuid.uuid4().hex, **values},
    )


def fields(client: FlaskClient, url: str) -> dict[str, Any]:
    """What a browser would send back from the editor without touching anything."""
    shown = read_page(client.get(url).get_data(as_text=True))
    (editor,) = [form for form in shown.forms if "lock" in form.values]
    return {
        k: v
        for k, v in editor.values.items()
        if k.startswith(("params.", "clauses.", "lock", "mode", "csrf"))
    }


def a_draft(admin: FlaskClient, site: Site, company: int) -> tuple[uuid.UUID, str]:
    with site.reader(company) as s:
        record = s.scalars(select(PolicyRecord)).one()
    page = f"/admin/policies/{record.id}"
    answer = post(admin, f"{page}/draft", page)
    assert answer.status_code == 302
    return record.id, answer.headers["Location"]


def test_the_enabled_app_has_a_regulation_in_force(admin: FlaskClient) -> None:
    text = admin.get("/admin/policies").get_data(as_text=True)
    assert "/admin/policies/versions/" in text


def test_every_page_opens(admin: FlaskClient, site: Site, company: int) -> None:
    policy_id, editor = a_draft(admin, site, company)
    version = editor.removesuffix("/edit")
    for path in (
        "/admin/policies",
        "/admin/policies/new",
        f"/admin/policies/{policy_id}",
        editor,
        version,
        f"{version}/publish",
        f"{version}/file",
        "/admin/policies/choose/sales_floor",
        "/admin/policies/import",
        "/admin/drills",
        "/admin/drills/new",
        "/admin/drills/replay",
    ):
        answer = admin.get(path)
        assert answer.status_code == 200, f"{path}: {answer.get_data(as_text=True)[:1500]}"


def test_a_second_author_finds_the_draft_that_is_open(
    admin: FlaskClient, login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    policy_id, editor = a_draft(admin, site, company)
    assert a_draft(admin, site, company) == (policy_id, editor)
    other = login(company)
    assert a_draft(other, site, company) == (policy_id, editor)
    text = other.get(f"/admin/policies/{policy_id}").get_data(as_text=True)
    assert editor in text
    assert f"/admin/policies/{policy_id}/draft" not in text
    assert f"{editor.removesuffix('/edit')}/discard" in text
    with site.reader(company) as s:
        drafts = s.scalars(select(PolicyVersion).where(PolicyVersion.state == "draft")).all()
        assert len(drafts) == 1
        assert drafts[0].author in other.get(editor).get_data(as_text=True)


def test_who_is_told_of_a_colleague_s_change_may_save_after_looking(
    admin: FlaskClient, site: Site, company: int
) -> None:
    _policy_id, editor = a_draft(admin, site, company)
    mine = fields(admin, editor)
    theirs = {**mine, "params.owner.contact_lapse_days": "9"}
    assert admin.post(editor, data=theirs).status_code == 302
    again = admin.post(editor, data={**mine, "params.owner.contact_lapse_days": "12"})
    assert again.status_code == 422
    shown = re.search(r'name="lock" value="(\d+)"', again.get_data(as_text=True))
    assert shown
    sent = {**mine, "params.owner.contact_lapse_days": "12", "lock": shown[1]}
    assert admin.post(editor, data=sent).status_code == 302


def test_nobody_publishes_what_he_has_not_seen(
    admin: FlaskClient, site: Site, company: int
) -> None:
    _policy_id, editor = a_draft(admin, site, company)
    publish = editor.replace("/edit", "/publish")
    lock = re.search(r'name="lock"[^>]*value="(\d+)"', admin.get(publish).get_data(as_text=True))
    assert lock
    sent = {**fields(admin, editor), "params.owner.contact_lapse_days": "9"}
    assert admin.post(editor, data=sent).status_code == 302
    late = post(admin, publish, reason="启用", lock=lock[1])
    assert late.status_code == 422
    text = late.get_data(as_text=True)
    assert "<ins>9" in text
    for mangled in ("", "abc", "²", "9" * 30):
        assert post(admin, publish, reason="启用", lock=mangled).status_code == 422
        assert admin.post(editor, data={**sent, "lock": mangled}).status_code == 422
    seen = re.search(r'name="lock"[^>]*value="(\d+)"', text)
    assert seen
    assert post(admin, publish, reason="启用", lock=seen[1]).status_code == 302
    assert admin.get(publish).headers["Location"] == editor.removesuffix("/edit")


def test_from_seven_days_to_ten_in_the_future(admin: FlaskClient, site: Site, company: int) -> None:
    _policy_id, editor = a_draft(admin, site, company)
    sent = fields(admin, editor)
    assert sent["params.owner.contact_lapse_days"] == "7"
    answer = admin.post(editor, data={**sent, "params.owner.contact_lapse_days": "10"})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    publish = editor.replace("/edit", "/publish")
    text = admin.get(publish).get_data(as_text=True)
    assert "<del>7" in text
    assert "<ins>10" in text
    past = post(admin, publish, effective_from="2020-01-01T08:00", reason="试")
    assert past.status_code == 422
    soon = clock.local(clock.now() + timedelta(days=2), "Asia/Shanghai")
    answer = post(admin, publish, effective_from=f"{soon:%Y-%m-%dT%H:%M}", reason="放宽保护期")
    assert answer.status_code == 302, answer.get_data(as_text=True)
    with site.reader(company) as s:
        today = policies.in_force(s, "sales_floor", None, clock.now())
        later = policies.in_force(s, "sales_floor", None, clock.now() + timedelta(days=3))
        row = s.scalars(select(PolicyVersion).where(PolicyVersion.number == 2)).one()
    assert (today.policy.get("owner.contact_lapse_days"), today.number) == (7, 1)
    assert (later.policy.get("owner.contact_lapse_days"), later.number) == (10, 2)
    page = f"/admin/policies/versions/{row.id}"
    assert post(admin, f"{page}/withdraw", page, reason="想错了").status_code == 302
    with site.reader(company) as s:
        still = policies.in_force(s, "sales_floor", None, clock.now() + timedelta(days=3))
    assert still.number == 1


def test_the_editor_sent_back_untouched_changes_nothing(
    admin: FlaskClient, site: Site, company: int
) -> None:
    _, editor = a_draft(admin, site, company)
    assert admin.post(editor, data=fields(admin, editor)).status_code == 302
    with site.reader(company) as s:
        draft = s.scalars(select(PolicyVersion).where(PolicyVersion.state == "draft")).one()
    assert draft.params == {}
    assert draft.clauses == {}


def test_a_bad_value_is_said_beside_it_and_kept(
    admin: FlaskClient, site: Site, company: int
) -> None:
    _, editor = a_draft(admin, site, company)
    sent = fields(admin, editor)
    answer = admin.post(editor, data={**sent, "params.owner.contact_lapse_days": "bald"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="bald"' in text
    assert "is-invalid" in text


def test_the_company_s_own_clause(admin: FlaskClient, site: Site, company: int) -> None:
    _, editor = a_draft(admin, site, company)
    sent = fields(admin, editor)
    sent["clauses.SF-A-05.number"] = "第八条第二款"
    sent["clauses.SF-A-05.text"] = "超过{owner.contact_lapse_days}天没有联系的客户，重新轮接。"
    assert admin.post(editor, data=sent).status_code == 302
    text = admin.get(editor.removesuffix("/edit")).get_data(as_text=True)
    assert "第八条第二款" in text
    assert "超过7天没有联系的客户" in text


def test_modes(admin: FlaskClient, site: Site, company: int) -> None:
    _, editor = a_draft(admin, site, company)
    assert admin.post(editor, data={**fields(admin, editor), "mode": "observe"}).status_code == 302
    publish = editor.replace("/edit", "/publish")
    assert post(admin, publish, reason="先看一个月").status_code == 302
    with site.reader(company) as s:
        assert policies.in_force(s, "sales_floor", None, clock.now()).mode == "observe"


def test_a_file_goes_out_and_comes_back(admin: FlaskClient, site: Site, company: int) -> None:
    import io

    with site.reader(company) as s:
        version = s.scalars(select(PolicyVersion)).one()
    text = admin.get(f"/admin/policies/versions/{version.id}/file").get_data()
    answer = post(admin, "/admin/policies/import", file=(io.BytesIO(text), "p.toml"))
    assert answer.status_code == 302, answer.get_data(as_text=True)
    bad = post(admin, "/admin/policies/import", file=(io.BytesIO(b"\xff\xfe"), "p.toml"))
    assert bad.status_code == 422


DRILL = """\
plugin: sales_floor
date: 2026-05-08
given:
  ring: A>B>C
events:
  - {at: "09:00", verb: arrive, visitor: n1}
expect:
  ring: B>C>A
"""


def test_a_drill_of_the_company_guards_publishing(
    admin: FlaskClient, site: Site, company: int
) -> None:
    answer = post(admin, "/admin/drills/new", name="第一位轮到甲", text=DRILL, must_pass="y")
    assert answer.status_code == 302, answer.get_data(as_text=True)
    page = answer.headers["Location"]
    assert admin.get(page).status_code == 200
    assert post(admin, f"{page}/run", page).status_code == 302
    wrong = DRILL.replace("B>C>A", "C>A>B")
    answer = admin.get(f"{page}/edit")
    assert (
        post(admin, f"{page}/edit", name="第一位轮到甲", text=wrong, must_pass="y").status_code
        == 302
    )
    _, editor = a_draft(admin, site, company)
    publish = editor.replace("/edit", "/publish")
    answer = post(admin, publish, reason="x")
    assert answer.status_code == 422
    assert "第一位轮到甲" in answer.get_data(as_text=True)
    broken = post(admin, "/admin/drills/new", name="坏", text="plugin: [", must_pass="y")
    assert broken.status_code == 422
    assert post(admin, f"{page}/delete", page).status_code == 302
    assert post(admin, publish, reason="x").status_code == 302


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "verb: arrive",
            "verb: arive",
            "第 6 行，第 1 个事件：没有“arive”这种事件。是不是“arrive”？",
        ),
        ("verb: arrive, visitor:", "arive:", "没有“arive”这种事件。是不是“arrive”？"),
        ("visitor: n1", "visiter: n1", "第 1 个事件：这里没有“visiter”这个字段。是不是“visitor”？"),
        (
            "n1}",
            "n1, expect: {asigned: A}}",
            "第 6 行，第 1 个事件：expect 里没有“asigned”。是不是“assigned”？",
        ),
        (
            "n1}",
            "n1, expect: {assigned: A (tickt)}}",
            "第 6 行，第 1 个事件：“tickt”读不懂（assigned）。是不是“ticket”？",
        ),
        ("  ring: B>C>A", "  rnig: B>C>A", "文末的 expect：expect 里没有“rnig”。是不是“ring”？"),
        ("  ring: A>B>C", "  rink: A>B>C", "given：这里没有“rink”这个字段。是不是“ring”？"),
        ("visitor: n1", "visitor: n1, purpose: byu", "“byu”读不懂（purpose）。是不是“buy”？"),
    ],
)
def test_a_misspelt_word_is_refused_beside_the_drill_and_nothing_is_lost(
    admin: FlaskClient, right: str, wrong: str, told: str
) -> None:
    text = DRILL.replace(right, wrong, 1)
    answer = post(admin, "/admin/drills/new", name="第一位轮到甲", text=text, must_pass="y")
    assert answer.status_code == 422
    shown = html.unescape(answer.get_data(as_text=True))
    assert told in shown
    assert text in shown.replace("\r\n", "\n")
    assert 'value="第一位轮到甲"' in shown
    assert "第一位轮到甲" not in admin.get("/admin/drills").text


def test_who_may_only_read_cannot_edit(
    login: Callable[..., FlaskClient], site: Site, company: int
) -> None:
    reader = login(company, ["core.policy.view"])
    assert reader.get("/admin/policies").status_code == 200
    assert reader.get("/admin/policies/new").status_code == 403
    assert reader.get("/admin/drills").status_code == 403
    with site.reader(company) as s:
        version = s.scalars(select(PolicyVersion)).one()
    assert reader.get(f"/admin/policies/versions/{version.id}").status_code == 200
    assert reader.get(f"/admin/policies/versions/{version.id}/publish").status_code == 403


def test_an_address_that_was_cut_off_is_no_fault_of_ours(
    admin: FlaskClient, site: Site, company: int
) -> None:
    post(admin, "/admin/drills/new", name="第一位轮到甲", text=DRILL, must_pass="y")
    drill = re.search(r'href="(/admin/drills/[0-9a-f-]{36})"', admin.get("/admin/drills").text)
    assert drill
    for path, status in (
        (f"{drill[1]}?version=01a2", 404),
        ("/admin/drills/new?day=2026-11-2x&unit_id=x&plugin=sales_floor", 404),
        (f"/admin/drills/new?day=2026-11-2x&unit_id={uuid.uuid4()}", 400),
        (f"/admin/drills/new?day=2026-11-21&unit_id={uuid.uuid4()}&plugin=sales_floor", 404),
        ("/admin/organisation/staff?after=01a2", 404),
    ):
        assert admin.get(path).status_code == status, path


def test_every_explanation_speaks_in_the_company_s_own_words(
    admin: FlaskClient, site: Site, company: int
) -> None:
    """A company types its own regulation over a shipped one: number and sentence of every clause.

    What the floor then answers and explains is in those words, and in none of the shipped ones.
    """
    from datetime import date

    from zhike.models.decision import DecisionRecord
    from zhike.services import organisation
    from zhike_sales_floor.services import arrivals, floor
    from zhike_sales_floor.services.arrivals import Arrival, Person
    from zhike_sales_floor.services.setup import prepare

    with site.transaction(company) as s:
        hall = organisation.add_unit(s, name="滨江案场", code="BJ", kind="site").id
        reps = [organisation.add_staff(s, name=name).id for name in ("李敏", "王磊")]
        for who in reps:
            organisation.give_post(s, who, hall, title="顾问", valid_from=date(2020, 1, 1))
        prepare(s)
        floor.add_reps(s, hall, reps)
        shipped = policies.in_force(s, "sales_floor", hall, clock.now()).policy.clauses
    _, editor = a_draft(admin, site, company)
    sent = fields(admin, editor)
    numbers = [key for key in sent if key.startswith("clauses.") and key.endswith(".number")]
    assert len(numbers) >= 19
    for place, key in enumerate(numbers, 1):
        rule = key.removeprefix("clauses.").removesuffix(".number")
        sent[key] = f"晨光-{place:02d}"
        sent[f"clauses.{rule}.text"] = f"本公司对{rule}另有规定，详见员工手册第{place}页。"
    assert admin.post(editor, data=sent).status_code == 302
    page = editor.removesuffix("/edit")
    publish = read_page(admin.get(f"{page}/publish").text).form(css_class="zk-form").values
    answer = admin.post(f"{page}/publish", data={**publish, "reason": "本公司的制度"})
    assert answer.status_code == 302, answer.text[:2000]
    for who in reps:
        with site.transaction(company) as s:
            floor.sign_in(s, hall, who)
    with site.transaction(company) as s:
        arrivals.arrive(s, hall, Arrival(persons=(Person(name="张伟", phone="13800138000"),)))
    with site.reader(company) as s:
        decisions = [one for one in s.scalars(select(DecisionRecord)) if one.rules]
    assert decisions
    for decision in decisions:
        answer = admin.get(f"/p/sales_floor/why/{decision.id}")
        assert answer.status_code == 200, (decision.kind, answer.status_code)
        told = html.unescape(answer.text)
        assert "晨光-" in told
        assert "本公司对" in told
        for rule in decision.rules:
            assert f"本公司对{rule}另有规定" in told
            assert shipped[rule].text[:12] not in told
