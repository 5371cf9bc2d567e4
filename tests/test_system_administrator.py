"""The system administrator's own pages: the site is looked after without belonging to a company."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.models.jobs import JobRequest
from zhike.services import people
from zhike.site import Site
from zhike.testing import read_page, sign_in


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return ("sales_floor",)


def post(client: FlaskClient, url: str) -> Any:
    """Send an empty form with the token of the page where companies are chosen."""
    token = read_page(client.get("/company").text).csrf_token
    return client.post(url, data={"csrf_token": token, "idempotency_key": uuid.uuid4().hex})


def test_a_system_administrator_without_a_company_looks_after_the_site(
    site: Site, app: Flask, company: int
) -> None:
    with site.system() as s:
        keeper = people.add_user(
            s, login="warden", name="warden", is_system_admin=True, must_change_password=False
        ).id
    client = sign_in(app, site, keeper)
    start = client.get("/company").text
    for path in ("/admin/companies", "/admin/apps", "/admin/health", "/admin/backups"):
        assert f'href="{path}"' in start, path
        assert client.get(path).status_code == 200, path
    detail = client.get("/admin/apps/sales_floor")
    assert detail.status_code == 200
    assert "switch-on" not in detail.text, "switching on is each company's"
    answer = post(client, "/admin/apps/sales_floor/install")
    assert answer.status_code == 302
    with site.system_reader() as s:
        assert s.scalars(select(JobRequest.requested_by)).all() == [keeper]
    assert post(client, "/admin/apps/sales_floor/enable").status_code == 403
