"""What the guestbook does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import acme_zhike_guestbook
from acme_zhike_guestbook import services
from acme_zhike_guestbook.rules.engine import Presents
from flask.testing import FlaskClient

from zhike.api import Site, settings
from zhike.rules import load_preset


def test_the_first_of_a_day_get_a_present(site: Site, company: int) -> None:
    with site.transaction(company) as s:
        settings.set_many(s, "acme_guestbook", {"presents": 1})
    with site.transaction(company) as s:
        assert services.write(s, "甲", "很好").present
        assert not services.write(s, "乙", "也好").present


def test_a_guest_writes_on_the_page(company: int, login: Callable[..., FlaskClient]) -> None:
    browser = login(company)
    answer = browser.post("/p/acme_guestbook/write", data={"signed_by": "", "words": "x"})
    assert answer.status_code == 422
    answer = browser.post(
        "/p/acme_guestbook/write", data={"signed_by": "王先生", "words": "接待周到"}
    )
    assert answer.status_code == 303
    assert "接待周到" in browser.get("/p/acme_guestbook/").get_data(as_text=True)


def test_the_engine_follows_the_policy() -> None:
    preset = load_preset(Path(acme_zhike_guestbook.__file__).parent / "policies" / "house.toml")
    engine = Presents()
    state = engine.start({}, preset.policy({"presents.daily": 1}))
    steps = []
    for guest in ("甲", "甲", "乙"):
        step = engine.handle(state, {"at": "2026-11-21T10:00:00", "event": "sign", "guest": guest})
        state = step.state
        steps.append(step)
    assert [s.outcome["present"] for s in steps] == [True, False, False]
    assert [s.decisions[0].cites[0].rule for s in steps] == ["AG-01", "AG-02", "AG-01"]
