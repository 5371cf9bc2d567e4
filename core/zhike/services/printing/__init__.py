"""Printing 打印: forms to PDF with embedded Chinese fonts, QR codes, and what the machine lacks.

The compiler and the fonts load at the first document, not when this package is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhike.services.printing.fonts import (
    FontStatus,
    NoCjkFont,
    cjk_font,
    forget_fonts,
)
from zhike.services.printing.qr import qr_path, qr_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zhike.services.forms.model import Form, FormData

__all__ = [
    "FontStatus",
    "NoCjkFont",
    "cjk_font",
    "forget_fonts",
    "qr_path",
    "qr_svg",
    "render_pdf",
]


def render_pdf(
    form: Form, data: FormData, company_name: str = "", *, copies: Sequence[str] | None = None
) -> bytes:
    """Return the form as PDF; see :func:`.pdf.render_pdf`. Raises :class:`NoCjkFont`."""
    from zhike.services.printing.pdf import render_pdf as render

    return render(form, data, company_name, copies=copies)
