"""Languages: the core's catalogue and those of the plugins, chosen per person."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from zhike.i18n import words
from zhike.web.context import current
from zhike.web.ui import LANGUAGES

log = logging.getLogger(__name__)

LOCALES = tuple(code for code, _name in LANGUAGES)
DEFAULT = "zh_Hans"
THEMES = ("auto", "light", "dark")


def compile_stale(folder: Path) -> None:
    """Compile catalogues of a checkout that changed since; a folder that refuses is left alone."""
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        try:
            if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as po:
                catalogue = read_po(po, locale=source.parent.parent.name)
            part = target.with_suffix(".mo.part")
            with part.open("wb") as mo:
                write_mo(mo, catalogue)
            part.replace(target)
        except OSError as error:
            log.warning("catalogue %s could not be compiled: %s", source, error)


def choose_locale() -> str:
    """The reader's language: his own choice, this browser's, the company's, else Chinese."""
    if not has_request_context():
        return DEFAULT
    me = current()
    candidates = (
        me.user.locale if me.user else "",
        request.cookies.get("zhike_locale", ""),
        me.company.locale if me.company else "",
    )
    return next((c for c in candidates if c in LOCALES), DEFAULT)


def choose_theme() -> str:
    """``auto``, ``light`` or ``dark``: the person's choice, else this browser's."""
    me = current()
    for candidate in (me.user.theme if me.user else "", request.cookies.get("zhike_theme", "")):
        if candidate in THEMES:
            return candidate
    return "auto"


def install(app: Flask, plugin_roots: dict[str, Path]) -> Babel:
    """Set up Flask-Babel; the core's words win where a plugin uses the same message id."""
    folders = [root / "translations" for root in plugin_roots.values()]
    folders.append(Path(__file__).parent.parent / "translations")
    present = [folder for folder in folders if folder.is_dir()]
    for folder in present:
        compile_stale(folder)
    babel = Babel(
        app,
        default_locale=DEFAULT,
        default_timezone="Asia/Shanghai",
        default_translation_directories=";".join(str(folder) for folder in present),
        locale_selector=choose_locale,
        timezone_selector=lambda: current().tz if has_request_context() else None,
    )
    env = app.jinja_env
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by Jinja's i18n extension
        gettext=lambda s: words().ugettext(s),
        ngettext=lambda s, p, n: words().ungettext(s, p, n),
        newstyle=True,
        pgettext=lambda c, s: words().upgettext(c, s),
        npgettext=lambda c, s, p, n: words().unpgettext(c, s, p, n),
    )
    env.globals["gettext"] = env.globals["_"] = _gettext
    return babel


@pass_eval_context
def _gettext(eval_ctx: EvalContext, msgid: str, /, **values: Any) -> str:
    """What Jinja's own new-style callable gives, without its detours: a page has forty of them."""
    text: str = words().ugettext(msgid)
    if eval_ctx.autoescape:
        text = Markup(text)  # noqa: S704  a catalogue's words; what is put in is escaped
    return text % values if values or "%" in text else text


def locale_name() -> str:
    """The language of this answer, as in ``zh_Hans``."""
    return str(get_locale() or DEFAULT)


def forget() -> None:
    """Let the rest of this request speak the language chosen just now."""
    g.pop("_flask_babel", None)
