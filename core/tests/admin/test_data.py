"""The pages of data, backups and adherence as far as the core goes: who sees them, what waits."""

from __future__ import annotations

import io
import os
import stat
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike import clock
from zhike.contributions import Column, Problem
from zhike.errors import NotFound
from zhike.models.jobs import JobRequest
from zhike.ops import backup, nightly
from zhike.services import people
from zhike.services.transfer import Report, RowProblem, open_upload, staging, sweep_uploads
from zhike.services.transfer.headings import map_columns
from zhike.site import Site
from zhike.testing.sites import sign_in

COLUMNS = (
    Column(key="name", title="姓名", required=True),
    Column(key="phone", title="电话", aliases=("手机",)),
)
PAGES = {
    "/admin/data": "core.import",
    "/admin/data/exports": "core.export",
    "/admin/adherence": "core.decision.view",
    "/admin/adherence/deviations": "core.decision.view",
}
ANYBODY = uuid.UUID(int=7)


def keep(site: Site, user: uuid.UUID = ANYBODY, company: int = 1, content: bytes = b"x") -> str:
    return staging.keep(
        site, company, user, importer="acme.list", name="台账.csv", content=content
    ).token


# -- who sees which page ---------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_pages_open_with_their_permission_and_with_no_other(
    login: Callable[..., FlaskClient], company: int, path: str
) -> None:
    assert login(company, [PAGES[path]]).get(path).status_code == 200
    others = sorted({right for right in PAGES.values() if right != PAGES[path]})
    assert login(company, others).get(path).status_code == 403


def test_who_exports_only_sees_no_imports(login: Callable[..., FlaskClient], company: int) -> None:
    text = login(company, ["core.export"]).get("/admin/data/exports").text
    assert "/admin/data/exports" in text
    assert 'href="/admin/data"' not in text


def test_a_period_that_is_none_is_refused(login: Callable[..., FlaskClient], company: int) -> None:
    reader = login(company, ["core.decision.view"])
    assert reader.get("/admin/adherence?since=gestern").status_code == 400
    assert reader.get("/admin/adherence?since=2026-02-02&until=2026-01-01").status_code == 400


# -- backups ---------------------------------------------------------------------------------


def keeper(site: Site, app: object) -> FlaskClient:
    with site.system() as s:
        user = people.add_user(
            s, login="keeper", name="keeper", is_system_admin=True, must_change_password=False
        ).id
    return sign_in(app, site, user)


def test_backups_are_the_system_administrator_s(
    site: Site, app: object, login: Callable[..., FlaskClient], company: int
) -> None:
    assert login(company).get("/admin/backups").status_code == 403
    assert keeper(site, app).get("/admin/backups").status_code == 200


def test_a_backup_asked_for_twice_is_made_once_and_listed_as_verified(
    site: Site, app: object, company: int
) -> None:
    browser = keeper(site, app)
    for _click in range(2):
        assert browser.post("/admin/backups/create").status_code == 302
    with site.system_reader() as s:
        asked = s.scalars(select(JobRequest).where(JobRequest.kind == "backup.create")).all()
    assert len(asked) == 1
    nightly.requested(site, asked[0].args, lambda percent, message: None)
    text = browser.get("/admin/backups").text
    (made,) = backup.list_backups(backup.folder(site.config))
    assert made.path.name in text
    assert "已校验" in text


# -- files that wait -------------------------------------------------------------------------


def test_a_waiting_file_is_private_and_found_by_its_owner_only(site: Site) -> None:
    token = keep(site)
    folder = site.config.home / "uploads"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stem == token, "nothing of the person's name for the file is in the path"
    assert staging.content(site, staging.find(site, 1, ANYBODY, token)) == b"x"
    for company, user in ((2, ANYBODY), (1, uuid.UUID(int=8))):
        with pytest.raises(NotFound):
            staging.find(site, company, user, token)
        assert staging.waiting(site, company, user) == []


@pytest.mark.parametrize("token", ["..", "../../keys/master", "a" * 31, "A" * 32, "", "%2e%2e"])
def test_a_token_is_never_a_path(site: Site, token: str) -> None:
    keep(site)
    with pytest.raises(NotFound):
        staging.find(site, 1, ANYBODY, token)


def age(site: Site, hours: int) -> None:
    """Let every waiting file be that old."""
    then = (clock.now() - timedelta(hours=hours)).timestamp()
    for path in (site.config.home / "uploads").glob("*/*/*"):
        os.utime(path, (then, then))


