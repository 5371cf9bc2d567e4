"""Statistics as forms: 来人来电统计表 and the analyses of a week and a month."""

from __future__ import annotations

from dataclasses import replace

from zhike.api import forms

_HEAD = (
    forms.FormField(key="site", title="案场", width=6),
    forms.FormField(key="period", title="期间", width=6),
)
_RATES = (
    forms.FormField(key="rate_closing", title="成交率", width=3),
    forms.FormField(key="rate_again", title="复访率", width=3),
    forms.FormField(key="rate_kept", title="预约到访率", width=3),
    forms.FormField(key="rate_lost", title="退房率", width=3),
)
_TOTALS = forms.FormTable(
    key="totals",
    title="合计与上期比较",
    columns=(
        forms.FormColumn(key="what", title="项目", width=20),
        forms.FormColumn(key="now", title="本期", width=14, align="right"),
        forms.FormColumn(key="last", title="上期", width=14, align="right"),
        forms.FormColumn(key="change", title="增减", width=10, align="right"),
    ),
)
_REPS = forms.FormTable(
    key="reps",
    title="按置业顾问",
    columns=(
        forms.FormColumn(key="rep", title="置业顾问", width=14),
        forms.FormColumn(key="visits", title="来人", kind="integer", width=8, total=True),
        forms.FormColumn(key="new", title="新客户", kind="integer", width=8, total=True),
        forms.FormColumn(key="old", title="老客户", kind="integer", width=8, total=True),
        forms.FormColumn(key="calls", title="来电", kind="integer", width=8, total=True),
        forms.FormColumn(key="tracks", title="追踪", kind="integer", width=8, total=True),
        forms.FormColumn(key="performance", title="业绩(套)", width=10, align="right"),
    ),
)
_SOURCES = forms.FormTable(
    key="sources",
    title="按来源（新来人、呼入来电）",
    columns=(
        forms.FormColumn(key="source", title="来源", width=20),
        forms.FormColumn(key="visits", title="来人", kind="integer", width=10, total=True),
        forms.FormColumn(key="calls", title="来电", kind="integer", width=10, total=True),
    ),
)
_LOST = forms.FormTable(
    key="lost",
    title="未购原因",
    columns=(
        forms.FormColumn(key="reason", title="原因", width=30),
        forms.FormColumn(key="number", title="次数", kind="integer", width=10, total=True),
    ),
)
_DAYS = forms.FormTable(
    key="days",
    title="逐日",
    columns=(
        forms.FormColumn(key="day", title="日期", kind="date", width=12),
        forms.FormColumn(key="visits", title="来人", kind="integer", width=8, total=True),
        forms.FormColumn(key="new", title="新客户", kind="integer", width=8, total=True),
        forms.FormColumn(key="old", title="老客户", kind="integer", width=8, total=True),
        forms.FormColumn(key="calls", title="来电", kind="integer", width=8, total=True),
        forms.FormColumn(key="tracks", title="追踪", kind="integer", width=8, total=True),
        forms.FormColumn(key="reserved", title="小订", kind="integer", width=8, total=True),
        forms.FormColumn(key="closed", title="认购", kind="integer", width=8, total=True),
        forms.FormColumn(key="refunded", title="退房", kind="integer", width=8, total=True),
    ),
)
_SIGNED = (
    forms.FormField(key="closed_by", title="签结", width=6),
    forms.FormField(key="closed", title="签结时间", kind="datetime", width=6),
)
_MANAGER = (forms.Signature(title="销售经理"), forms.Signature(title="制表"))

DAILY = forms.Form(
    name="sales_floor.SFF-08",
    title="来人来电统计表",
    fields=_HEAD,
    tables=(_TOTALS, _SOURCES, _REPS),
    foot_fields=(forms.FormField(key="analysis", title="说明", width=12, lines=2), *_SIGNED),
    signatures=_MANAGER,
    number="sales_floor.sheet",
    retention="60mo",
)

MONTHLY = forms.Form(
    name="sales_floor.SFF-09",
    title="月来人来电统计成交状况分析表",
    fields=(*_HEAD, *_RATES),
    tables=(_TOTALS, _REPS, _SOURCES, _LOST, _DAYS),
    foot_fields=(
        forms.FormField(key="analysis", title="分析", width=12, lines=4),
        forms.FormField(key="plan", title="下期计划", width=12, lines=3),
        *_SIGNED,
    ),
    signatures=_MANAGER,
    number="sales_floor.sheet",
    retention="60mo",
)

WEEKLY = replace(MONTHLY, name="sales_floor.SFF-09-week", title="周来人来电统计成交状况分析表")

WEEKLY_REPORT = replace(
    MONTHLY,
    name="sales_floor.SFF-12",
    title="每周销售综合分析表",
    tables=(_TOTALS, _REPS, _SOURCES, _LOST),
    foot_fields=(
        forms.FormField(key="analysis", title="分析", width=12, lines=4),
        forms.FormField(key="news", title="市场动态", width=12, lines=4),
        forms.FormField(key="plan", title="下周计划", width=12, lines=4),
        *_SIGNED,
    ),
)

BY_DAY = forms.Form(
    name="sales_floor.SFF-08-days",
    title="来人来电逐日统计",
    fields=_HEAD,
    tables=(replace(_DAYS, key="lines", title=""),),
    signatures=(forms.Signature(title="制表"),),
    retention="60mo",
)

BY_KIND = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
DOCUMENTS = (DAILY, WEEKLY, MONTHLY, WEEKLY_REPORT, BY_DAY)
