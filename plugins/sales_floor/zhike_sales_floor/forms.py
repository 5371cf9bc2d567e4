"""Forms of the pages. Choices that depend on the site (reps, sources) are filled by the views."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from zhike.api import PageForm, options
from zhike_sales_floor import words

Choices = list[SelectChoice]


def choices(table: Mapping[str, Any], *, only: Iterable[str] = ()) -> Choices:
    """Choices of a table of words, translated when shown; ``only`` keeps some keys, in order."""
    keys = list(only) or [key for key in table if key]
    return options((key, _l(_word(table[key]))) for key in keys)


def _word(value: Any) -> str:
    return str(value[0] if isinstance(value, tuple) else value)


def uuid_of(text: str | None) -> uuid.UUID | None:
    """The id in a form field, or None for an empty or malformed one."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def fen(value: Decimal | None) -> int:
    """An amount in yuan, as typed, in fen; 0 for none."""
    return int((value or Decimal(0)) * 100)


def yuan(value: int) -> Decimal:
    """A sum in fen as a form shows it, in yuan."""
    return Decimal(value) / 100


def points(value: Decimal | None) -> int:
    """A share in per cent, as typed, in basis points; 0 for none."""
    return int((value or Decimal(0)) * 100)


#: Characters of the line about the next follow-up, however it came in.
NOTE = 500

_REASON = [InputRequired(), Length(max=500)]


class ArrivalForm(PageForm):
    """Who came: the first field is enough, the rest is for what the desk was told.

    A choice that is not on the page (who receives, for a desk that may not choose) is empty.
    """

    who = StringField(
        _l("Visitor"),
        [Length(max=60)],
        description=_l("Last four digits, pinyin or name; leave empty for somebody new."),
    )
    who_id = HiddenField()
    phone = TelField(_l("Phone"), [Length(max=20)])
    same = HiddenField()
    brings = StringField(
        _l("Brings along"),
        [Length(max=60)],
        description=_l("The new customer whom an old one brings, by name or phone."),
    )
    brings_id = HiddenField()
    introducer = StringField(
        _l("Introduced by"), [Length(max=60)], description=_l("A customer who is not here.")
    )
    introducer_id = HiddenField()
    asks_for = SelectField(_l("Asks for"), default="")
    came_before = RadioField(
        _l("Has been here before"),
        choices=options(
            [
                ("", _l("not asked")),
                ("no", _l("no, the first time")),
                ("yes", _l("yes")),
                ("forgot", _l("yes, but forgot with whom")),
            ]
        ),
        default="",
        validators=[Optional()],
    )
    mentions = SelectField(_l("Mentions"), default="")
    mentions_2 = SelectField(_l("Mentions as the second"), default="")
    mentions_3 = SelectField(_l("Mentions as the third"), default="")
    refuses = SelectField(_l("Refuses"), default="")
    refuses_2 = SelectField(_l("Refuses somebody else too"), default="")
    complains = BooleanField(_l("Complains about whom he refuses"))
    discount = BooleanField(
        _l("Is here only for a better price"),
        description=_l("The rep asked for may serve; the customer stays where he is."),
    )
    recognised = BooleanField(_l("The owner does not recognise the customer"))
    purpose = RadioField(
        _l("Purpose"),
        choices=options(
            [
                ("buy", _l("buying")),
                ("non_buying", _l("other material, not buying")),
                ("scouting", _l("scouting")),
            ]
        ),
        default="buy",
    )
    batch = StringField(
        _l("Batch"),
        [Length(max=20)],
        description=_l("Same word for parties that belong together."),
    )
    source = SelectField(_l("Source"), default="")
    need = StringField(_l("Need"), [Length(max=200)])
    people = IntegerField(_l("Persons"), [Optional(), NumberRange(1, 99)], default=1)
    receiver = SelectField(_l("Received by"), default="")
    reason = StringField(_l("Reason"), [Length(max=500)])
    taken_by = SelectField(_l("Already taken by"), default="")
    flag = SelectField(
        _l("This was"),
        choices=options(
            [
                ("wrong_turn", _l("wrong turn")),
                ("poach", _l("poached visitor")),
                ("none", _l("not decided yet")),
            ]
        ),
        default="wrong_turn",
    )


