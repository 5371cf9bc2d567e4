"""Setting a company up 首次设置: steps of the core and of apps, and how far one has got.

Every step is a page of its own that saves by itself, so the set-up can be left at any time and gone
on with by somebody else. A step is done when the data say so, or when a person has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select

from zhike import clock
from zhike.contributions import SetupStep
from zhike.db.session import CompanySession
from zhike.errors import NotFound
from zhike.i18n import _
from zhike.models.setup import SetupMark
from zhike.plugins.active import active_in
from zhike.services import ledger
from zhike.services.companies import bump_generation, remembered


@dataclass(frozen=True)
class Standing:
    """A step and where it stands: ``done``, ``skipped`` or ``open``."""

    step: SetupStep
    state: str


def standings(s: CompanySession, may: Callable[[str], object]) -> list[Standing]:
    """The steps that the reader may do, in their order, each with its state."""
    marks = {row.step: row.state for row in s.scalars(select(SetupMark))}
    return [
        Standing(step, _state(s, step, marks.get(step.name, "")))
        for step in active_in(s).items(SetupStep)
        if may(step.permission)
    ]


def _state(s: CompanySession, step: SetupStep, mark: str) -> str:
    if mark == "done" or (step.done is not None and step.done(s)):
        return "done"
    return "skipped" if mark == "skipped" else "open"


def finished(s: CompanySession) -> bool:
    """Whether no step is open any more; asked by the home page, so remembered for a generation."""
    return remembered(s, "setup_finished", lambda: not left(standings(s, lambda _name: True)))


def left(found: Iterable[Standing]) -> list[SetupStep]:
    """What is still to be done."""
    return [one.step for one in found if one.state == "open"]


def mark(s: CompanySession, name: str, state: str) -> None:
    """Call a step done, leave it out (``skipped``), or take it up again (``open``)."""
    if active_in(s).get(SetupStep, name) is None:
        raise NotFound(_("There is no such step."))
    bump_generation(s)
    row = s.scalar(select(SetupMark).where(SetupMark.step == name))
    before = row.state if row is not None else "open"
    if state == "open":
        s.execute(
            delete(SetupMark)
            .where(SetupMark.step == name)
            .execution_options(synchronize_session=False)
        )
    else:
        if row is None:
            row = SetupMark(step=name, state=state)
            s.add(row)
        row.state, row.at, row.by = state, clock.now(), s.actor.name
    s.flush()
    if before != state:
        ledger.append(s, "core.setup.marked", object=name, body={"before": before, "after": state})
