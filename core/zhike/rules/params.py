"""Parameters of a regulation, and presets: a regulation shipped as data (制度预设).

A preset is a TOML file with the clauses, beside a TOML file with the parameters of its area. A
parameter carries everything an editor needs to draw it (type, choices and their words, bounds,
unit, title, help), and a default per preset; no default means that the rule is off there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from zhike.rules.shares import FULL
from zhike.rules.types import Clause, Policy, RuleError

TYPES = ("bool", "int", "choice", "choices", "split", "share", "money", "clock", "text", "table")
"""What a parameter may be. ``split`` is two shares in basis points, ``share`` one of them,
``money`` whole yuan, ``clock`` is ``HH:MM``, ``choices`` an ordered set of words, ``table`` yuan by
rule id.
"""

_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")
_NUMBER = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)\s*(%?)")
_TRUE = {"true": True, "yes": True, "on": True, "是": True}
_FALSE = {"false": False, "no": False, "off": False, "否": False}
_NONE = ("none", "null", "无", "无上限", "-", "–")


class ParameterError(RuleError):
    """A parameter's value is not allowed, or there is no such parameter."""

    def __init__(self, message: str, *, field: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(message, code="parameter", field=field, allowed=allowed)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One admin-editable figure of a regulation (制度参数).

    key       printed key, ``owner.contact_lapse_days``; row: its row in the catalogue's table.
    choices   allowed words of ``choice`` and ``choices``; labels gives each its Chinese.
    minimum, maximum  bounds of numbers; nullable: ``none`` is a value too (no limit, never).
    pattern   a regular expression that all of a ``text`` must match; help says it in words.
    defaults  value per preset id; a preset without an entry does not have the parameter.
    """

    key: str
    row: int
    type: str
    title_zh: str
    help_zh: str = ""
    unit: str = ""
    source: str = ""
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ParameterError(f"unknown type {self.type!r}", field=self.key, allowed=TYPES)

    def read(self, value: Any) -> Any:
        """The value as the engine wants it; liberal in writing (``80/20``, ``yes``, ``none``).

        ParameterError, with what is allowed, where it cannot be read or is out of bounds.
        """
        if value is None or (isinstance(value, str) and value.strip().lower() in _NONE):
            if self.nullable:
                return None
            if self.type != "choice" or "none" not in self.choices:
                raise self._wrong(value)
            return "none"
        return _READERS[self.type](self, value)

    def read_written(self, value: Any) -> Any:
        """The value of what a person wrote where numbers are numbers (YAML): 10 is 10 per cent.

        :meth:`read` takes a number for a share as basis points, the way it is stored.
        """
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return self.read(str(value) if self.type == "share" and number else value)

    def _wrong(self, value: Any) -> ParameterError:
        return ParameterError(f"{value!r} is not allowed", field=self.key, allowed=self.allowed())

    def allowed(self) -> tuple[str, ...]:
        """What may be written, in words short enough for an error message."""
        words = {
            "bool": ("true", "false"),
            "split": ("80/20", "[8000, 2000]"),
            "share": ("20%", "20 (per cent)", "2000 (basis points)"),
            "clock": ("HH:MM",),
            "table": ("{rule id: yuan}",),
        }.get(self.type, self.choices)
        if self.type in ("int", "money"):
            low = "0" if self.minimum is None else str(self.minimum)
            words = (f"{low} or more" if self.maximum is None else f"{low} to {self.maximum}",)
        return (*words, "none") if self.nullable else tuple(words)

    def _bool(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise self._wrong(value)

    def _int(self, value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value).strip()):
            raise self._wrong(value)
        number = int(str(value))
        if number < (self.minimum or 0) or (self.maximum is not None and number > self.maximum):
            raise self._wrong(value)
        return number

    def _choice(self, value: Any) -> str:
        word = str(value).strip().lower() if isinstance(value, bool) else str(value).strip()
        for choice in self.choices:
            if word == choice or word.replace(" ", "_") == choice:
                return choice
        raise self._wrong(value)

    def _choices(self, value: Any) -> tuple[str, ...]:
        parts = re.split(r"[,、\s]+", value.strip()) if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            raise self._wrong(value)
        return tuple(dict.fromkeys(self._choice(part) for part in parts if part != ""))

    def _split(self, value: Any) -> tuple[int, int]:
        parts = value.split("/") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or len(parts) != 2:
            raise self._wrong(value)
        found = [_NUMBER.fullmatch(str(part).strip()) for part in parts]
        if not all(found):
            raise self._wrong(value)
        numbers = [Fraction(match[1]) for match in found if match is not None]
        if sum(numbers) == 100:
            numbers = [number * 100 for number in numbers]
        if sum(numbers) != FULL or any(number.denominator != 1 for number in numbers):
            raise self._wrong(value)
        return int(numbers[0]), int(numbers[1])

    def _share(self, value: Any) -> int:
        """Basis points from ``20%``, ``"20"`` (a text up to 100 is per cent) or stored points."""
        match = _NUMBER.fullmatch(str(value).strip())
        if match is None or isinstance(value, (bool, float)):
            raise self._wrong(value)
        points = Fraction(match[1])
        if match[2] or (isinstance(value, str) and points <= 100):
            points *= 100
        if points > FULL or points.denominator != 1:
            raise self._wrong(value)
        return int(points)

    def _clock(self, value: Any) -> str:
        if not _CLOCK.fullmatch(str(value)):
            raise self._wrong(value)
        return str(value)

    def _text(self, value: Any) -> str:
        text = str(value).strip()
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise self._wrong(value)
        return text

    def _table(self, value: Any) -> dict[str, int]:
        if not isinstance(value, Mapping):
            raise self._wrong(value)
        return {str(key): self._int(amount) for key, amount in value.items()}


_READERS = {
    "bool": Parameter._bool,
    "int": Parameter._int,
    "money": Parameter._int,
    "choice": Parameter._choice,
    "choices": Parameter._choices,
    "split": Parameter._split,
    "share": Parameter._share,
    "clock": Parameter._clock,
    "text": Parameter._text,
    "table": Parameter._table,
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A regulation as data: id, titles, its parameters and its default clauses.

    families  what a group of parameters is called, by the first part of their keys.
    """

    id: str
    plugin: str
    title_zh: str
    title_en: str
    parameters: tuple[Parameter, ...]
    clauses: tuple[Clause, ...]
    families: Mapping[str, str] = field(default_factory=dict)

    def parameter(self, key: str) -> Parameter:
        """The parameter of a printed or full key. ParameterError where this preset has none."""
        short = key.removeprefix(self.plugin + ".")
        for parameter in self.parameters:
            if parameter.key == short:
                return parameter
        family = short.split(".")[0] + "."
        near = [p.key for p in self.parameters if p.key.startswith(family)]
        raise ParameterError(f"{self.id} has no such parameter", field=key, allowed=near)

    def policy(
        self,
        overrides: Mapping[str, Any] | None = None,
        version: str = "preset",
        *,
        written: bool = False,
    ) -> Policy:
        """The preset as a policy, with overrides checked and read. ParameterError names the key.

        ``written``: a person wrote them in a drill, a share's bare number up to 100 is per cent.
        """
        params = {p.key: p.read(p.defaults[self.id]) for p in self.parameters}
        for key, value in (overrides or {}).items():
            parameter = self.parameter(key)
            read = parameter.read_written if written else parameter.read
            params[parameter.key] = read(value)
        return Policy(
            plugin=self.plugin,
            preset=self.id,
            version=version,
            params=params,
            clauses={clause.rule: clause for clause in self.clauses},
            labels={p.key: p.labels for p in self.parameters if p.labels},
        )


def load_parameters(path: Path) -> tuple[Parameter, ...]:
    """Read ``[[parameter]]`` tables. ParameterError for a default its own bounds refuse."""
    return _parameters(tomllib.loads(path.read_text(encoding="utf-8"))["parameter"])


def _parameters(rows: list[dict[str, Any]]) -> tuple[Parameter, ...]:
    found: dict[str, Parameter] = {}
    for row in rows:
        row["choices"] = tuple(row.get("choices", ()))
        row["defaults"] = row.pop("default", {})
        parameter = Parameter(**row)
        if parameter.key in found:
            raise ParameterError("stated twice", field=parameter.key)
        for value in parameter.defaults.values():
            parameter.read(value)
        found[parameter.key] = parameter
    return tuple(found.values())


def load_preset(path: Path) -> Preset:
    """Read a preset file; ``parameters`` in it names the parameter file beside it.

    That file may say under ``[families]`` what the groups of its parameters are called.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    table = tomllib.loads((path.parent / data["parameters"]).read_text(encoding="utf-8"))
    every = _parameters(table["parameter"])
    return Preset(
        id=data["id"],
        plugin=data["plugin"],
        title_zh=data["title_zh"],
        title_en=data["title_en"],
        parameters=tuple(p for p in every if data["id"] in p.defaults),
        clauses=tuple(Clause(c["rule"], str(c["number"]), c["text"]) for c in data["clause"]),
        families=table.get("families", {}),
    )
