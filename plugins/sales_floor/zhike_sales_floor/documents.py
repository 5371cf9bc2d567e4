"""Forms and registers of the sales floor, as data; the core draws them.

Titles are the regulation's own words and stay Chinese in every language.
"""

from __future__ import annotations

from zhike.api import forms
from zhike_sales_floor import documents_follow_up

ROSTER = forms.Form(
    name="sales_floor.SFF-01",
    title="轮见表",
    paper="A4-landscape",
    fields=(
        forms.FormField(key="site", title="案场", width=3),
        forms.FormField(key="day", title="日期", kind="date", width=2),
        forms.FormField(key="ring", title="轮见顺序", width=7),
        forms.FormField(key="by_hand", title="人工设定", width=12),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="visitor", title="来访客户", width=14),
                forms.FormColumn(key="due", title="应接", width=9),
                forms.FormColumn(key="rep", title="实接", width=9),
                forms.FormColumn(key="via", title="方式", width=8),
                forms.FormColumn(key="passed", title="轮空/补接", width=26),
                forms.FormColumn(key="tickets", title="补接券", width=14),
                forms.FormColumn(key="rules", title="依据", width=11),
            ),
        ),
    ),
    signatures=(forms.Signature(title="前台"), forms.Signature(title="销售经理")),
    retention="24mo",
)

OUTINGS = forms.Form(
    name="sales_floor.SFF-02",
    title="外出登记",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="day", title="日期", kind="date", width=6),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="rep", title="姓名", width=10),
                forms.FormColumn(key="kind", title="公出/私事", width=10),
                forms.FormColumn(key="reason", title="事由", width=22),
                forms.FormColumn(key="at", title="外出时间", kind="time", width=9),
                forms.FormColumn(key="back", title="返回时间", kind="time", width=9),
                forms.FormColumn(key="reclass", title="改判(人、理由)", width=20),
            ),
        ),
    ),
    signatures=(forms.Signature(title="批准人"),),
    retention="24mo",
)

VISITORS = forms.Form(
    name="sales_floor.SFF-03",
    title="来人登记表",
    paper="A4-landscape",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="day", title="日期", kind="date", width=6),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="at", title="时间", kind="time", width=7),
                forms.FormColumn(key="name", title="客户姓名", width=11),
                forms.FormColumn(key="phone", title="电话", width=13),
                forms.FormColumn(key="before", title="曾来访", kind="flag", width=6),
                forms.FormColumn(key="earlier", title="原接待人", width=9),
                forms.FormColumn(key="source", title="来源", width=10),
                forms.FormColumn(key="introducer", title="介绍人", width=9),
                forms.FormColumn(key="relation", title="关系/批次", width=9),
                forms.FormColumn(key="need", title="需求", width=18),
                forms.FormColumn(key="grade", title="类别", width=5, align="center"),
                forms.FormColumn(key="rep", title="接待人", width=9),
                forms.FormColumn(key="helper", title="协助", width=9),
            ),
        ),
    ),
    signatures=(forms.Signature(title="登记人"), forms.Signature(title="销售主管")),
    retention="24mo",
)

TICKETS = forms.Form(
    name="sales_floor.SFF-63",
    title="补接券台账",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="period", title="期间", width=6),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            numbered=True,
            min_rows=12,
            columns=(
                forms.FormColumn(key="number", title="券号", width=7, align="center"),
                forms.FormColumn(key="rep", title="姓名", width=10),
                forms.FormColumn(key="kind", title="种类", width=9),
                forms.FormColumn(key="issued", title="发放时间", kind="datetime", width=15),
                forms.FormColumn(key="rule", title="依据", width=12),
                forms.FormColumn(key="ended", title="使用时间", kind="datetime", width=15),
                forms.FormColumn(key="how", title="去向", width=10),
            ),
        ),
    ),
    signatures=(forms.Signature(title="销售经理"),),
    retention="24mo",
)

