"""Saved views of the customers, and acts on many of them: rights, counts, failures, undo."""

from __future__ import annotations

import io
import uuid
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from zhike.api import Staff, clock
from zhike.models.lists import BulkItem, BulkRun, SavedView
from zhike.services import bulk
from zhike.services.jobs.requests import run_waiting
from zhike.testing import read_page
from zhike_sales_floor.models import Customer
from zhike_sales_floor.services import customers
from zhike_sales_floor.services.arrivals import Person

EDITOR = ["sales_floor.customer_view", "sales_floor.customer_edit"]


@pytest.fixture
def book(ground):
    """Four customers, one of each rep."""
    ground.sign_in("ABCD")
    for number in range(4):
        ground.arrive(Person(name=f"客户{number}", phone=f"1380000{number:04d}"))
    return ground


def owned(ground):
    rows = ground.read(lambda s: s.execute(select(Customer.id, Customer.owner_id)).all())
    return {ground.letter(owner): one for one, owner in rows}


def listed(ground, args=""):
    return f"/p/sales_floor/floor/{ground.unit}/customers{args}"


def ask(client, ground, act, *, ids=(), **fields):
    data = {"ids": [str(one) for one in ids], "idempotency_key": uuid.uuid4().hex, **fields}
    return client.post(f"/bulk/{act}?unit={ground.unit}", data=data)


def run(client, ground, act, *, ids=(), **fields):
    return ask(client, ground, act, ids=ids, step="run", **fields)


# -- acts on many ------------------------------------------------------------------------------


def test_many_follow_ups_are_planned_told_and_taken_back(book, login):
    client = login(book.company)
    ids = list(owned(book).values())
    with clock.frozen(book.now):
        book.do(lambda s: customers.set_follow_up(s, ids[0], date(2026, 5, 6), "看户型"))
        shown = ask(client, book, "sales_floor.plan_follow_ups", ids=ids)
        assert shown.status_code == 200
        assert "4 位客户" in shown.text
        assert "客户0" in shown.text
        assert book.read(lambda s: s.scalars(select(BulkRun)).all()) == []
        form = {"ids": [str(i) for i in ids], "on": "2026-05-09", "note": "周末活动"}
        done = run(client, book, "sales_floor.plan_follow_ups", **form)
        assert done.status_code == 303
        told = client.get(done.location)
        assert "完成" in told.text
        planned = book.read(
            lambda s: s.execute(select(Customer.follow_up_on, Customer.follow_up_note)).all()
        )
        assert {tuple(row) for row in planned} == {(date(2026, 5, 9), "周末活动")}
        # Somebody changes one of them; the others go back to what they were.
        book.do(lambda s: customers.set_follow_up(s, ids[1], date(2026, 5, 10), "改期"))
        back = client.post(f"{done.location}/undo", data={"idempotency_key": uuid.uuid4().hex})
        assert back.status_code == 303
        text = client.get(back.location).text
    rows = dict(book.read(lambda s: s.execute(select(Customer.id, Customer.follow_up_on)).all()))
    assert rows[ids[0]] == date(2026, 5, 6)
    assert rows[ids[1]] == date(2026, 5, 10)
    assert rows[ids[2]] is None
    assert "又安排了" in text


def test_each_row_asks_for_its_own_right(book, login):
    """A rep whose right reaches his own customers changes no other, chosen or forged."""
    from zhike.testing import make_user, sign_in

    mine = owned(book)
    user = make_user(book.site, book.company, EDITOR, scope="own")
    with book.site.transaction(book.company) as s:
        s.require(Staff, book.reps["A"]).user_id = user
    client = sign_in(login(book.company).application, book.site, user)
    with clock.frozen(book.now):
        shown = ask(client, book, "sales_floor.set_grades", ids=mine.values())
        assert "此客户不归您" in shown.text
        done = run(client, book, "sales_floor.set_grades", ids=mine.values(), grade="A")
        text = client.get(done.location).text
    grades = dict(book.read(lambda s: s.execute(select(Customer.id, Customer.grade)).all()))
    assert grades[mine["A"]] == "A"
    assert {grades[mine[letter]] for letter in "BCD"} == {""}
    assert text.count("此客户不归您") == 3


def test_without_the_right_nothing_is_offered_and_nothing_is_done(book, login):
    client = login(book.company, ["sales_floor.customer_view"])
    ids = list(owned(book).values())
    with clock.frozen(book.now):
        assert "/bulk/" not in client.get(listed(book)).text
        assert run(client, book, "sales_floor.set_grades", ids=ids, grade="A").status_code == 403
        assert ask(client, book, "sales_floor.no_such", ids=ids).status_code == 404
    assert book.read(lambda s: s.scalars(select(BulkRun)).all()) == []


