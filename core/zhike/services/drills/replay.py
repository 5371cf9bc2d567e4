"""A real day as a drill: written down by the plugin, under names that say nothing."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from zhike import contributions as c
from zhike.db.session import CompanySession
from zhike.drills import parse
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.services.drills.compare import SideBySide, side_by_side
from zhike.services.policies.inforce import ResolvedPolicy

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Fields in which people write what they like: left out of a drill.
_FREE_TEXT = frozenset({"name", "phone", "note", "text", "comment", "remark"})
#: How ids are called: customers n1, n2 …, sales people A, B, …, everything else x1, x2 …
_LETTERS = {"customer": "n", "party": "n", "deal": "d", "visit": "v"}


def day_document(
    s: CompanySession, plugin: str, unit_id: uuid.UUID, day: date
) -> Mapping[str, Any]:
    """What happened at a site on a day (a date of the site), as the plugin writes it down.

    People and customers are in it by their ids. Raises :class:`~zhike.errors.NotFound` where the
    plugin keeps no days.
    """
    for entry in s.site.plugins.registry.of(c.Engine):
        if entry.owner.plugin == plugin and entry.value.day is not None:
            return entry.value.day(s, unit_id, day)
    raise NotFound(_("Days of this plugin cannot be replayed."), code="no_days")


def replay_day(
    s: CompanySession,
    plugin: str,
    unit_id: uuid.UUID,
    day: date,
    left: ResolvedPolicy,
    right: ResolvedPolicy,
) -> SideBySide:
    """A real day under two versions, side by side; ids are as in the data."""
    document = {**day_document(s, plugin, unit_id, day), "plugin": plugin}
    document.pop("people", None)
    (drill,) = parse(document)
    return side_by_side(s.site, drill, left.policy, right.policy)


def day_text(
    s: CompanySession, plugin: str, unit_id: uuid.UUID, day: date, *, title: str = ""
) -> str:
    """A real day as the YAML text of a drill, under pseudonyms, ready to be stored or passed on."""
    document = pseudonyms({**day_document(s, plugin, unit_id, day), "plugin": plugin})
    head = {"title": title or f"{day:%Y-%m-%d}", "plugin": plugin}
    from ruamel.yaml import YAML  # slow to load, and only writing out a day needs it

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None  # innermost collections on one line
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # stub says None
    writer.width = 100
    out = io.StringIO()
    writer.dump({**head, **{k: v for k, v in document.items() if k not in head}}, out)
    return out.getvalue()


def pseudonyms(document: Mapping[str, Any]) -> dict[str, Any]:
    """Replace every UUID by a short name, the same one throughout, and leave free text out.

    ``people`` in the document (taken out here) says what an id is: ``rep`` becomes A, B, C …,
    ``customer`` n1, n2 …, anything else x1, x2 … in order of appearance.
    """
    people = {str(key): str(kind) for key, kind in dict(document.get("people") or {}).items()}
    names: dict[str, str] = {}
    counts: dict[str, int] = {}

    def name(found: re.Match[str]) -> str:
        known = names.get(found[0])
        if known is None:
            kind = people.get(found[0], "")
            letter = "" if kind == "rep" else _LETTERS.get(kind, "x")
            counts[letter] = counts.get(letter, 0) + 1
            known = f"{letter}{counts[letter]}" if letter else _capital(counts[letter])
            names[found[0]] = known
        return known

    def walk(value: Any) -> Any:
        if isinstance(value, uuid.UUID):
            value = str(value)
        if isinstance(value, str):
            return _UUID.sub(name, value)
        if isinstance(value, Mapping):
            return {
                _UUID.sub(name, str(key)): walk(part)
                for key, part in value.items()
                if str(key) not in _FREE_TEXT
            }
        if isinstance(value, (list, tuple)):
            return [walk(part) for part in value]
        return value

    made = walk({key: part for key, part in document.items() if key != "people"})
    assert isinstance(made, dict)
    return made


def _capital(number: int) -> str:
    """1 → A, 26 → Z, 27 → AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text
