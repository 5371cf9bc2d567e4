"""Forms and registers of the sales office, as data: 小订, 大订, 签约, 认购书, 收据, 销控.

Titles are the regulation's own words and stay Chinese in every language.
"""

from __future__ import annotations

from zhike.api import forms

_PERIOD = (
    forms.FormField(key="site", title="案场", width=6),
    forms.FormField(key="period", title="期间", width=6),
)
_CLERK = (forms.Signature(title="销售助理"), forms.Signature(title="销售经理"))


def _register(code: str, title: str, *columns: forms.FormColumn) -> forms.Form:
    return forms.Form(
        name=f"sales_floor.{code}",
        title=title,
        paper="A4-landscape",
        fields=_PERIOD,
        tables=(forms.FormTable(key="lines", numbered=True, min_rows=12, columns=columns),),
        signatures=_CLERK,
        retention="120mo",
    )


_CUSTOMER = forms.FormColumn(key="customer", title="客户", width=12)
_UNIT = forms.FormColumn(key="unit", title="房号", width=12)
_REP = forms.FormColumn(key="rep", title="置业顾问", width=10)
_STATE = forms.FormColumn(key="state", title="状态", width=9)
_NUMBER = forms.FormColumn(key="number", title="编号", width=16)
_DEPOSIT = forms.FormColumn(key="deposit", title="定金(元)", kind="money", width=12, total=True)
_PRICE = forms.FormColumn(key="price", title="总价(元)", kind="money", width=14, total=True)


def _day(title: str) -> forms.FormColumn:
    return forms.FormColumn(key="day", title=title, kind="date", width=11)


SMALL = _register(
    "SFF-07-1",
    "小定单登记表",
    _CUSTOMER,
    _UNIT,
    _DEPOSIT,
    _day("日期"),
    forms.FormColumn(key="until", title="保留至", kind="date", width=11),
    _REP,
)
FIRM = _register(
    "SFF-07-2",
    "大定单登记表",
    _CUSTOMER,
    _UNIT,
    _PRICE,
    _DEPOSIT,
    _day("日期"),
    _REP,
    forms.FormColumn(key="paper", title="认购书编号", width=17),
)
SMALL_LINES = _register(
    "SFF-11-1", "小订明细表", _NUMBER, _CUSTOMER, _UNIT, _DEPOSIT, _day("日期"), _REP, _STATE
)
FIRM_LINES = _register(
    "SFF-11-2", "大订明细表", _NUMBER, _CUSTOMER, _UNIT, _PRICE, _day("日期"), _REP, _STATE
)
SALES = _register(
    "SFF-11-3",
    "销售统计表",
    _NUMBER,
    _UNIT,
    _PRICE,
    _day("认购日期"),
    forms.FormColumn(key="performance", title="业绩", width=22),
    forms.FormColumn(key="commission", title="提成", width=22),
    _STATE,
)
CONTRACTS = _register(
    "SFF-11-4",
    "签约明细表",
    forms.FormColumn(key="contract", title="合同编号", width=17),
    _CUSTOMER,
    _UNIT,
    _PRICE,
    _day("签约日期"),
    forms.FormColumn(key="way", title="付款方式", width=10),
    _REP,
)
RECEIPTS = _register(
    "SFF-15-1",
    "收据登记表",
    _NUMBER,
    _CUSTOMER,
    _UNIT,
    forms.FormColumn(key="sum", title="金额(元)", kind="money", width=13, total=True),
    _day("日期"),
    forms.FormColumn(key="by", title="经办人", width=10),
    forms.FormColumn(key="note", title="作废说明", width=18),
)
CONTROL = _register(
    "SFF-17",
    "销控表",
    _UNIT,
    forms.FormColumn(key="layout", title="户型", width=10),
    forms.FormColumn(key="area", title="面积(㎡)", width=9, align="right"),
    forms.FormColumn(key="list", title="底价(元)", kind="money", width=13),
    _STATE,
    _CUSTOMER,
    forms.FormColumn(key="at", title="时间", kind="datetime", width=15),
    forms.FormColumn(key="why", title="说明", width=16),
)
CHANGES = _register(
    "SFF-18",
    "换房换名退房登记表",
    forms.FormColumn(key="at", title="时间", kind="datetime", width=15),
    forms.FormColumn(key="kind", title="事项", width=9),
    _NUMBER,
    _CUSTOMER,
    forms.FormColumn(key="what", title="原 / 新", width=30),
    forms.FormColumn(key="fee", title="手续费(元)", kind="money", width=11),
    forms.FormColumn(key="reason", title="原因", width=20),
    forms.FormColumn(key="by", title="经办人", width=9),
)

