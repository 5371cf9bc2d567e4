"""Words for people: message ids are English, catalogues translate them where they are shown.

Services raise errors with ``_("…")``: inside a request (or ``flask_babel.force_locale``) that is
the reader's language, elsewhere (command line, worker) the English message id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from zhike.contributions import N_

__all__ = ["N_", "_", "ngettext", "speaking", "words"]


def words() -> Any:
    """The catalogue of the language at hand; one that changes nothing where nobody reads.

    Flask-Babel looks the catalogue up anew for every message, and a page has a hundred. It is kept
    where ``force_locale()`` and ``refresh()`` of Flask-Babel put their own away and bring it back.
    """
    here = _request_globals()
    try:
        known = here._flask_babel.babel_translations
    except (AttributeError, RuntimeError):
        known = None
    if known is None:
        from flask_babel import get_translations

        known = get_translations()
        if here:  # by now with a place of Flask-Babel
            here._flask_babel.babel_translations = known
    return known


@cache
def _request_globals() -> Any:
    from flask import g  # the command line starts without the web stack

    return g


def _(msgid: str, **values: object) -> str:
    """Translate ``msgid`` for the reader at hand and fill its ``%(name)s`` places."""
    text = str(words().ugettext(msgid))
    return text % values if values else text


def ngettext(one: str, many: str, number: int, **values: object) -> str:
    """As :func:`_`, choosing the form for ``number``, which fills ``%(num)s``."""
    return str(words().ungettext(one, many, number)) % {"num": number, **values}


@contextmanager
def speaking(locale: str, roots: Iterable[Path]) -> Iterator[None]:
    """Let :func:`_` speak ``locale`` where there is no request.

    For what a command writes down and people read later, such as the names of suggested roles.
    ``roots`` are package folders whose ``translations`` count, beside the core's own.
    """
    from flask import Flask
    from flask_babel import Babel

    folders = [*(root / "translations" for root in roots), Path(__file__).parent / "translations"]
    app = Flask("zhike")
    Babel(
        app,
        default_locale=locale,
        default_translation_directories=";".join(str(one) for one in folders if one.is_dir()),
    )
    with app.app_context():
        yield
