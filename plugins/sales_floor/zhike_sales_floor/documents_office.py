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

NOTEBOOK = forms.Form(
    name="sales_floor.SFF-05",
    title="个人客户笔记本",
    paper="A4-landscape",
    fields=(_SITE, forms.FormField(key="period", title="期间", width=6)),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="rep", title="置业顾问", width=8),
                forms.FormColumn(key="customer", title="客户", width=9),
                forms.FormColumn(key="phone", title="电话", width=12),
                forms.FormColumn(key="grade", title="类别", width=5, align="center"),
                forms.FormColumn(key="background", title="背景、需求", width=22),
                forms.FormColumn(key="visits", title="来访时间", width=18),
                forms.FormColumn(key="closed", title="成交", kind="date", width=9),
                forms.FormColumn(key="suggestion", title="跟进建议", width=20),
                forms.FormColumn(key="lost", title="未购/退房原因", width=14),
            ),
        ),
    ),
    signatures=(forms.Signature(title="置业顾问"),),
    retention="24mo",
)

MINUTES = forms.Form(
    name="sales_floor.SFF-06",
    title="晚会记录",
    paper="A4-landscape",
    fields=(_SITE, _DAY, forms.FormField(key="present", title="到会", width=12)),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=8,
            columns=(
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="rep", title="置业顾问", width=9),
                forms.FormColumn(key="customer", title="客户", width=12),
                forms.FormColumn(key="kind", title="来人/来电/追踪", width=9, align="center"),
                forms.FormColumn(key="fresh", title="新客户", kind="flag", width=6),
                forms.FormColumn(key="grade", title="类别", width=5, align="center"),
                forms.FormColumn(key="result", title="结果", width=10),
                forms.FormColumn(key="note", title="情况", width=36),
            ),
        ),
    ),
    foot_fields=(
        forms.FormField(key="notes", title="各人汇报", width=12, lines=3),
        forms.FormField(key="tracking", title="追踪与难点", width=12, lines=2),
        forms.FormField(key="disputes", title="争议与事件", width=12, lines=2),
        forms.FormField(key="tomorrow", title="次日安排", width=12, lines=2),
        forms.FormField(key="additions", title="补记", width=12),
        forms.FormField(key="closed_by", title="签结", width=6),
        forms.FormField(key="closed", title="签结时间", kind="datetime", width=6),
    ),
    signatures=(forms.Signature(title="销售经理"), forms.Signature(title="记录人")),
    retention="60mo",
)

TRACKING = forms.Form(
    name="sales_floor.SFF-10",
    title="客户追踪表",
    paper="A4-landscape",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="at", title="日期", kind="datetime", width=13),
                forms.FormColumn(key="customer", title="客户", width=9),
                forms.FormColumn(key="grade", title="类别", width=5, align="center"),
                forms.FormColumn(key="way", title="方式", width=8),
                forms.FormColumn(key="content", title="追踪内容", width=26),
                forms.FormColumn(key="resistance", title="抗性", width=16),
                forms.FormColumn(key="next", title="下一步", width=16),
                forms.FormColumn(key="rep", title="置业顾问", width=8),
                forms.FormColumn(key="check", title="检查签字", width=13),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售主管"),),
    retention="24mo",
)

TRACKING_SHEET = forms.Form(
    name="sales_floor.tracking-sheet",
    title="客户追踪表（单个客户）",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="customer", title="客户", width=6),
        forms.FormField(key="owner", title="归属", width=6),
        forms.FormField(key="grade", title="类别", width=6),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=8,
            columns=(
                forms.FormColumn(key="at", title="日期", kind="datetime", width=14),
                forms.FormColumn(key="grade", title="类别", width=6, align="center"),
                forms.FormColumn(key="way", title="方式", width=8),
                forms.FormColumn(key="content", title="追踪内容", width=26),
                forms.FormColumn(key="resistance", title="抗性", width=16),
                forms.FormColumn(key="next", title="下一步", width=16),
                forms.FormColumn(key="rep", title="置业顾问", width=9),
            ),
        ),
        forms.FormTable(
            key="signs",
            title="检查签字",
            min_rows=2,
            columns=(
                forms.FormColumn(key="at", title="日期", kind="datetime", width=14),
                forms.FormColumn(key="by", title="检查人", width=12),
                forms.FormColumn(key="note", title="意见", width=50),
            ),
        ),
    ),
    signatures=(forms.Signature(title="置业顾问"), forms.Signature(title="销售主管")),
    retention="24mo",
)

PLANS = forms.Form(
    name="sales_floor.SFF-13",
    title="日/周计划表",
    paper="A4-landscape",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=6,
            columns=(
                forms.FormColumn(key="starts", title="日期/周一", kind="date", width=10),
                forms.FormColumn(key="kind", title="日/周", width=6, align="center"),
                forms.FormColumn(key="rep", title="姓名", width=9),
                forms.FormColumn(key="plan", title="计划", width=32),
                forms.FormColumn(key="planned", title="填写", kind="datetime", width=13),
                forms.FormColumn(key="summary", title="小结", width=32),
                forms.FormColumn(key="summed", title="小结时间", kind="datetime", width=13),
                forms.FormColumn(key="received", title="收回", width=12),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售助理"), forms.Signature(title="销售经理")),
    retention="24mo",
)

HAND_INS = forms.Form(
    name="sales_floor.hand-ins",
    title="客户登记每日上交",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=6,
            columns=(
                forms.FormColumn(key="day", title="日期", kind="date", width=11),
                forms.FormColumn(key="rep", title="姓名", width=9),
                forms.FormColumn(key="visits", title="来人", kind="integer", width=6, total=True),
                forms.FormColumn(key="calls", title="来电", kind="integer", width=6, total=True),
                forms.FormColumn(key="tracks", title="追踪", kind="integer", width=6, total=True),
                forms.FormColumn(key="lacking", title="缺项", kind="integer", width=6),
                forms.FormColumn(key="note", title="本人分析", width=32),
                forms.FormColumn(key="handed", title="上交", kind="datetime", width=14),
                forms.FormColumn(key="received", title="接收", width=14),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售主管"),),
    retention="24mo",
)

INCIDENTS = forms.Form(
    name="sales_floor.incidents",
    title="现场事件记录",
    paper="A4-landscape",
    fields=(_SITE, _DAY),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=6,
            columns=(
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="kind", title="性质", width=10),
                forms.FormColumn(key="what", title="经过", width=30),
                forms.FormColumn(key="people", title="当事人", width=12),
                forms.FormColumn(key="off", title="当场撤离", width=12),
                forms.FormColumn(key="done", title="当场处置", width=20),
                forms.FormColumn(key="outcome", title="结果", width=20),
                forms.FormColumn(key="by", title="记录人", width=9),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售经理"),),
    retention="60mo",
)

DOCUMENTS = (
    CALLS,
    QUESTIONS,
    NOTEBOOK,
    MINUTES,
    TRACKING,
    TRACKING_SHEET,
    PLANS,
    HAND_INS,
    INCIDENTS,
)
