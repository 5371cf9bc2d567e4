"""Forms of the office pages: calls, tracking, minutes, plans, incidents, statistics."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from zhike.api import PageForm, options
from zhike_sales_floor import words
from zhike_sales_floor.forms import NOTE, choices

#: How browsers send a day with its time.
MINUTE = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
LONG = 4000


class CallForm(PageForm):
    """A call, written down while the caller is on the line: one field is enough."""

    direction = RadioField(_l("Call"), choices=choices(words.CALL_DIRECTIONS), default="in")
    who = StringField(
        _l("Caller"),
        [Length(max=60)],
        description=_l("Name, last four digits or pinyin; a whole number for somebody new."),
    )
    who_id = HiddenField()
    same = HiddenField()
    phone = TelField(_l("Phone"), [Length(max=20)])
    question = TextAreaField(_l("Asked about"), [Length(max=2000)])
    source = SelectField(_l("Source"), default="")
    appointment_at = DateTimeLocalField(_l("Wants to come at"), [Optional()], format=MINUTE)
    answered = BooleanField(_l("The other side was reached"), default=True)
    rep = SelectField(_l("Taken by"), default="")
    called_at = DateTimeLocalField(
        _l("When"),
        [Optional()],
        format=MINUTE,
        description=_l("Leave empty for now; an earlier time shows as stated later."),
    )


class AppointmentForm(PageForm):
    """Another time for a caller who wants to come; none drops the appointment."""

    appointment_at = DateTimeLocalField(
        _l("Wants to come at"),
        [Optional()],
        format=MINUTE,
        description=_l("Left empty: the appointment is dropped."),
    )


class QuestionForm(PageForm):
    """What the visitor asked, and who was brought to answer."""

    question = TextAreaField(_l("Question"), [InputRequired(), Length(max=2000)])
    brought = SelectField(_l("Brought to answer"), default="")


class QuestionAnswerForm(PageForm):
    """The answer, for whoever is asked the same."""

    answer = TextAreaField(_l("Answer"), [InputRequired(), Length(max=2000)])


class TrackForm(PageForm):
    """A line of a tracking sheet."""

    way = RadioField(_l("How"), choices=choices(words.CONTACT_KINDS), default="call")
    answered = BooleanField(_l("The customer was reached"), default=True)
    content = TextAreaField(_l("What was said"), [Length(max=2000)])
    resistance = StringField(
        _l("Resistance or hard question"),
        [Length(max=NOTE)],
        description=_l("What keeps the customer from buying; the manager helps with it."),
    )
    next_step = StringField(_l("Next step"), [Length(max=NOTE)])
    follow_up_on = DateField(_l("Follow up on"), [Optional()])
    grade = RadioField(
        _l("Intention class"),
        choices=options([("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("", _l("none"))]),
        default="",
    )
    occurred_at = DateTimeLocalField(
        _l("When"),
        [Optional()],
        format=MINUTE,
        description=_l("Leave empty for now; an earlier time shows as stated later."),
    )


class CheckForm(PageForm):
    """A supervisor's sign on a tracking sheet."""

    note = TextAreaField(_l("What you found"), [Length(max=NOTE)])


class MinutesForm(PageForm):
    """The evening's minutes; a field for each rep's own report is added by :func:`minutes_form`."""

    version = HiddenField()
    present = SelectMultipleField(_l("Present"))
    tracking = TextAreaField(
        _l("Tracking and hard cases"),
        [Length(max=LONG)],
        description=_l("Resistance met today and what the manager advises."),
    )
    disputes = TextAreaField(_l("Disputes and incidents"), [Length(max=LONG)])
    tomorrow = TextAreaField(_l("For tomorrow"), [Length(max=LONG)])


def minutes_form(reps: Iterable[tuple[uuid.UUID, str]]) -> Any:
    """The form of the minutes with a field for what each of these reps reports."""
    fields = {
        note_field(one): TextAreaField(name, [Length(max=2000)], render_kw={"rows": 2})
        for one, name in reps
    }
    return type("MinutesOfTheDay", (MinutesForm,), fields)()


def note_field(staff_id: uuid.UUID) -> str:
    """The name of a rep's field in the minutes."""
    return f"note_{staff_id.hex}"


class AdditionForm(PageForm):
    """What is added to closed minutes."""

    text = TextAreaField(_l("Addition"), [InputRequired(), Length(max=LONG)])


class PlanForm(PageForm):
    """A plan and its summary."""

    plan = TextAreaField(_l("Plan"), [Length(max=LONG)], render_kw={"rows": 8})
    summary = TextAreaField(
        _l("Summary"),
        [Length(max=LONG)],
        description=_l("Before closing: what was done, what was not and why."),
        render_kw={"rows": 6},
    )


class HandInForm(PageForm):
    """The day's registration goes to the superior, with the rep's own analysis."""

    note = TextAreaField(
        _l("Own analysis"),
        [Length(max=2000)],
        description=_l("Which customers are warm, what keeps them from buying, what you need."),
    )


class IncidentForm(PageForm):
    """An incident on the floor and the first step."""

    kind = RadioField(_l("What it was"), choices=choices(words.INCIDENTS), default="conflict")
    what = TextAreaField(_l("What happened"), [InputRequired(), Length(max=LONG)])
    people = SelectMultipleField(_l("Who was part of it"))
    taken_off = SelectMultipleField(
        _l("Taken off the floor at once"),
        description=_l("They are checked out; their turn waits until they check in again."),
    )
    done = TextAreaField(_l("What else was done at once"), [Length(max=2000)])
    occurred_at = DateTimeLocalField(
        _l("When"),
        [Optional()],
        format=MINUTE,
        description=_l("Leave empty for now; an earlier time shows as stated later."),
    )


class OutcomeForm(PageForm):
    """How an incident ended."""

    outcome = TextAreaField(_l("How it ended"), [InputRequired(), Length(max=LONG)])


class WordsForm(PageForm):
    """The manager's words about the figures of a stretch."""

    version = HiddenField()
    analysis = TextAreaField(
        _l("Analysis"),
        [Length(max=LONG)],
        description=_l("What stands out, why, what follows from it."),
        render_kw={"rows": 5},
    )
    news = TextAreaField(
        _l("News of the market"),
        [Length(max=LONG)],
        description=_l("What was read about property this week, with where it stood."),
        render_kw={"rows": 5},
    )
    plan = TextAreaField(_l("Plan of the next period"), [Length(max=LONG)], render_kw={"rows": 4})