def test_a_double_click_is_one_run(book, login):
    client = login(book.company)
    fields = {
        "ids": [str(one) for one in owned(book).values()],
        "step": "run",
        "grade": "B",
        "idempotency_key": uuid.uuid4().hex,
    }
    url = f"/bulk/sales_floor.set_grades?unit={book.unit}"
    with clock.frozen(book.now):
        first, second = client.post(url, data=fields), client.post(url, data=fields)
    assert first.location == second.location
    assert len(book.read(lambda s: s.scalars(select(BulkRun)).all())) == 1


def test_all_that_match_are_counted_and_counted_again(book, login):
    client = login(book.company)
    rep = str(book.reps["B"])
    fields = {"all_matching": "1", "filter.owner": rep, "grade": "C"}
    with clock.frozen(book.now):
        shown = ask(client, book, "sales_floor.set_grades", **fields)
        hidden = read_page(shown.text).form(css_class="zk-form").values
        assert hidden["expected"] == "1"
        assert hidden["filter.owner"] == rep
        changed = run(client, book, "sales_floor.set_grades", expected="7", **fields)
        assert changed.status_code == 422
        done = run(client, book, "sales_floor.set_grades", expected="1", **fields)
        assert done.status_code == 303
    grades = book.read(lambda s: s.execute(select(Customer.owner_id, Customer.grade)).all())
    assert {(book.letter(o), g) for o, g in grades} == {("A", ""), ("B", "C"), ("C", ""), ("D", "")}


def test_a_long_run_is_the_workers_and_goes_on_where_it_was(book, login, monkeypatch):
    monkeypatch.setattr(bulk, "INLINE", 1)
    client = login(book.company)
    ids = list(owned(book).values())
    with clock.frozen(book.now):
        done = run(client, book, "sales_floor.set_grades", ids=ids, grade="D")
        assert "hx-trigger" in client.get(done.location).text
        run_id = uuid.UUID(done.location.rsplit("/", 1)[-1])
        # A worker dies after the first row: what it has done stays done, once.
        apply = bulk._do_one
        seen = []

        def dying(*args):
            if seen:
                raise KeyboardInterrupt
            seen.append(args)
            return apply(*args)

        monkeypatch.setattr(bulk, "_do_one", dying)
        with pytest.raises(KeyboardInterrupt):
            bulk.work(book.site, book.company, run_id)
        monkeypatch.setattr(bulk, "_do_one", apply)
        states = book.read(lambda s: s.scalars(select(BulkItem.state)).all())
        assert sorted(states) == ["done", "waiting", "waiting", "waiting"]
        assert run_waiting(book.site) == 1
        assert "完成" in client.get(done.location).text
    assert set(book.read(lambda s: s.scalars(select(Customer.grade)).all())) == {"D"}


