"""Reading drills: one document or several, variants unfolded, instants with their date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from zhike.drills.yamltext import Places, YamlError, read_documents

KEYS = (
    "id",
    "title",
    "plugin",
    "policy",
    "calendar",
    "date",
    "given",
    "events",
    "expect",
    "variants",
    "comment",
)
VARIANT_KEYS = ("id", "title", "policy", "given", "events", "expect", "instead", "comment")
DEFAULT_DATE = "2024-05-06"

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_STEP = re.compile(r"\+\s*(\d+)\s*d?(?:ays?)?")


class DrillError(ValueError):
    """The file is not a drill; ``where`` is file, line and field as far as they are known."""

    def __init__(self, message: str, *, where: str = "") -> None:
        self.where = where
        self.message = message
        super().__init__(f"{where}: {message}" if where else message)


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill (演练), ready to run.

    preset     None: runs under the version at hand; else the pinned preset, with ``overrides``.
    events     plain mappings whose ``at`` is complete; each may carry ``expect``.
    expect     what must hold at the end; ``lines`` are the events' lines in the file.
    """

    id: str
    title: str
    plugin: str
    preset: str | None
    overrides: Mapping[str, Any]
    calendar: str | None
    given: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    expect: Mapping[str, Any]
    source: str = ""
    lines: tuple[int, ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether the drill names its own policy."""
        return self.preset is not None

    def where(self, event: int | None = None) -> str:
        """File and line of the drill or of one of its events, for messages."""
        if event is None or event >= len(self.lines):
            return self.source or self.id
        return f"{self.source or self.id}:{self.lines[event]}"


@dataclass(slots=True)
class _Document:
    data: Mapping[str, Any]
    places: Places
    source: str

    def fail(self, message: str, *path: str | int) -> DrillError:
        line = 0
        for length in range(len(path), -1, -1):
            line = self.places.get(tuple(path[:length]), 0)
            if line:
                break
        names = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
        where = f"{self.source}:{line}" if line else self.source
        return DrillError(f"{names}: {message}" if names else message, where=where)

    def mapping(self, value: Any, *path: str | int) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.fail("must be a mapping", *path)
        return dict(value)

    def known(self, value: Mapping[str, Any], allowed: tuple[str, ...], *path: str | int) -> None:
        for key in value:
            if key not in allowed:
                raise self.fail(f"no such field (allowed: {', '.join(allowed)})", *path, str(key))


def load(path: Path | str) -> list[Drill]:
    """The drills of a file. DrillError names file, line and field; OSError as usual."""
    path = Path(path)
    return load_bytes(path.read_bytes(), source=str(path))


def load_bytes(data: bytes, source: str = "") -> list[Drill]:
    """The drills of a file's content: UTF-8, with or without a mark at its beginning (BOM)."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DrillError("this is no UTF-8 text", where=f"{source}:{line}") from None
    return load_text(text, source)


def load_text(text: str, source: str = "") -> list[Drill]:
    """The drills of a YAML or JSON text."""
    text = text.removeprefix("\ufeff")
    try:
        documents = read_documents(text)
    except YamlError as error:
        raise DrillError(str(error), where=f"{source}:{error.line}") from error
    found: list[Drill] = []
    for data, places in documents:
        if data is None:
            continue
        if not isinstance(data, Mapping):
            raise DrillError("a drill is a mapping with events", where=source)
        found.extend(_unfold(_Document(data, places, source), len(found) + 1))
    if not found:
        raise DrillError("the file holds no drill", where=source)
    return found


def parse(data: Mapping[str, Any], source: str = "") -> list[Drill]:
    """The drills of a document that is data already (a stored drill, an API body)."""
    return _unfold(_Document(data, {}, source), 1)


def _unfold(doc: _Document, number: int) -> list[Drill]:
    doc.known(doc.data, KEYS)
    base = dict(doc.data)
    variants = base.pop("variants", None) or []
    named: list[tuple[str | int, dict[str, Any]]]
    if isinstance(variants, Mapping):
        named = [
            (str(key), doc.mapping(more, "variants", str(key))) for key, more in variants.items()
        ]
    else:
        named = [(n, doc.mapping(v, "variants", n)) for n, v in enumerate(variants)]
    drill_id = str(base.get("id") or f"{Path(doc.source).stem or 'drill'}/{number}")
    own = _build(doc, base, drill_id, _events(doc, base.get("events"), "events"))
    drills = [own]
    for place, more in named:
        doc.known(more, VARIANT_KEYS, "variants", place)
        drills.append(_variant(doc, base, more, drill_id, place))
    return drills


def _variant(
    doc: _Document, base: dict[str, Any], more: dict[str, Any], drill_id: str, place: str | int
) -> Drill:
    """A variant: the base's events and then its own; ``instead`` drops the base's events."""
    merged = {**base, "expect": more.get("expect")}
    merged.update((key, more[key]) for key in ("title", "policy") if key in more)
    given = {**doc.mapping(base.get("given")), **doc.mapping(more.get("given"))}
    merged["given"] = given
    events = [] if more.get("instead") else _events(doc, base.get("events"), "events")
    events = [*events, *_events(doc, more.get("events"), "variants", place, "events")]
    number = place + 1 if isinstance(place, int) else place
    variant_id = f"{drill_id}/{more.get('id', number)}"
    return _build(doc, merged, variant_id, events)


Placed = tuple[Mapping[str, Any], int, tuple[str | int, ...]]


def _events(doc: _Document, stated: Any, *path: str | int) -> list[Placed]:
    if stated is None:
        return []
    if not isinstance(stated, (list, tuple)):
        raise doc.fail("must be a list of events", *path)
    found: list[Placed] = []
    for place, event in enumerate(stated):
        if not isinstance(event, Mapping):
            raise doc.fail("an event is a mapping like {at: 09:00, arrive: n1}", *path, place)
        here = (*path, place)
        found.append((event, doc.places.get(here, 0), here))
    return found


def _build(doc: _Document, data: dict[str, Any], drill_id: str, placed: list[Placed]) -> Drill:
    given = doc.mapping(data.get("given"), "given")
    start = str(data.get("date") or given.get("date") or "") or None
    if start is not None:
        given.setdefault("date", start)
    events = _complete(doc, placed, start)
    if start is None:
        first = events[0]["at"][:10] if events else DEFAULT_DATE
        given["date"] = first
    preset, overrides = _policy(doc, data.get("policy"))
    plugin = data.get("plugin")
    if not plugin:
        raise doc.fail("the drill does not say whose it is", "plugin")
    expect = data.get("expect")
    if isinstance(expect, (list, tuple)):
        events, final = _spread(doc, events, expect), {}
    else:
        final = doc.mapping(expect, "expect")
        if isinstance(final.get("events"), (list, tuple)):
            events = _spread(doc, events, final.pop("events"))
        if isinstance(final.get("final"), Mapping):
            final = {**final.pop("final"), **final}
    return Drill(
        id=drill_id,
        title=str(data.get("title") or ""),
        plugin=str(plugin),
        preset=preset,
        overrides=overrides,
        calendar=str(data["calendar"]) if data.get("calendar") else None,
        given=given,
        events=tuple(events),
        expect=final,
        source=doc.source,
        lines=tuple(line for _event, line, _path in placed),
    )


def _policy(doc: _Document, stated: Any) -> tuple[str | None, dict[str, Any]]:
    if stated is None:
        return None, {}
    if isinstance(stated, str):
        return stated, {}
    policy = doc.mapping(stated, "policy")
    doc.known(policy, ("preset", "overrides", "parameters"), "policy")
    stated = policy.get("overrides", policy.get("parameters"))
    overrides = doc.mapping(stated, "policy", "overrides")
    preset = policy.get("preset")
    return (str(preset) if preset else None), _flat(overrides)


def _flat(overrides: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested overrides ``{rotation: {owed_cap: 2}}`` as dotted keys."""
    found: dict[str, Any] = {}
    for key, value in overrides.items():
        if isinstance(value, Mapping) and "." not in key and key not in ("fine", "points"):
            found.update(_flat(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


# --- instants --------------------------------------------------------------------------------
def _complete(doc: _Document, placed: list[Placed], start: str | None) -> list[dict[str, Any]]:
    """Complete every ``at``: ``HH:MM`` is of the event's date, which holds on until another."""
    day = start[:10] if start else ""
    last = f"{day}T00:00:00" if day else ""
    found = []
    for event, _line, path in placed:
        stated = "" if event.get("at") is None else str(event["at"]).strip().replace(" ", "T", 1)
        moved = event.get("date", event.get("day"))
        fresh = moved is not None
        if moved is not None:
            day = _date(doc, moved, day, path)
        if _CLOCK.fullmatch(stated):
            day = day or DEFAULT_DATE
            at = f"{day}T{stated.rjust(5, '0') if len(stated) < 6 else stated.rjust(8, '0')}"
        elif stated:
            at = stated if len(stated) > 10 else _at_day(stated, last)
            fresh = True
            day = at[:10]
        elif fresh:
            at = _at_day(day, last)
        else:
            at = last or f"{DEFAULT_DATE}T00:00:00"
        if last and at[:16] < last[:16] and "occurred_at" not in event:
            hint = (
                "events stand in the order they were recorded in; say when it happened by "
                "occurred_at"
                if fresh
                else "state the date (date: +1d or YYYY-MM-DD)"
            )
            when = at.replace("T", " ")[:16] if fresh else stated
            raise doc.fail(f"{when} is before the event above it; {hint}", *path, "at")
        last = at
        day = at[:10]
        found.append({**{k: v for k, v in event.items() if k not in ("date", "day")}, "at": at})
    return found


def _at_day(day: str, last: str) -> str:
    return last if last[:10] == day else f"{day}T00:00:00"


def _date(doc: _Document, stated: Any, day: str, path: tuple[str | int, ...]) -> str:
    text = str(stated).strip()
    step = _STEP.fullmatch(text)
    try:
        if step is not None:
            return (date.fromisoformat(day or DEFAULT_DATE) + timedelta(int(step[1]))).isoformat()
        return date.fromisoformat(text).isoformat()
    except (ValueError, OverflowError):
        raise doc.fail(f"{text!r} is not a date YYYY-MM-DD or a step +1d", *path, "date") from None


# --- expectations apart from the events -------------------------------------------------------
def _spread(doc: _Document, events: list[dict[str, Any]], rows: Any) -> list[dict[str, Any]]:
    """Lay a list of expectations over the events: by number, by instant, or one for each event."""
    found = list(events)
    stated = [doc.mapping(row, "expect", place) for place, row in enumerate(rows)]
    instants = [str(row["at"]) for row in stated if row.get("at") is not None]
    taken: dict[str, int] = {}
    for place, row in enumerate(stated):
        number, at = row.pop("event", None), row.pop("at", None)
        if number is not None:
            index = int(number) - 1 if str(number).isdigit() else -1
            if not 0 <= index < len(events):
                raise doc.fail(f"there is no event {number}", "expect", place, "event")
        elif at is not None:
            matches = _matches(events, str(at), row)
            # As many rows as events at one instant: they belong together in their order.
            turn = taken.get(str(at), 0)
            taken[str(at)] = turn + 1
            if len(matches) != 1 and len(matches) != instants.count(str(at)):
                raise doc.fail(
                    f"{len(matches)} events at {at}; name one by event: or of:",
                    "expect",
                    place,
                    "at",
                )
            index = matches[0] if len(matches) == 1 else matches[turn]
        elif len(rows) == len(events):
            index = place
        else:
            raise doc.fail("name the event (event: 3) or its instant (at: 09:00)", "expect", place)
        found[index] = {**found[index], "expect": {**found[index].get("expect", {}), **row}}
    return found


def _matches(events: list[dict[str, Any]], at: str, row: dict[str, Any]) -> list[int]:
    """Places of the events at this instant, narrowed by ``of`` (a customer or rep in the event)."""
    wanted = at.strip().replace(" ", "T", 1)
    found = [place for place, event in enumerate(events) if wanted in str(event["at"])]
    person = row.pop("of", None)
    if person is not None:
        found = [place for place in found if str(person) in map(str, events[place].values())]
    return found
