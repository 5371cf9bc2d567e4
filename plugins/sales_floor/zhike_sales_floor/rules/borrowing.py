"""Under which clause a rule that several regulations share is cited (制度条款).

The floor works alike under every preset: the ring is the ring. What a person reads is the clause of
the company's own regulation, so the preset says which of its rules stands for the common one.
"""

from __future__ import annotations

_P13: dict[str, str] = {
    "SF-A-01": "SF-D-02",
    "SF-A-03a": "SF-D-08",
    "SF-A-03b": "SF-D-04",
    "SF-A-04b": "SF-D-04",
    "SF-A-06": "SF-D-06",
    "SF-A-10": "SF-D-38",
}
_P13_EFFECTS: dict[tuple[str, str], str] = {
    # Being passed while helping is repaid like any other excused pass.
    ("SF-A-06", "pass_comp"): "SF-D-04",
    ("SF-A-06", "pass_capped"): "SF-D-04",
    ("SF-A-06", "pass_miss"): "SF-D-04",
    ("SF-A-03a", "to_owner"): "SF-D-28",
    ("SF-A-08", "poach"): "SF-D-05",
    ("SF-A-08", "wrong_turn"): "SF-D-05",
    ("SF-A-10", "step_logged"): "SF-D-26",
}


def cited_as(preset: str, rule: str, effect: str) -> str:
    """The rule id to cite under ``preset`` for what ``rule`` did (``effect``)."""
    if preset != "P13":
        return rule
    return _P13_EFFECTS.get((rule, effect)) or _P13.get(rule, rule)
