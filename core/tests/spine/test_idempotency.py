"""One effect per key, the same answer for everybody who asks with it (T-C5)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from zhike import clock
from zhike.db.session import Actor
from zhike.errors import Conflict, UserError
from zhike.models.idempotency import IdempotencyRecord
from zhike.models.party import Party
from zhike.services.idempotency import Answer, answer_once, once, prune
from zhike.site import Site


def arrive(
    site: Site, company: int, key: str, name: str = "王五", actor: Actor | None = None
) -> Answer:
    """Write one party under ``key``: the effect that must happen once."""

    def work() -> Answer:
        with site.transaction(company, actor or Actor()) as s:

            def act() -> Answer:
                party = Party(name=name)
                s.add(party)
                s.flush()
                return Answer({"id": str(party.id), "shares": (1, 2)}, 201)

            return answer_once(s, key, "test.arrive", act, request={"name": name})

    return site.retrying(work)


def parties(site: Site, company: int) -> int:
    with site.reader(company) as s:
        return s.scalar(select(func.count()).select_from(Party)) or 0


def test_second_call_gets_the_first_answer(any_site: Site, new_company: Callable[..., int]) -> None:
    company = new_company(any_site)
    first, second = (arrive(any_site, company, "k1") for _ in range(2))
    assert (first.replayed, second.replayed) == (False, True)
    assert first.result == second.result
    assert first.result["shares"] == [1, 2]
    assert first.status == second.status == 201
    assert arrive(any_site, company, "k2").result != first.result
    assert parties(any_site, company) == 2


def test_fifty_threads_with_one_key_have_one_effect(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    answers: list[Answer] = []
    errors: list[BaseException] = []
    start = threading.Barrier(50)

    def press() -> None:
        try:
            start.wait(30)
            answers.append(arrive(any_site, company, "double-click"))
        except BaseException as error:  # noqa: BLE001  whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=press) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(answers) == 50
    assert parties(any_site, company) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len({str(answer.result) for answer in answers}) == 1


def test_killed_after_the_commit_and_before_answering(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)
    code = """
import os, signal, sys
from pathlib import Path
from zhike.config import Config
from zhike.models.party import Party
from zhike.services.idempotency import once
from zhike.site import Site
site = Site.open(Config(home=Path(sys.argv[1]), database_url=sys.argv[2]), plugins=False)
with site.transaction(int(sys.argv[3])) as s:
    def act():
        s.add(Party(name="王五")); s.flush(); return {"done": True}
    once(s, "k", "test.arrive", act, request={"name": "王五"})
    if sys.argv[4] == "before": os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""
    config = any_site.config
    for moment, effects in (("before", 0), ("after", 1)):
        run = subprocess.run(
            [sys.executable, "-c", code, str(config.home), config.url, str(company), moment],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        assert run.returncode == -9
        assert parties(any_site, company) == effects
    retry = arrive(any_site, company, "k")
    assert (retry.replayed, retry.result) == (True, {"done": True})
    assert parties(any_site, company) == 1


def test_nothing_is_kept_of_an_act_that_fails(
    any_site: Site, new_company: Callable[..., int]
) -> None:
    company = new_company(any_site)

    def refuse() -> None:
        raise UserError("no")

    for _ in range(2):
        with pytest.raises(UserError, match="no"), any_site.transaction(company) as s:
            once(s, "k", "test.arrive", refuse, request={"name": "王五"})
    assert not arrive(any_site, company, "k").replayed


def test_a_key_used_for_something_else_is_a_conflict(
    site: Site, company: int, new_company: Callable[..., int]
) -> None:
    arrive(site, company, "k")
    with pytest.raises(Conflict, match="something else"):
        arrive(site, company, "k", "another name")
    with pytest.raises(Conflict), site.transaction(company) as s:
        once(s, "k", "test.leave", dict, request={"name": "王五"})
    with pytest.raises(Conflict):  # nobody reads another user's answer by guessing his key
        arrive(site, company, "k", actor=Actor(kind="user", user_id=uuid.uuid4()))
    assert not arrive(site, new_company(site, "other"), "k").replayed


@pytest.mark.parametrize("key", ["", "a b", "键", "x" * 201, "a\n"])
def test_malformed_keys_are_refused(site: Site, company: int, key: str) -> None:
    with pytest.raises(UserError) as caught:
        arrive(site, company, key)
    assert caught.value.status == 400


def test_old_answers_are_forgotten(site: Site, company: int) -> None:
    arrive(site, company, "old")
    with clock.frozen(clock.now() + timedelta(days=8)):
        arrive(site, company, "new")
        with site.transaction(company) as s:
            assert prune(s) == 1
    with site.reader(company) as s:
        assert s.scalars(select(IdempotencyRecord.key)).all() == ["new"]