CREDIT = forms.Form(
    name="sales_floor.SFF-64",
    title="业绩分配单",
    fields=(
        forms.FormField(key="customer", title="客户", width=4),
        forms.FormField(key="property", title="房号", width=4),
        forms.FormField(key="amount", title="成交金额(元)", kind="money", width=4),
        forms.FormField(key="closed", title="认购时间", kind="datetime", width=4),
        forms.FormField(key="state", title="状态", width=4),
        forms.FormField(key="policy", title="制度版本", width=4),
    ),
    tables=(
        forms.FormTable(
            key="shares",
            title="分配",
            columns=(
                forms.FormColumn(key="rep", title="置业顾问", width=14),
                forms.FormColumn(key="performance", title="业绩", kind="share", width=10),
                forms.FormColumn(key="commission", title="提成", kind="share", width=10),
                forms.FormColumn(key="rules", title="依据条款", width=26),
            ),
        ),
        forms.FormTable(
            key="clauses",
            title="依据",
            columns=(
                forms.FormColumn(key="number", title="条款", width=10),
                forms.FormColumn(key="text", title="内容", width=40),
                forms.FormColumn(key="effect", title="在本单的作用", width=30),
            ),
        ),
    ),
    signatures=(
        forms.Signature(title="置业顾问"),
        forms.Signature(title="销售经理"),
        forms.Signature(title="财务"),
    ),
    copies=("第一联 销售部", "第二联 财务部"),
    number="sales_floor.deal",
    retention="120mo",
)

HANDOVER = forms.Form(
    name="sales_floor.SFF-D-39",
    title="客户交接单",
    paper="A4-landscape",
    fields=(
        forms.FormField(key="site", title="案场", width=4),
        forms.FormField(key="rep", title="移交人", width=4),
        forms.FormField(key="why", title="事由", width=4),
        forms.FormField(key="at", title="交接时间", kind="datetime", width=4),
        forms.FormField(key="method", title="分配办法", width=4),
        forms.FormField(key="seed", title="抽签种子", width=4),
        forms.FormField(key="receivers", title="参加分配", width=12),
        forms.FormField(key="reason", title="说明", width=12),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            title="客户",
            numbered=True,
            min_rows=5,
            columns=(
                forms.FormColumn(key="name", title="客户", width=12),
                forms.FormColumn(key="phone", title="电话", width=13),
                forms.FormColumn(key="grade", title="类别", width=5, align="center"),
                forms.FormColumn(key="stage", title="阶段", width=9),
                forms.FormColumn(key="contact", title="最近联系", kind="date", width=10),
                forms.FormColumn(key="follow", title="下次跟进", kind="date", width=10),
                forms.FormColumn(key="to", title="接收人", width=10),
                forms.FormColumn(key="signed", title="接收签字", width=12),
            ),
        ),
        forms.FormTable(
            key="others",
            title="其他",
            columns=(
                forms.FormColumn(key="what", title="事项", width=12),
                forms.FormColumn(key="which", title="内容", width=50),
            ),
        ),
    ),
    signatures=(
        forms.Signature(title="移交人"),
        forms.Signature(title="监交人"),
        forms.Signature(title="销售经理"),
    ),
    number="sales_floor.handover",
    retention="24mo",
)

RULING = forms.Form(
    name="sales_floor.SFF-65",
    title="争议裁定单",
    fields=(
        forms.FormField(key="site", title="案场", width=6),
        forms.FormField(key="at", title="裁定时间", kind="datetime", width=6),
        forms.FormField(key="subject", title="事由", width=12),
        forms.FormField(key="parties", title="当事人", width=12),
        forms.FormField(key="facts", title="事实", width=12, lines=4),
        forms.FormField(key="outcome", title="裁定", width=12, lines=3),
        forms.FormField(key="reason", title="理由", width=12, lines=3),
    ),
    tables=(
        forms.FormTable(
            key="claims",
            title="各方主张",
            columns=(
                forms.FormColumn(key="rep", title="当事人", width=10),
                forms.FormColumn(key="claim", title="主张", width=16),
                forms.FormColumn(key="words", title="理由", width=34),
            ),
        ),
        forms.FormTable(
            key="clauses",
            title="依据",
            columns=(
                forms.FormColumn(key="number", title="条款", width=10),
                forms.FormColumn(key="text", title="内容", width=30),
                forms.FormColumn(key="effect", title="在本案的作用", width=20),
            ),
        ),
        forms.FormTable(
            key="evidence",
            title="记录",
            columns=(
                forms.FormColumn(key="at", title="时间", kind="datetime", width=14),
                forms.FormColumn(key="what", title="事项", width=26),
                forms.FormColumn(key="who", title="人员", width=12),
                forms.FormColumn(key="text", title="内容", width=26),
            ),
        ),
    ),
    foot_fields=(
        forms.FormField(key="appeal", title="申诉及决定", width=12, lines=2),
        forms.FormField(key="refusal", title="不服裁定", width=12, lines=2),
    ),
    signatures=(forms.Signature(title="当事人"), forms.Signature(title="销售经理")),
    number="sales_floor.docket",
    retention="120mo",
)

DOCUMENTS = (
    ROSTER,
    OUTINGS,
    VISITORS,
    TICKETS,
    CREDIT,
    RULING,
    HANDOVER,
    *documents_follow_up.DOCUMENTS,
)