SUBSCRIPTION = forms.Form(
    name="sales_floor.SFF-14",
    title="认购书",
    fields=(
        forms.FormField(key="customer", title="认购人", width=6),
        forms.FormField(key="phone", title="联系电话", width=6),
        forms.FormField(key="address", title="通讯地址", width=9),
        forms.FormField(key="postcode", title="邮编", width=3),
        forms.FormField(key="unit", title="房号", width=4),
        forms.FormField(key="layout", title="户型", width=4),
        forms.FormField(key="area", title="建筑面积(㎡)", width=4),
        forms.FormField(key="price", title="总价(元)", kind="money", width=4),
        forms.FormField(key="deposit", title="定金(元)", kind="money", width=4),
        forms.FormField(key="balance", title="余款(元)", kind="money", width=4),
        forms.FormField(key="day", title="认购日期", kind="date", width=4),
        forms.FormField(key="rep", title="置业顾问", width=4),
        forms.FormField(key="deal", title="成交单号", width=4),
    ),
    tables=(
        forms.FormTable(
            key="lines",
            title="付款约定",
            numbered=True,
            columns=(
                forms.FormColumn(key="title", title="款项", width=20),
                forms.FormColumn(key="sum", title="金额(元)", kind="money", width=16, total=True),
                forms.FormColumn(key="due", title="应付日期", kind="date", width=14),
            ),
        ),
    ),
    signatures=(
        forms.Signature(title="认购人"),
        forms.Signature(title="置业顾问"),
        forms.Signature(title="销售经理"),
        forms.Signature(title="财务"),
    ),
    note="本认购书不得涂改，涂改无效；内容变更须作废重开。定金由客户到财务交纳，以收据为凭。",
    number="sales_floor.subscription",
    retention="120mo",
)

RECEIPT = forms.Form(
    name="sales_floor.SFF-15",
    title="收据",
    paper="A5-landscape",
    fields=(
        forms.FormField(key="payer", title="交款人", width=6),
        forms.FormField(key="unit", title="房号", width=6),
        forms.FormField(key="what", title="款项", width=6),
        forms.FormField(key="sum", title="金额(元)", kind="money", width=6),
        forms.FormField(key="day", title="日期", kind="date", width=6),
        forms.FormField(key="deal", title="成交单号", width=6),
    ),
    signatures=(forms.Signature(title="收款人"), forms.Signature(title="交款人")),
    retention="120mo",
)

DUNNING = forms.Form(
    name="sales_floor.SFF-16",
    title="催款通知单",
    paper="A5-landscape",
    fields=(
        forms.FormField(key="customer", title="客户", width=6),
        forms.FormField(key="unit", title="房号", width=6),
        forms.FormField(key="what", title="款项", width=6),
        forms.FormField(key="sum", title="应付金额(元)", kind="money", width=6),
        forms.FormField(key="due", title="应付日期", kind="date", width=6),
        forms.FormField(key="sent", title="发出日期", kind="date", width=6),
        forms.FormField(key="address", title="通讯地址", width=12),
        forms.FormField(key="contract", title="合同编号", width=6),
        forms.FormField(key="rep", title="置业顾问", width=6),
    ),
    signatures=(forms.Signature(title="经办人"), forms.Signature(title="客户签收")),
    note="请于收到本通知后尽快到财务付清上述款项；逾期按合同违约条款办理。",
    retention="120mo",
)

REGISTERS = (
    SMALL,
    FIRM,
    SMALL_LINES,
    FIRM_LINES,
    SALES,
    CONTRACTS,
    RECEIPTS,
    CONTROL,
    CHANGES,
)
DOCUMENTS = (*REGISTERS, SUBSCRIPTION, RECEIPT, DUNNING)
