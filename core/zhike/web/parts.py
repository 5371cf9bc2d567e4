"""Parts of the frame that stay the same from page to page, drawn once for the same inputs.

The bar on top, the menu, the bottom bar, the overlay of shortcuts and what stands above a list are
half of what a page has to draw, and hardly ever differ from those of the page before. Their
templates (``zhike/frame/``) see nothing but the inputs named here: no request, no session, nobody's
name that is not an input. So the inputs are all that a part can depend on, and two readers share a
drawn part only where all of theirs are equal. What is new on each page, the CSRF token and the
page's own address, is put in afterwards and never kept.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from flask import has_request_context, request
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from zhike.web.ui_table import Table

#: Drawn parts kept at most; each has a few kilobytes.
_MOST = 500
# Nobody can guess what stands for them, and so nobody's text is taken for one.
_CSRF, _HERE = f"\x02{secrets.token_hex(16)}", f"\x02{secrets.token_hex(16)}"
#: What the templates of the parts see besides their inputs: words, and helpers without a reader.
_GLOBALS = frozenset(
    {"_", "gettext", "ngettext", "pgettext", "npgettext", "ui", "url_for", "range", "dict"}
)


class Parts:
    """The drawn parts of one application."""

    def __init__(
        self, env: Environment, saved: Callable[[Table], object] = lambda table: None
    ) -> None:
        self._outer = env
        self._saved = saved
        self._env: Environment | None = None
        self._drawn: dict[object, str] = {}
        self._lock = Lock()

    def _draw(self, context: Context, part: str, /, **inputs: Any) -> Markup:
        locale = str(context.resolve("locale"))
        root = request.script_root if has_request_context() else ""
        key = (part, locale, root, *inputs.values())
        try:
            text = self._drawn.get(key)
        except TypeError:  # inputs that cannot be compared, such as a list: drawn each time
            text, key = None, ()
        if text is None:
            text = self._fresh(part, locale=locale, **inputs)
            if key:
                with self._lock:
                    if len(self._drawn) >= _MOST:
                        self._drawn.clear()
                    self._drawn[key] = text
        return self._put_in(context, text)

    def _put_in(self, context: Context, text: str) -> Markup:
        """What is never kept takes its place: the token, the page's own address."""
        if _CSRF in text:
            token = str(escape(context.call(context.resolve("csrf_token"))))
            text = text.replace(_CSRF, token)
        if _HERE in text:
            here = str(escape(request.full_path)) if has_request_context() else ""
            text = text.replace(_HERE, here)
        return Markup(text)  # noqa: S704  drawn by a template, escaped where put in

    def _fresh(self, part: str, /, **inputs: Any) -> str:
        if self._env is None:
            self._env = self._outer.overlay(undefined=StrictUndefined)
            known = self._outer.globals
            self._env.globals = {key: known[key] for key in _GLOBALS & known.keys()}
        if "links" in inputs:  # a missing link leaves its control out
            inputs["links"] = defaultdict(str, inputs["links"])
        template = self._env.get_template(f"zhike/frame/{part}.html")
        return template.render(csrf=_CSRF, here=_HERE, **inputs)

    @pass_context
    def top(self, context: Context) -> Markup:
        """The bar on top: place, search, inbox, the person's own menu."""
        current, links = context.resolve("current"), context.resolve("links")
        company, unit, user, staff = (
            getattr(current, name, None) for name in ("company", "unit", "user", "staff")
        )
        place = " · ".join(one.name for one in (company, unit) if one and one.name)
        name = (staff.name if staff else "") or (user.name if user else "")
        return self._draw(
            context,
            "top",
            links=_fixed(links),
            switcher=_plain(context.resolve("switcher")),
            place=place,
            name=name,
            is_system_admin=bool(getattr(user, "is_system_admin", False)),
            inbox_count=int(context.resolve("inbox_count") or 0),
            theme=str(context.resolve("theme") or "auto"),
        )

    @pass_context
    def menu(self, context: Context) -> Markup:
        """The menu."""
        return self._draw(context, "menu", nav=_plain(context.resolve("nav")))

    @pass_context
    def bottom(self, context: Context) -> Markup:
        """The bottom bar of a phone."""
        return self._draw(context, "bottom", nav=_plain(context.resolve("nav")))

    @pass_context
    def tools(self, context: Context, table: Table) -> Markup:
        """Search, facets, columns and exports above a list; what is searched for is not kept."""
        saved = self._saved(table) if table.name and has_request_context() else None
        if table.query:
            return self._put_in(
                context,
                self._fresh(
                    "tools", locale=str(context.resolve("locale")), t=table.tools(), saved=saved
                ),
            )
        return self._draw(context, "tools", t=table.tools(), saved=saved)

    @pass_context
    def palette(self, context: Context) -> Markup:
        """The command palette."""
        return self._draw(context, "palette", links=_fixed(context.resolve("links")))

    @pass_context
    def keys(self, context: Context, more: Markup) -> Markup:
        """The overlay of shortcuts; ``more`` are the rows of the page at hand."""
        return self._draw(
            context,
            "keys",
            nav=_plain(context.resolve("nav")),
            links=_fixed(context.resolve("links")),
            shortcuts_on=bool(context.resolve("shortcuts_on")),
            more=more,
        )


def _plain(value: Any) -> Any:
    """What a proxy of the request stands for: the thing itself can be compared and kept."""
    unwrap = getattr(value, "_get_current_object", None)
    return unwrap() if unwrap is not None else value


def _fixed(links: Any) -> tuple[tuple[str, str], ...]:
    known: Mapping[str, str] = links
    return tuple(known.items())


def register(env: Environment, saved: Callable[[Table], object]) -> None:
    """Put the drawn parts into ``env`` as ``frame_top()``, ``frame_menu()`` and so on.

    They read ``current``, ``links``, ``nav``, ``switcher``, ``inbox_count``, ``theme``, ``locale``
    and ``csrf_token`` where they are called, see ``zhike/layout.html``. ``saved`` gives what stands
    above a list of saved views (``zhike.web.lists.SavedBar``), or None.
    """
    parts = Parts(env, saved)
    env.globals.update(
        frame_top=parts.top,
        frame_menu=parts.menu,
        frame_bottom=parts.bottom,
        frame_keys=parts.keys,
        frame_tools=parts.tools,
        frame_palette=parts.palette,
    )
