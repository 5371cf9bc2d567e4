"""Checking a company's changes against the preset, with messages a manager can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhike.errors import UserError
from zhike.i18n import _
from zhike.rules import Parameter, ParameterError, Preset
from zhike.services.ledger import normalise

MODES = ("observe", "advise", "enforce")
_PLACE = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
_NUMBER_LENGTH, _TEXT_LENGTH = 40, 2000


@dataclass(frozen=True)
class Problem:
    """What is wrong: ``field`` is ``params.<key>``, ``clauses.<rule>`` or ``mode``."""

    field: str
    message: str


@dataclass(frozen=True)
class Checked:
    """Changes that hold: only what differs from the preset, in the engine's spelling."""

    params: dict[str, Any]
    clauses: dict[str, dict[str, str]]


def check_changes(
    preset: Preset, params: Mapping[str, Any], clauses: Mapping[str, Any], mode: str = "enforce"
) -> Checked:
    """Check and tidy what a company changes of ``preset``.

    Values may be written as people write them (``80/20``, ``无``). Raises
    :class:`~zhike.errors.UserError` about all problems at once: ``extra["problems"]`` lists
    ``{"field", "message"}``, the first of them is the error's own.
    """
    problems: list[Problem] = []
    if mode not in MODES:
        problems.append(Problem("mode", _("The mode is observe, advise or enforce.")))
    good_params = _check_params(preset, params, problems)
    good_clauses = _check_clauses(preset, clauses, problems)
    if problems:
        raise UserError(
            problems[0].message,
            field=problems[0].field,
            code="policy",
            extra={"problems": [{"field": p.field, "message": p.message} for p in problems]},
        )
    return Checked(good_params, good_clauses)


def _check_params(
    preset: Preset, params: Mapping[str, Any], problems: list[Problem]
) -> dict[str, Any]:
    good: dict[str, Any] = {}
    for key, value in params.items():
        try:
            parameter = preset.parameter(key)
        except ParameterError as error:
            message = _("%(preset)s has no parameter %(key)s.", preset=preset.title_zh, key=key)
            if error.allowed:
                message += " " + _("Near it: %(keys)s.", keys="、".join(error.allowed[:8]))
            problems.append(Problem(f"params.{key}", message))
            continue
        try:
            read = normalise(parameter.read(value))
        except (ParameterError, TypeError, ValueError):
            problems.append(
                Problem(
                    f"params.{parameter.key}",
                    _(
                        "%(title)s: “%(value)s” is not possible. Possible: %(allowed)s.",
                        title=parameter.title_zh,
                        value=str(value)[:80],
                        allowed=allowed_words(parameter),
                    ),
                )
            )
            continue
        if read != normalise(parameter.read(parameter.defaults[preset.id])):
            good[parameter.key] = read
    return good


def _check_clauses(
    preset: Preset, clauses: Mapping[str, Any], problems: list[Problem]
) -> dict[str, dict[str, str]]:
    shipped = {clause.rule: clause for clause in preset.clauses}
    keys = {parameter.key for parameter in preset.parameters}
    keys |= {f"{preset.plugin}.{key}" for key in keys}
    good: dict[str, dict[str, str]] = {}
    for rule, words in clauses.items():
        field = f"clauses.{rule}"
        base = shipped.get(rule) or shipped.get(rule[:-1])
        if base is None:
            problems.append(Problem(field, _("There is no rule %(rule)s here.", rule=rule)))
            continue
        if not isinstance(words, Mapping):
            problems.append(Problem(field, _("A clause has a number and a text.")))
            continue
        number = str(words.get("number", base.number)).strip()
        text = str(words.get("text", base.text)).strip()
        if not text or len(text) > _TEXT_LENGTH or len(number) > _NUMBER_LENGTH:
            problems.append(
                Problem(
                    field,
                    _(
                        "A clause has a text of 1 to %(text)s characters and a number of at most "
                        "%(number)s.",
                        text=_TEXT_LENGTH,
                        number=_NUMBER_LENGTH,
                    ),
                )
            )
            continue
        unknown = sorted(set(_PLACE.findall(text)) - keys)
        if unknown:
            problems.append(
                Problem(
                    field,
                    _(
                        "The clause names %(place)s, which is no parameter of this preset.",
                        place="、".join(f"{{{key}}}" for key in unknown),
                    ),
                )
            )
            continue
        if rule not in shipped or (number, text) != (base.number, base.text):
            good[rule] = {"number": number, "text": text}
    return good


def allowed_words(parameter: Parameter) -> str:
    """What a parameter may be, in the reader's words."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.type in ("choice", "choices"):
        words = [
            f"{parameter.labels[choice]} ({choice})" if choice in parameter.labels else choice
            for choice in parameter.choices
        ]
    elif parameter.type in ("int", "money"):
        words = [
            _("%(low)s or more", low=low or 0)
            if high is None
            else _("%(low)s to %(high)s", low=low or 0, high=high)
        ]
        if parameter.unit:
            words[0] += f" {parameter.unit}"
    elif parameter.type == "bool":
        words = [_("yes"), _("no")]
    elif parameter.type == "split":
        words = [_("two shares that make 100, such as 80/20")]
    elif parameter.type == "share":
        words = [_("0 to 10000 basis points, or a percentage such as 20%")]
    elif parameter.type == "clock":
        words = [_("a time of day such as 09:30")]
    else:
        words = list(parameter.allowed())
    if parameter.nullable:
        words.append(_("none"))
    return "、".join(words)
