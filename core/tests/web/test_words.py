"""The catalogue kept for a request follows every change of language in it."""

from __future__ import annotations

from flask_babel import force_locale

from zhike.i18n import _, ngettext
from zhike.web import i18n


def test_words_follow_the_language_of_the_moment(app) -> None:
    with app.test_request_context("/"):
        assert _("Save") == "保存"
        with force_locale("en"):
            assert _("Save") == "Save"
            with force_locale("zh_Hant"):
                assert _("Save") == "儲存"
            assert _("Save") == "Save"
        assert _("Save") == "保存"


def test_words_after_the_reader_chose_another_language(app) -> None:
    with app.test_request_context("/", headers={"Cookie": "zhike_locale=en"}):
        assert _("Save") == "Save"
        i18n.forget()
        assert _("Save") == "Save"


def test_without_a_reader_the_message_stays_as_it_is() -> None:
    assert _("Save") == "Save"
    assert ngettext("%(num)s person", "%(num)s people", 2) == "2 people"
