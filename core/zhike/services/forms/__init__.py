"""Forms 表单: one description, drawn on screen, on paper and as a sheet.

``Form`` and its parts describe, ``FormData`` fills in, ``render_*`` draw. The drawing parts load
their libraries when first called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zhike.services.forms.model import (
    Align,
    Form,
    FormColumn,
    FormData,
    FormField,
    FormTable,
    Kind,
    Paper,
    Signature,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

__all__ = [
    "Align",
    "FormColumn",
    "FormField",
    "Form",
    "FormData",
    "Kind",
    "Paper",
    "Signature",
    "FormTable",
    "page",
    "render_html",
    "render_pdf",
    "render_xlsx",
]


def render_html(form: Form, data: FormData) -> Markup:
    """Return the form's contents as safe HTML; see :func:`.html.render_html`."""
    from zhike.services.forms.html import render_html as render

    return render(form, data)


def page(form: Form, data: FormData) -> dict[str, Any]:
    """Return what ``zhike/base_print.html`` shows of the form; see :func:`.html.page`."""
    from zhike.services.forms.html import page as make

    return make(form, data)


def render_pdf(
    form: Form, data: FormData, company_name: str = "", *, copies: Sequence[str] | None = None
) -> bytes:
    """Return the form as PDF; see :func:`zhike.services.printing.render_pdf`.

    Raises :class:`zhike.services.printing.NoCjkFont` on a machine without a Chinese font.
    """
    from zhike.services.printing import render_pdf as render

    return render(form, data, company_name, copies=copies)


def render_xlsx(form: Form, data: FormData, company_name: str = "") -> bytes:
    """Return the form as xlsx; see :func:`.xlsx.write_xlsx`."""
    from zhike.services.forms.xlsx import render_xlsx as render

    return render(form, data, company_name)
