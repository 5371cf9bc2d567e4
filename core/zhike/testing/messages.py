"""What a plugin says, and whether it says it in Chinese."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

KEYWORDS = {
    "_": None,
    "N_": None,
    "gettext": None,
    "lazy_gettext": None,
    "_l": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
METHODS = [
    ("**/testing/**", "ignore"),
    ("**/scaffold/**", "ignore"),
    ("**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
#: As in the tool that writes the catalogues: a message broken over lines is one message.
OPTIONS = {"templates/**.html": {"trimmed": "true"}, "templates/**.txt": {"trimmed": "true"}}


def message_ids(package: Path) -> dict[str, list[str]]:
    """Message id -> places (file:line) where the package's code and templates use it."""
    found: dict[str, list[str]] = {}
    for file, line, message, _comments, _context in extract_from_dir(
        package, METHODS, OPTIONS, keywords=KEYWORDS
    ):
        for one in message if isinstance(message, tuple) else (message,):
            if one:
                found.setdefault(one, []).append(f"{file}:{line}")
    return found


def untranslated(package: Path, language: str = "zh_Hans") -> dict[str, list[str]]:
    """The message ids of a package that neither its catalogue nor the core's translates."""
    core = Path(str(files("zhike")))
    known = _translated(core, language) | _translated(package, language)
    return {msgid: places for msgid, places in message_ids(package).items() if msgid not in known}


def _translated(package: Path, language: str) -> set[str]:
    file = package / "translations" / language / "LC_MESSAGES" / "messages.po"
    found: set[str] = set()
    if file.is_file():
        with file.open("rb") as handle:
            for message in read_po(handle, locale=language):
                ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
                texts = message.string
                values = texts if isinstance(texts, tuple | list) else (texts,)
                if all(values) and not message.fuzzy:
                    found.update(ids)
    return found
