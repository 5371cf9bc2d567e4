"""QR codes (ISO/IEC 18004) as SVG. What is encoded is an address with an opaque code, no data."""

from __future__ import annotations


def qr_svg(content: str) -> str:
    """Return an inline ``<svg>`` of ``content``, error level M, with the quiet zone.

    The drawing holds modules only, never the text. Raises ValueError where ``content`` is too long
    for a code.
    """
    import segno

    code = segno.make_qr(content, error="m", boost_error=False)
    return code.svg_inline(scale=4, svgclass="zk-qr", lineclass=None, omitsize=True)


def qr_path(content: str) -> dict[str, str | int]:
    """Return the code as ``{"d": path data, "size": side}`` for a page that draws it itself.

    One unit is one module; the path is to be filled, and the quiet zone of four modules is part of
    the side. Raises ValueError as :func:`qr_svg`.
    """
    import segno

    quiet = 4
    code = segno.make_qr(content, error="m", boost_error=False)
    parts = []
    for y, row in enumerate(code.matrix, start=quiet):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                parts.append(f"M{start + quiet} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return {"d": "".join(parts), "size": len(code.matrix) + 2 * quiet}
