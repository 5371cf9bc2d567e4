"""Forms and registers of the office behind the floor, as data; the core draws them.

Titles are the regulation's own words and stay Chinese in every language.
"""

from __future__ import annotations

from zhike.api import forms

_SITE = forms.FormField(key="site", title="案场", width=6)
_DAY = forms.FormField(key="day", title="日期", kind="date", width=6)

CALLS = forms.Form(
    name="sales_floor.SFF-04",
    title="来电登记表",
    paper="A4-landscape",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            min_rows=12,
            columns=(
                forms.FormColumn(key="number", title="序号", kind="integer", width=5),
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="direction", title="呼入/呼出", width=7, align="center"),
                forms.FormColumn(key="caller", title="来电人", width=10),
                forms.FormColumn(key="phone", title="电话", width=12),
                forms.FormColumn(key="question", title="咨询内容", width=26),
                forms.FormColumn(key="source", title="得知途径", width=9),
                forms.FormColumn(key="appointment", title="预约到访", kind="datetime", width=13),
                forms.FormColumn(key="rep", title="接听人", width=8),
                forms.FormColumn(key="state", title="备注", width=10),
            ),
        ),
    ),
    signatures=(forms.Signature(title="登记人"), forms.Signature(title="销售主管")),
    retention="24mo",
)

QUESTIONS = forms.Form(
    name="sales_floor.questions",
    title="疑难请示登记",
    paper="A4-landscape",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=8,
            columns=(
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="visitor", title="客户", width=10),
                forms.FormColumn(key="rep", title="接待人", width=8),
                forms.FormColumn(key="question", title="客户的问题", width=28),
                forms.FormColumn(key="brought", title="请来答复", width=8),
                forms.FormColumn(key="answer", title="答复", width=28),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售经理"),),
    retention="24mo",
)

DOCUMENTS = (CALLS, QUESTIONS)
