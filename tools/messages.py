"""Message catalogues:  python tools/messages.py update|compile PACKAGE...

``update`` takes the message ids out of a package's Python and Jinja sources into
``translations/<locale>/LC_MESSAGES/messages.po``: new ids are added, vanished ones dropped, made
translations kept; zh_Hant is filled from zh_Hans by OpenCC where it is still empty. ``compile``
writes the ``.mo`` files that a running process reads.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

LOCALES = ("zh_Hans", "zh_Hant", "en")
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}, "templates/**.txt": {"trimmed": "true"}}
# Header lines that change with every run or name nobody.
NOISE = (
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Report-Msgid-Bugs-To",
    "Generated-By",
    "Project-Id-Version",
)
KEYWORDS: dict[str, tuple[int, ...] | tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_gettext": None,
    "_l": None,
    "N_": None,  # marks a string that is translated later, when the reader is known
}


def extract(package: Path) -> Catalog:
    """The ids of one package, with the places they come from."""
    template = Catalog(project=package.name, charset="utf-8")
    found = extract_from_dir(
        str(package), METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",)
    )
    for filename, _line, message, comments, context in found:
        # No line numbers: they would change every catalogue with every edit.
        template.add(
            message, None, [(filename, 0)], auto_comments=comments, context=context or None
        )
    return template


def read(path: Path, locale: str) -> Catalog:
    """An existing catalogue, or an empty one."""
    if not path.is_file():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def to_traditional(catalogue: Catalog, simplified: Catalog) -> None:
    """Fill the empty messages of a zh_Hant catalogue from zh_Hans."""
    from opencc import OpenCC  # type: ignore[import-untyped, unused-ignore]

    convert = OpenCC("s2twp").convert
    for message in catalogue:
        source = simplified.get(message.id, message.context)
        if not message.id or source is None or not source.string:
            continue
        if isinstance(message.string, str) and isinstance(source.string, str):
            message.string = message.string or convert(source.string)
        elif isinstance(source.string, (list, tuple)) and not any(message.string or ()):
            message.string = tuple(convert(text) for text in source.string)


def update(package: Path) -> None:
    """Bring the catalogues of one package up to its sources."""
    template = extract(package)
    simplified = Catalog()
    for locale in LOCALES:
        path = package / "translations" / locale / "LC_MESSAGES" / "messages.po"
        catalogue = read(path, locale)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if locale == "zh_Hans":
            simplified = catalogue
        elif locale == "zh_Hant":
            to_traditional(catalogue, simplified)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.fuzzy = False
        catalogue.header_comment = f"# {package.name}, {locale}"
        text = io.BytesIO()
        write_po(text, catalogue, width=100, sort_output=True, include_lineno=False)
        path.write_bytes(
            b"".join(
                line
                for line in text.getvalue().splitlines(keepends=True)
                if not line.startswith(tuple(f'"{name}'.encode() for name in NOISE))
            )
        )
        if locale != "en":
            missing = sum(1 for message in catalogue if message.id and not message.string)
            print(f"{path}: {len(catalogue)} messages, {missing} untranslated")


def compile_catalogues(package: Path) -> None:
    """Write each ``.mo`` that is older than its ``.po``."""
    for source in sorted(package.glob("translations/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        part = target.with_suffix(".mo.part")
        with part.open("wb") as file:
            write_mo(file, read(source, source.parent.parent.name))
        part.replace(target)


def main(arguments: list[str]) -> int:
    """Run the command; 2 on wrong usage."""
    acts = {"update": update, "compile": compile_catalogues}
    if len(arguments) < 2 or arguments[0] not in acts:
        print(__doc__, file=sys.stderr)
        return 2
    for folder in arguments[1:]:
        acts[arguments[0]](Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
