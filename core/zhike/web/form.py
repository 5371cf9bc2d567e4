"""The base of every form on a page, of the core and of plugins.

The libraries below come without types: this is where that ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from flask_babel import get_locale
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms.i18n import get_translations

__all__ = ["PageForm"]


@cache
def _messages(locale: str) -> Any:
    # The library knows Traditional Chinese by the place where it is written.
    return get_translations(["zh_TW" if locale == "zh_Hant" else locale])


class PageForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A form on a page: its fields are class attributes, its CSRF token comes with it.

    In a view: ``if form.validate_on_submit(): with keeping(form), transaction() as s: …``.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        """The library's own messages in the reader's language, read from their file once."""

        def get_translations(self, form: Any) -> Any:
            return _messages(str(get_locale() or "zh_Hans"))

    if TYPE_CHECKING:
        data: dict[str, Any]
        errors: Mapping[str | None, Sequence[str]]
        form_errors: list[str]

        def __iter__(self) -> Iterator[Any]: ...
        def __getitem__(self, name: str) -> Any: ...
        def __contains__(self, name: str) -> bool: ...
        def is_submitted(self) -> bool: ...
        def validate_on_submit(self, extra_validators: Mapping[str, Any] | None = None) -> bool: ...
        def hidden_tag(self, *fields: Any) -> Markup: ...