class EndForm(PageForm):
    """End of a reception."""

    result = RadioField(
        _l("What came of it"), choices=choices(words.RESULTS), default="considering"
    )
    grade = RadioField(
        _l("Intention class"),
        choices=options([("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("", _l("none"))]),
        default="",
    )
    lost_reason = SelectField(_l("Reason for not buying"), default="")
    follow_up_on = DateField(_l("Follow up on"), [Optional()])
    follow_up_note = StringField(_l("What about"), [Length(max=NOTE)])
    need = TextAreaField(_l("Notes"), [Length(max=2000)])
    name = StringField(_l("Name"), [Length(max=60)])
    phone = TelField(_l("Phone"), [Length(max=20)])


class ResultForm(PageForm):
    """Another result of an ended reception."""

    result = RadioField(_l("What came of it"), choices=choices(words.RESULTS))
    lost_reason = SelectField(_l("Reason for not buying"), default="")
    need = TextAreaField(_l("Notes"), [Length(max=2000)])
    reason = StringField(_l("Reason"), _REASON)


class IdentityForm(PageForm):
    """A customer's name and number, put right."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=60)])
    phone = TelField(
        _l("Phone"),
        [Length(max=20)],
        description=_l("Left empty: the number stays as it is."),
    )
    reason = StringField(_l("Reason"), _REASON)
    version = HiddenField()


class ReasonForm(PageForm):
    """An act that takes a reason and nothing else."""

    reason = TextAreaField(_l("Reason"), _REASON)


class VoidForm(ReasonForm):
    """The visitor is no customer; whoever may confirm it does so here."""

    confirmed = BooleanField(_l("Confirmed by the supervisor"))


class ToForm(PageForm):
    """An act that gives a visit to a rep."""

    to = SelectField(_l("To"))
    reason = TextAreaField(_l("Reason"), [Length(max=500)])


class AssignForm(PageForm):
    """A manager's own choice of receiver."""

    to = SelectField(_l("To"), [InputRequired()])
    reason = TextAreaField(_l("Reason"), _REASON)


class TakeOverForm(AssignForm):
    """A take-over after the rep's own fault; the manager may confirm it at once."""

    confirmed = BooleanField(_l("The manager confirms the fault"))


class FaultForm(PageForm):
    """The manager's word on the fault behind a take-over."""

    confirmed = RadioField(
        _l("The fault is"),
        choices=options([("yes", _l("confirmed")), ("no", _l("not confirmed"))]),
        default="yes",
    )
    reason = TextAreaField(_l("Reason"), _REASON)


class HelpForm(PageForm):
    """Who helps."""

    to = SelectField(_l("Helper"), [InputRequired()])


class FlagForm(PageForm):
    """A reception out of turn is reported."""

    kind = RadioField(_l("What happened"), choices=choices(words.FLAGS), default="wrong_turn")
    offender = SelectField(_l("Who took the visitor"))
    rightful = SelectField(_l("Whose turn it was"))
    reason = TextAreaField(_l("What was seen"), _REASON)


class OutForm(PageForm):
    """A rep leaves the floor."""

    reason = RadioField(
        _l("Reason"),
        choices=choices(
            words.OUT_REASONS, only=("public", "private", "lunch", "meeting", "training")
        ),
        validators=[InputRequired()],
    )
    words = StringField(_l("In words"), [Length(max=200)])


class ReclassForm(ReasonForm):
    """An absence becomes company business."""


class DayForm(PageForm):
    """Who is rostered today; order numbers make a new ring."""

    on_duty = SelectMultipleField(_l("Rostered today"))


class RosterForm(PageForm):
    """Staff members who join the roster."""

    staff = SelectMultipleField(_l("Join the roster"), [InputRequired()])


class EventModeForm(PageForm):
    """How visitors are received on an event day."""

    method = RadioField(
        _l("Who receives"), choices=choices(words.EVENT_METHODS), default="first_free"
    )
    until = DateTimeLocalField(
        _l("Until"),
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l(
            "Afterwards the regulation holds again by itself. Empty: until it is ended."
        ),
    )
    reason = TextAreaField(_l("Reason"), _REASON)


class ContactForm(PageForm):
    """A call, message, visit or letter."""

    kind = RadioField(_l("Kind"), choices=choices(words.CONTACT_KINDS), default="call")
    answered = BooleanField(_l("The customer was reached"), default=True)
    occurred_at = DateTimeLocalField(
        _l("When"),
        [Optional()],
        format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        description=_l("Leave empty for now; an earlier time shows as stated later."),
    )
    note = TextAreaField(_l("Notes"), [Length(max=2000)])
    problem = RadioField(
        _l("Customer's problem"),
        choices=options((key, _l(text)) for key, text in words.PROBLEM_ACTS.items()),
        default="",
    )
    question = TextAreaField(_l("What is the problem"), [Length(max=1000)])
    leader = SelectField(_l("Reported to"), default="", validate_choice=False)
    follow_up_on = DateField(_l("Follow up on"), [Optional()])
    follow_up_note = StringField(_l("What about"), [Length(max=NOTE)])


class RecordForm(PageForm):
    """What 客户回访记录表 asks beside customer, date and way."""

    asked = TextAreaField(_l("What was talked about"), [InputRequired(), Length(max=2000)])


class NoticeForm(PageForm):
    """A cycle cannot be finished: for whom, and why."""

    customers = SelectMultipleField(_l("For these customers"))
    reason = TextAreaField(_l("Reason"), _REASON)


class CoverForm(PageForm):
    """Who stands in."""

    to = SelectField(_l("Stand-in"), [InputRequired()])


class LeaderForm(PageForm):
    """To whom a problem is reported."""

    leader = SelectField(_l("Reported to"), [InputRequired()])


class ProblemForm(PageForm):
    """A customer's problem and what becomes of it."""

    question = TextAreaField(_l("What is the problem"), [InputRequired(), Length(max=1000)])
    problem = RadioField(
        _l("What happens now"),
        choices=choices(words.PROBLEM_ACTS, only=("today", "solved", "report")),
        default="today",
    )
    solution = TextAreaField(_l("How it was solved"), [Length(max=1000)])
    leader = SelectField(_l("Reported to"), default="")


class SolutionForm(PageForm):
    """How a problem was solved."""

    solution = TextAreaField(_l("How it was solved"), [InputRequired(), Length(max=1000)])


class AnswerTextForm(PageForm):
    """What the customer was answered."""

    answer = TextAreaField(_l("Answer to the customer"), [InputRequired(), Length(max=1000)])


class CustomerForm(PageForm):
    """Class and next follow-up; name and phone where they are not known yet."""

    grade = RadioField(
        _l("Intention class"),
        choices=options([("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("", _l("none"))]),
        default="",
    )
    follow_up_on = DateField(_l("Follow up on"), [Optional()])
    follow_up_note = StringField(_l("What about"), [Length(max=NOTE)])
    name = StringField(_l("Name"), [Length(max=60)])
    phone = TelField(_l("Phone"), [Length(max=20)])


class BulkFollowUpForm(PageForm):
    """The next follow-up of many customers; no day takes the plan away."""

    on = DateField(
        _l("Follow up on"),
        [Optional()],
        description=_l("Left empty, what was planned is taken away."),
    )
    note = StringField(_l("What about"), [Length(max=NOTE)])


class BulkGradeForm(PageForm):
    """The class of many customers."""

    grade = RadioField(
        _l("Intention class"),
        choices=options([("A", "A"), ("B", "B"), ("C", "C"), ("D", "D"), ("", _l("none"))]),
        default="",
    )


class RelationForm(PageForm):
    """This customer is somebody's relative, friend or colleague."""

    relation = SelectField(_l("This customer is"), choices=choices(words.RELATIONS))
    other = StringField(_l("Of"), [InputRequired(), Length(max=60)])
    other_id = HiddenField()
    proof = StringField(
        _l("Proof shown"),
        [Length(max=200)],
        description=_l(
            "Household register, marriage certificate … Without proof it has no effect."
        ),
    )


class OwnerForm(AssignForm):
    """A ruling on whose customer this is."""


class SharesForm(PageForm):
    """A ruling on the credit of a deal: ``Name 50 / Name 50``, read by the view."""

    shares = StringField(
        _l("Shares in per cent"),
        [InputRequired(), Length(max=200)],
        description=_l("For example: Li Min 60 / Wang Qiang 40"),
    )
    facts = TextAreaField(_l("Facts"), [InputRequired(), Length(max=2000)])
    reason = TextAreaField(_l("Reason"), _REASON)


class AnswerForm(PageForm):
    """The called owner's answer."""

    answer = SelectField(
        _l("Answer"),
        choices=options(
            [
                ("accept", _l("is coming")),
                ("decline", _l("cannot come")),
                ("no_answer", _l("no answer")),
            ]
        ),
    )


class EmptyForm(PageForm):
    """An act that needs nothing typed."""
