"""Questions that a rep could not answer: noted on the visit, answered by whoever was brought."""

from __future__ import annotations

import uuid
from typing import Any

from flask import url_for

from zhike.api import CompanySession, NotFound, _, clock, options, organisation, reading
from zhike_sales_floor import forms_office as forms
from zhike_sales_floor import permissions as may
from zhike_sales_floor.forms import uuid_of
from zhike_sales_floor.models_office import Question
from zhike_sales_floor.services import live, questions
from zhike_sales_floor.views._common import bp, form_act, own_staff, staff_names, visit_at
from zhike_sales_floor.views.visit_acts import own_or
from zhike_sales_floor.views.visits import visit_title


@bp.route(
    "/floor/<uuid:unit_id>/visit/<uuid:visit_id>/question",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def question(unit_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Note a question and who is brought: a rep never says that he does not know."""
    s = reading()
    row = visit_at(s, unit_id, visit_id)
    own_or(unit_id, row, may.MANAGE)
    today = clock.local(clock.now(), live.tz_of(s, unit_id)).date()
    form = forms.QuestionForm()
    form.brought.choices = options(
        [
            ("", "–"),
            *(
                (str(one.id), one.name)
                for one in organisation.staff_at(s, unit_id, today)
                if one.id != row.staff_id
            ),
        ]
    )

    def work(t: CompanySession) -> str:
        questions.ask(t, visit_id, form.question.data, brought_id=uuid_of(form.brought.data))
        return _("Noted. Please ask the customer to wait a moment.")

    return form_act(
        form,
        _("Ask for help with a question: %(who)s", who=visit_title(row)),
        work,
        submit=_("Note"),
        back=url_for(".visit", unit_id=unit_id, visit_id=visit_id),
        lead=_("Ask the customer to wait and bring somebody who knows; the answer stays here."),
    )


@bp.route(
    "/floor/<uuid:unit_id>/questions/<uuid:question_id>",
    methods=["GET", "POST"],
    permission=may.VIEW_BOARD,
)
def question_answer(unit_id: uuid.UUID, question_id: uuid.UUID) -> Any:
    """Write the answer down: the rep, whoever was brought, or whoever runs the floor."""
    s = reading()
    row = s.require(Question, question_id)
    if row.unit_id != unit_id:
        raise NotFound(_("This visit belongs to another site."))
    visit = visit_at(s, unit_id, row.visit_id)
    if row.brought_id is None or row.brought_id != own_staff():
        own_or(unit_id, visit, may.MANAGE)
    form = forms.QuestionAnswerForm()
    names = staff_names(s)

    def work(t: CompanySession) -> str:
        questions.answer(t, question_id, form.answer.data)
        return _("Saved.")

    return form_act(
        form,
        _("Answer to a question"),
        work,
        submit=_("Save"),
        back=url_for(".visit", unit_id=unit_id, visit_id=row.visit_id),
        facts=[
            (_("Question"), row.question),
            (_("Brought to answer"), names.get(row.brought_id, "–") if row.brought_id else "–"),
        ],
    )
