"""The many small parts of a list, drawn by plain Python: cells, rows and facets.

A list has hundreds of them, and a template macro costs fifty times what a formatted string does.
What is said once a list stays in ``zhike/macros/table.html``, whose markup this continues. Every
value goes through ``escape``, as in a template.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from zhike.web.ui_table import Column, Facet, Table

Draw = Callable[[Any], str]
_FIRST_PAGE: dict[str, None] = {"after": None, "before": None}
_NOTHING = '<span class="zk-quiet" aria-hidden="true">–</span>'


def _words(context: Context, msgid: str) -> str:
    return str(escape(context.call(context.resolve("gettext"), msgid)))


def badge(state: Any, tones: Any) -> str:
    """A ``State`` as in ``zhike/macros/badge.html``: colour, word and shape together."""
    tone = escape(state.tone)
    icon = escape(tones.get(state.tone) or "circle")
    return (
        f'<span class="zk-badge zk-tone-{tone}"><i class="bi bi-{icon}" aria-hidden="true"></i>'
        f"{escape(state.word)}</span>"
    )


def _text(value: Any) -> str:
    # Most cells are plain text, for which this is the quicker of two ways to the same end.
    return html.escape(value) if type(value) is str else escape(value)


def _drawer(context: Context, column: Column) -> Draw:
    """How a present value of the column is drawn."""
    kind = column.kind
    if kind == "yes":
        yes, no = _words(context, "yes"), _words(context, "no")
        return lambda value: yes if value else no
    if kind == "state":
        tones = context.resolve("ui")["tones"]
        drawn: dict[Any, str] = {}  # the same few states stand in many lines

        def state(value: Any) -> str:
            key = (value.word, value.tone)
            if key not in drawn:
                drawn[key] = badge(value, tones)
            return drawn[key]

        return state
    filters = context.environment.filters
    if kind == "time":
        when = filters["when"]
        return lambda value: str(when(context, value))
    if kind in ("money", "share"):
        plain = filters[kind]
        return lambda value: escape(plain(value))
    return _text


@pass_context
def body(context: Context, table: Table, caller: Callable[..., Any] | None = None) -> Markup:
    """The rows of ``table``, what stands between ``<tbody>`` and its end.

    ``caller`` draws the cells of kind ``custom``.
    """
    shown = table.shown
    custom = caller if caller is not None else None
    parts: list[str] = []
    columns = []
    for column in shown:
        start = (
            f'\n    <td role="cell" class="zk-k-{escape(column.kind)} '
            f'zk-on-phone-{escape(column.phone)}" data-label="{escape(column.label)}">'
        )
        own = custom if column.kind == "custom" else None
        columns.append((column, column.key, start, own, _drawer(context, column)))
    value, row_url = table.value, table.row_url
    begin = f'\n  <tr role="row"{" data-row" if row_url else ""}>'
    choose = _words(context, "Choose") if table.bulk else ""
    for row in table.rows:
        parts.append(begin)
        if table.bulk:
            parts.append(
                '<td role="cell" class="zk-pick"><label class="zk-picklabel">'
                '<input class="zk-tick" type="checkbox" name="ids" '
                f'value="{escape(table.identity(row))}" data-pick>'
                f'<span class="visually-hidden">{choose} {escape(value(row, shown[0].key))}</span>'
                "</label></td>"
            )
        link = f'<a class="zk-rowlink" href="{escape(row_url(row))}">' if row_url else ""
        for column, key, start, own, draw in columns:
            if own is not None:
                cell = str(escape(own(row, column)))
            else:
                found = value(row, key)
                cell = _NOTHING if found is None or found == "" else draw(found)
            if link:
                parts += (start, link, cell, "</a></td>")
                link = ""
            else:
                parts += (start, cell, "</td>")
        parts.append("\n  </tr>")
    return Markup("".join(parts))  # noqa: S704  every value above went through escape()


def facet(table: Table, of: Facet) -> Markup:
    """One facet of ``table``: links with the chosen one marked; options where there are many."""
    now = table.choice(of)
    if of.many:
        options = "".join(
            f'<option value="{escape(value)}"{" selected" if value == now else ""}>'
            f"{escape(label)}</option>"
            for value, label in of.options
        )
        return Markup(options)  # noqa: S704  every value above went through escape()
    parts = []
    for value, label in of.options:
        url = table.url(**{of.name: None if value == of.default else value, **_FIRST_PAGE})
        current = ' aria-current="true"' if value == now else ""
        parts.append(
            f'<a class="zk-chip" href="{escape(url)}"{current}><span>{escape(label)}</span></a>'
        )
    return Markup("".join(parts))  # noqa: S704  every value above went through escape()