def test_files_nobody_decided_about_go_after_a_day(site: Site) -> None:
    staged = staging.find(site, 1, ANYBODY, keep(site))
    staging.keep_report(site, staged, Report(total=1))
    age(site, 23)
    assert sweep_uploads(site) == 0
    age(site, 25)
    assert sweep_uploads(site) == 3
    assert staging.waiting(site, 1, ANYBODY) == []
    with pytest.raises(NotFound):
        staging.content(site, staged)


def test_only_so_many_files_wait_for_one_person(site: Site) -> None:
    tokens = [keep(site) for _n in range(staging.MOST + 2)]
    left = {one.token for one in staging.waiting(site, 1, ANYBODY)}
    assert len(left) == staging.MOST
    assert tokens[-1] in left
    keep(site, user=uuid.UUID(int=8))
    assert len(staging.waiting(site, 1, ANYBODY)) == staging.MOST


def test_a_report_comes_back_as_it_was(site: Site) -> None:
    staged = staging.find(site, 1, ANYBODY, keep(site))
    report = Report(total=2, good=1, bad=1, fresh=1, ignored_columns=("备注",))
    report.problems.append(RowProblem(3, Problem("电话不对", "phone")))
    report.problems.append(RowProblem(4, Problem("没有日期", "", warning=True)))
    staging.keep_report(site, staged, report)
    assert staging.report_of(site, staged) == report
    staging.keep_report(site, staged, None)
    assert staging.report_of(site, staged) is None


def test_dropping_leaves_nothing(site: Site) -> None:
    staged = staging.find(site, 1, ANYBODY, keep(site))
    staging.note_progress(site, staged, 40)
    assert staging.progress_of(site, staged) == 40
    staging.drop(site, staged)
    staging.drop(site, staged)
    assert [p for p in Path(site.config.home / "uploads").rglob("*") if p.is_file()] == []


# -- saying which column is which ------------------------------------------------------------


def csv(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def test_a_column_is_what_the_person_says() -> None:
    mapped = map_columns(["手机", "称呼", "备注"], COLUMNS, assigned={"称呼": "name"})
    assert mapped.places == {"phone": 0, "name": 1}
    assert mapped.missing == ()
    assert mapped.ignored == ("备注",)


def test_what_is_said_comes_before_what_the_head_says() -> None:
    mapped = map_columns(["姓名", "客户"], COLUMNS, assigned={"客户": "name", "姓名": ""})
    assert mapped.places == {"name": 1}
    mapped = map_columns(["姓名", "客户"], COLUMNS, assigned={"客户": "name"})
    assert mapped.places == {"name": 1}
    assert mapped.twice == ("姓名",)
    assert map_columns(["姓名"], COLUMNS, assigned={"姓名": "nonsense"}).places == {"name": 0}


def test_a_file_may_be_opened_to_look_for_its_columns() -> None:
    content = csv("2026 年客户名册,", "称呼,号码", "张伟,13812345678")
    opened = open_upload(content, "a.csv", COLUMNS, complete=False)
    assert opened.head == ("称呼", "号码"), "a title fills one cell, a head several"
    assert opened.mapped.missing == ("姓名",)
    assert len(opened.rows) == 1
    said = {"称呼": "name", "号码": "phone"}
    assert open_upload(content, "a.csv", COLUMNS, assigned=said).mapped.places == {
        "name": 0,
        "phone": 1,
    }


# -- addresses that lead nowhere -------------------------------------------------------------


def test_unknown_imports_exports_and_files_do_not_exist(
    login: Callable[..., FlaskClient], company: int
) -> None:
    admin = login(company)
    for path in (
        "/admin/data/import/acme.none",
        "/admin/data/import/acme.none/template.xlsx",
        "/admin/data/exports/acme.none",
        f"/admin/data/files/{'0' * 32}",
        f"/admin/data/files/{'0' * 32}/errors.xlsx",
        "/admin/data/files/nonsense",
        f"/admin/data/batches/{uuid.uuid4()}",
        f"/admin/adherence/decisions/{uuid.uuid4()}",
    ):
        assert admin.get(path).status_code == 404, path
    answer = admin.post("/admin/data/import/acme.none", data={"file": (io.BytesIO(b"x"), "a.csv")})
    assert answer.status_code == 404