def test_two_workers_do_each_row_once(either, login):
    """Both go through the same run at once; what one holds the other waits for and leaves."""
    from threading import Thread

    from zhike.plugins.active import active_in
    from zhike.services.access import principal_for
    from zhike.testing import make_user
    from zhike_sales_floor.lists import BULK_ACTS

    either.sign_in("AB")
    for number in range(2):
        either.arrive(Person(name=f"客户{number}", phone=f"1380000{number:04d}"))
    ids = list(owned(either).values())
    user = make_user(either.site, either.company)
    act = next(one for one in BULK_ACTS if one.name == "sales_floor.set_grades")
    with clock.frozen(either.now), either.site.transaction(either.company) as s:
        who = principal_for(s, user, active_in(s).names)
        run_id = bulk.start(
            s,
            who,
            act,
            ids,
            unit_id=either.unit,
            values={"grade": "A"},
            locale="zh_Hans",
            back="",
        )
    workers = [
        Thread(target=bulk.work, args=(either.site, either.company, run_id)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    states = either.read(lambda s: s.execute(select(BulkItem.state, BulkItem.undo)).all())
    assert [tuple(row) for row in states] == [("done", {"before": "", "after": "A"})] * 2


def test_somebody_elses_run_is_nobodys_business(book, login):
    client = login(book.company)
    with clock.frozen(book.now):
        done = run(client, book, "sales_floor.set_grades", ids=owned(book).values(), grade="A")
        other = login(book.company)
        assert other.get(done.location).status_code == 404
        key = {"idempotency_key": uuid.uuid4().hex}
        assert other.post(f"{done.location}/undo", data=key).status_code == 404


def test_the_chosen_leave_as_a_workbook(book, login):
    client = login(book.company)
    ids = list(owned(book).values())[:2]
    with clock.frozen(book.now):
        answer = client.post(
            f"/p/sales_floor/floor/{book.unit}/customers/selection.xlsx",
            data={"ids": [str(one) for one in ids]},
        )
        everything = client.post(
            f"/p/sales_floor/floor/{book.unit}/customers/selection.xlsx",
            data={"all_matching": "1", "filter.owner": str(book.reps["C"])},
        )
    assert load_workbook(io.BytesIO(answer.data)).active.max_row == 3
    assert load_workbook(io.BytesIO(everything.data)).active.max_row == 2


# -- saved views -------------------------------------------------------------------------------


def save(client, ground, name="A 类", **more):
    fields = {
        "list": "sales_floor.customers",
        "name": name,
        "query": "grade=A&cols=name&cols=owner",
        "back": listed(ground),
        "idempotency_key": uuid.uuid4().hex,
        **more,
    }
    return client.post("/views", data=fields)


def test_a_view_is_saved_shown_counted_and_removed(book, login):
    client = login(book.company)
    with clock.frozen(book.now):
        kept = save(client, book)
        assert kept.status_code == 303
        assert kept.location.startswith(listed(book, "?grade=A&cols=name&cols=owner&view="))
        shown = client.get(listed(book)).text
        assert "A 类" in shown
        view = book.read(lambda s: s.scalars(select(SavedView)).one())
        assert client.get(f"/views/{view.id}/count?unit={book.unit}").text == "0"
        book.do(lambda s: customers.set_grade(s, owned(book)["A"], "A"))
        assert client.get(f"/views/{view.id}/count?unit={book.unit}").text == "1"
        assert save(client, book).status_code == 422, "the same name twice"
        gone = client.post(f"/views/{view.id}/delete", data={"idempotency_key": uuid.uuid4().hex})
        assert gone.status_code == 303
        assert "A 类" not in client.get(listed(book)).text


def test_a_view_is_its_owners_until_he_shares_it(book, login):
    client, other = login(book.company), login(book.company, EDITOR)
    with clock.frozen(book.now):
        save(client, book)
        view = book.read(lambda s: s.scalars(select(SavedView)).one())
        assert "A 类" not in other.get(listed(book)).text
        assert other.get(f"/views/{view.id}/count").status_code == 404
        form = read_page(client.get(f"/views/{view.id}").text).form(css_class="zk-form").values
        form |= {"shared_with": "*", "name": "大家的 A 类"}
        assert client.post(f"/views/{view.id}", data=form).status_code == 303
        assert "大家的 A 类" in other.get(listed(book)).text
        assert other.post(f"/views/{view.id}/delete", data={}).status_code == 404
        assert save(other, book, name="抢着共享", shared_with="*").status_code == 403


def test_a_list_opens_with_the_view_chosen_for_it_and_plain_when_asked(book, login):
    client = login(book.company)
    with clock.frozen(book.now):
        save(client, book, opens="1")
        view = book.read(lambda s: s.scalars(select(SavedView)).one())
        for url in (listed(book), "/p/sales_floor/customers"):
            answer = client.get(url)
            assert answer.status_code == 302
            assert answer.location.endswith(f"?grade=A&cols=name&cols=owner&view={view.id}")
        assert client.get(listed(book, "?view=all")).status_code == 200
        assert client.get(listed(book, "?grade=B")).status_code == 200
        assert login(book.company).get(listed(book)).status_code == 200


def test_saved_views_cost_a_list_no_statement(book, login, count_queries):
    client = login(book.company)
    with clock.frozen(book.now):
        save(client, book)
        client.get(listed(book, "?view=all"))
        with count_queries(at_most=3):
            client.get(listed(book, "?view=all"))


# -- the palette -------------------------------------------------------------------------------


def groups(client, text=""):
    found = client.get("/palette", query_string={"q": text}).json["groups"]
    return {group["title"]: [item["label"] for item in group["items"]] for group in found}


def test_the_palette_knows_actions_pages_views_people_and_customers(book, login):
    client = login(book.company)
    with clock.frozen(book.now):
        save(client, book, name="周末要约的")
        first = groups(client)
        assert "登记来访" in first["操作"]
        assert "周末要约的" in first["已存视图"]
        assert "客户" in first["页面"]
        assert groups(client, "djlf")["操作"] == ["登记来访"]
        assert "客户2" in groups(client, "客户2")["客户"]
        assert groups(client, "顾问A")["人员"] == ["顾问A"]
        assert groups(client, "没有这样的东西") == {}


def test_the_palette_offers_nothing_beyond_the_readers_rights(book, login):
    client = login(book.company, ["sales_floor.view_board"])
    with clock.frozen(book.now):
        assert "操作" not in groups(client)
        found = groups(client, "客户2")
        assert "客户" not in found
        assert "人员" not in groups(client, "顾问A")
