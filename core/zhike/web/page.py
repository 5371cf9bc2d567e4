"""Pages: rendering, keeping forms over errors, and the frame's parts for htmx."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, render_template, request
from wtforms.fields.choices import SelectChoice

from zhike.errors import NotFound, UserError
from zhike.i18n import _
from zhike.web.form import PageForm

__all__ = ["chosen_id", "form_errors", "is_fragment", "keeping", "options", "page", "toast"]


def is_fragment() -> bool:
    """Whether htmx asks for a part of the page; a boosted link or a restored history is a page."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def page(template: str, **context: Any) -> str:
    """Render a page of the core (``zhike/…``) or of a plugin (``<plugin>/…``).

    ``fragment`` is True in the template when htmx asks for a part of the page; the page kinds
    (``zhike/base_*.html``) send only that part then.
    """
    context.setdefault("fragment", is_fragment())
    return render_template(template, **context)


def chosen_id(text: str | None) -> uuid.UUID | None:
    """The id in a field of choices; None where nothing was chosen, blanks included.

    WTForms lets blanks through a field marked ``Optional``. Raises ``NotFound`` for what is no id
    at all: addresses are typed, cut off and passed on.
    """
    try:
        return uuid.UUID(text) if text and text.strip() else None
    except ValueError:
        raise NotFound(_("This record does not exist.")) from None


def options(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """What a field of choices offers, from (value, words) pairs; the words may be lazy."""
    return [SelectChoice(value, words) for value, words in pairs]


@contextmanager
def keeping(form: PageForm) -> Iterator[None]:
    """Turn a ``UserError`` of the block into an error of ``form``, so that nothing typed is lost.

    The error stands beside its field, or on top where it names none; the view goes on after the
    block and shows the page again::

        if form.validate_on_submit():
            with keeping(form), transaction() as s:
                visit = services.arrive(s, ...)
                return redirect(...)
        return page("sales_floor/arrive.html", form=form), 422

    Refusals of rights, missing records and a busy database go on to their own pages.
    """
    try:
        yield
    except UserError as error:
        if error.status in (403, 404, 503):
            raise
        form_errors(form, error)


def form_errors(form: PageForm, error: UserError) -> None:
    """Put ``error`` where the form shows it."""
    field = form._fields.get(error.field) if error.field else None
    if field is not None:
        field.errors = [*field.errors, error.message]
    else:
        form.form_errors.append(error.message)


def toast(response: Response, text: str, tone: str = "done", undo: str = "") -> Response:
    """Let htmx show a short message; ``undo`` is an address that takes the act back."""
    detail = {"text": text, "tone": tone, **({"undo": undo} if undo else {})}
    response.headers["HX-Trigger"] = json.dumps({"zk:toast": detail})
    return response
