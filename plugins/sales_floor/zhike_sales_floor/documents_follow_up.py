"""Forms and registers of the follow-up of customers 客户回访 (SFF-19, SFF-20), as data."""

from __future__ import annotations

from zhike.api import forms

_HEAD = (
    forms.FormField(key="site", title="案场", width=6),
    forms.FormField(key="period", title="期间", width=6),
)

RECORDS = forms.Form(
    name="sales_floor.SFF-19",
    title="客户回访记录表",
    paper="A4-landscape",
    fields=_HEAD,
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="at", title="回访时间", kind="datetime", width=15),
                forms.FormColumn(key="name", title="客户姓名", width=11),
                forms.FormColumn(key="phone", title="电话", width=13),
                forms.FormColumn(key="way", title="回访方式", width=9),
                forms.FormColumn(key="asked", title="回访内容、客户问题", width=34),
                forms.FormColumn(key="solved", title="当日解决", width=12),
                forms.FormColumn(key="rep", title="回访人", width=9),
                forms.FormColumn(key="filled", title="填表时间", kind="datetime", width=15),
            ),
        ),
    ),
    signatures=(forms.Signature(title="回访人"), forms.Signature(title="部门负责人")),
    retention="24mo",
)

PROBLEMS = forms.Form(
    name="sales_floor.SFF-20",
    title="客户回访反馈台账",
    paper="A4-landscape",
    fields=_HEAD,
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="number", title="编号", width=16),
                forms.FormColumn(key="at", title="提出时间", kind="datetime", width=15),
                forms.FormColumn(key="name", title="客户姓名", width=10),
                forms.FormColumn(key="question", title="客户问题", width=26),
                forms.FormColumn(key="rep", title="经办人", width=9),
                forms.FormColumn(key="to", title="上报给", width=9),
                forms.FormColumn(key="reported", title="上报时间", kind="datetime", width=15),
                forms.FormColumn(key="due", title="答复期限", kind="datetime", width=15),
                forms.FormColumn(key="answer", title="处理结果", width=26),
                forms.FormColumn(key="over", title="办结时间", kind="datetime", width=15),
                forms.FormColumn(key="state", title="状态", width=11),
            ),
        ),
    ),
    signatures=(forms.Signature(title="部门负责人"),),
    retention="24mo",
)

FEEDBACK = forms.Form(
    name="sales_floor.SFF-20-1",
    title="客户回访反馈表",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="number", title="编号", width=6),
        forms.FormField(key="name", title="客户", width=6),
        forms.FormField(key="rep", title="回访人", width=6),
        forms.FormField(key="at", title="提出时间", kind="datetime", width=6),
        forms.FormField(key="reported", title="上报时间", kind="datetime", width=6),
        forms.FormField(key="to", title="上报给", width=6),
        forms.FormField(key="due", title="最迟答复", kind="datetime", width=6),
        forms.FormField(key="question", title="客户问题", width=12, lines=4),
        forms.FormField(key="answer", title="答复客户", width=12, lines=4),
        forms.FormField(key="over", title="办结时间", kind="datetime", width=6),
        forms.FormField(key="by", title="答复人", width=6),
    ),
    signatures=(forms.Signature(title="回访人"), forms.Signature(title="部门负责人")),
    number="sales_floor.problem",
    retention="24mo",
)

POINTS = forms.Form(
    name="sales_floor.follow-up-points",
    title="业绩分提请台账",
    paper="A4-landscape",
    fields=_HEAD,
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="at", title="违反时间", kind="datetime", width=15),
                forms.FormColumn(key="rep", title="姓名", width=10),
                forms.FormColumn(key="rule", title="条款", width=10),
                forms.FormColumn(key="what", title="事由", width=24),
                forms.FormColumn(key="name", title="客户", width=18),
                forms.FormColumn(key="points", title="分数", kind="integer", width=7),
                forms.FormColumn(key="state", title="状态", width=10),
                forms.FormColumn(key="by", title="决定人", width=10),
                forms.FormColumn(key="reason", title="理由", width=20),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售经理"),),
    retention="24mo",
)

DOCUMENTS = (RECORDS, PROBLEMS, FEEDBACK, POINTS)
