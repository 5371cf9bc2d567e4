"""Chinese first: the catalogues are complete, and no English is left over on the panel's pages."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import docs_facts as facts
import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient
from sqlalchemy import select

from zhike.models.organisation import Staff, Unit
from zhike.models.people import Membership, Role
from zhike.models.policy import PolicyRecord, PolicyVersion
from zhike.site import Site
from zhike.testing.messages import untranslated

#: Two English words in a row; a page says them only where it shows a command or a file.
ENGLISH = re.compile(r"[A-Za-z]{3,} +[A-Za-z]{3,}")
#: Written by the fixture, which has no language; commands and pages write it in the company's.
FIXTURE = "Enabled with the plugin."


@pytest.fixture
def zhike_plugins() -> tuple[str, ...]:
    return tuple(facts.plugins())


@pytest.mark.parametrize("package", facts.PACKAGES, ids=lambda path: path.name)
@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_every_message_is_translated(package: Path, language: str) -> None:
    assert untranslated(package, language) == {}


@pytest.mark.parametrize("package", facts.PACKAGES, ids=lambda path: path.name)
def test_translations_keep_the_places_to_fill(package: Path) -> None:
    places = re.compile(r"%\((\w+)\)[sd]|\{([\w.]+)\}")
    file = package / "translations/zh_Hans/LC_MESSAGES/messages.po"
    with file.open("rb") as handle:
        for message in read_po(handle, locale="zh_Hans"):
            ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
            said = message.string if isinstance(message.string, str) else message.string[0]
            if ids[0] and said:
                stated = set(places.findall(said))
                known = {place for text in ids for place in places.findall(text)}
                assert stated <= known, ids[0]
                needed = set.intersection(*(set(places.findall(text)) for text in ids))
                assert needed <= stated, ids[0]


def addresses(site: Site, company: int) -> list[str]:
    """Every page of the panel, those of a record with one that exists."""
    with site.reader(company) as s:
        ids = {
            "roles": s.scalar(select(Role.id).where(Role.is_admin.is_(False)).limit(1)),
            "staff": s.scalar(select(Staff.id).limit(1)),
            "units": s.scalar(select(Unit.id).limit(1)),
            "policies": s.scalar(select(PolicyRecord.id).limit(1)),
            "versions": s.scalar(select(PolicyVersion.id).limit(1)),
            "users": s.scalar(select(Membership.user_id).limit(1)),
        }
    pages = [path for path in sorted(facts.panel_paths()) if "…" not in path]
    pages.append(f"/admin/apps/{facts.plugins()[0]}")
    for path in sorted(facts.panel_paths()):
        found = re.fullmatch(r"/admin/(?:\w+/)?(\w+)/…", path)
        chosen = ids.get(found[1]) if found else None
        if isinstance(chosen, uuid.UUID):
            pages.append(path.replace("…", str(chosen)))
    return pages


def visible(markup: str) -> str:
    """The text of a page: no scripts, no code, no attributes; no titles of drills, which are as
    their author wrote them."""
    hidden = r"<(script|style|code|pre|textarea|head|noscript)\b.*?</\1>"
    body = re.sub(hidden, " ", markup, flags=re.DOTALL)
    body = re.sub(r'<ul class="zk-drills">.*?</ul>', " ", body, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", "\n", body))
    return re.sub(r"\bzhike [a-z][\w .-]*", "", text.replace(FIXTURE, ""))  # what is to be typed


def test_no_english_is_left_over_in_the_panel(
    site: Site, company: int, login: Callable[..., FlaskClient]
) -> None:
    browser = login(company)
    pages = addresses(site, company)
    assert len(pages) > 20
    for path in pages:
        answer = browser.get(path, follow_redirects=True)
        assert answer.status_code in (200, 403), path  # 403: the system administrator's
        left = ENGLISH.findall(visible(answer.get_data(as_text=True)))
        assert left == [], path
