"""The JSON operations: everything a page can do, under the same permissions."""

from __future__ import annotations

from typing import Literal

from zhike.api import ApiResource
from zhike_sales_floor import permissions as may

_UNIT = "floor/<uuid:unit_id>"
_VISIT = f"{_UNIT}/visits/<uuid:visit_id>"
_CUSTOMER = f"{_UNIT}/customers/<uuid:customer_id>"
_DEAL = f"{_UNIT}/deals/<uuid:deal_id>"
_HOUSE = f"{_UNIT}/houses/<uuid:house_id>"


def _read(
    name: str, path: str, view: str, permission: str, response: str, query: str | None = None
) -> ApiResource:
    return ApiResource(
        name=f"sales_floor.{name}",
        method="GET",
        path=path,
        view=f"{__name__}.{view}",
        permission=permission,
        request=_model(query),
        response=_model(response),
    )


def _write(
    name: str,
    path: str,
    view: str,
    permission: str,
    request: str | None = None,
    response: str | None = "ActOut",
    *,
    method: Literal["POST", "PUT"] = "POST",
    status: int = 200,
) -> ApiResource:
    return ApiResource(
        name=f"sales_floor.{name}",
        method=method,
        path=path,
        view=f"{__name__}.{view}",
        permission=permission,
        request=_model(request),
        response=_model(response),
        scope="write",
        status=status if response is not None else 204,
    )


def _model(name: str | None) -> str | None:
    module, _sep, own = (name or "").rpartition(":")
    return name and f"{__name__}.{module or 'models'}:{own}"


RESOURCES: tuple[ApiResource, ...] = (
    _read("board", f"{_UNIT}/board", "floor:get_board", may.VIEW_BOARD, "BoardOut"),
    _read("visits", f"{_UNIT}/visits", "floor:get_visits", may.VIEW_BOARD, "VisitsOut", "DayQuery"),
    _write(
        "arrive", f"{_UNIT}/arrivals", "floor:post_arrival", may.ARRIVE, "ArrivalIn", status=201
    ),
    _write(
        "rep", f"{_UNIT}/reps/<uuid:staff_id>/act", "floor:post_rep", may.VIEW_BOARD, "RepActIn"
    ),
    _write("visit_end", f"{_VISIT}/end", "floor:post_end", may.VIEW_BOARD, "EndIn"),
    _write("visit_void", f"{_VISIT}/void", "floor:post_void", may.VIEW_BOARD, "VoidIn"),
    _write(
        "visit_hand_over",
        f"{_VISIT}/hand-over",
        "floor:post_hand_over",
        may.VIEW_BOARD,
        "HandOverIn",
    ),
    _write(
        "visit_take_over", f"{_VISIT}/take-over", "floor:post_take_over", may.MANAGE, "TakeOverIn"
    ),
    _write("visit_fault", f"{_VISIT}/fault", "floor:post_fault", may.RULE, "ConfirmIn"),
    _write("visit_help", f"{_VISIT}/help", "floor:post_help", may.VIEW_BOARD, "HelpIn"),
    _write("visit_answer", f"{_VISIT}/answer", "floor:post_answer", may.MANAGE, "AnswerIn"),
    _write("visit_flag", f"{_VISIT}/flag", "floor:post_flag", may.REPORT, "FlagIn"),
    _write("visit_assign", f"{_VISIT}/assign", "floor:post_assign", may.OVERRIDE, "AssignIn"),
    _write("visit_left", f"{_VISIT}/left", "floor:post_left", may.MANAGE),
    _write("day_open", f"{_UNIT}/day/open", "floor:post_open", may.DAY, "OpenDayIn"),
    _write("day_close", f"{_UNIT}/day/close", "floor:post_close", may.DAY),
    _write("event_mode", f"{_UNIT}/event-mode", "floor:post_event_mode", may.RULE, "EventModeIn"),
    _write(
        "reclass",
        f"{_UNIT}/outings/<uuid:outing_id>/reclass",
        "floor:post_reclass",
        may.RECLASS,
        "ReasonIn",
    ),
    _write("roster", f"{_UNIT}/roster", "floor:post_roster", may.ROSTER, "RosterIn", None),
    _write(
        "leave", f"{_UNIT}/reps/<uuid:staff_id>/leave", "floor:post_leave", may.ROSTER, "LeaveIn"
    ),
    _read(
        "customers",
        f"{_UNIT}/customers",
        "customers:get_customers",
        may.CUSTOMER_VIEW,
        "CustomersOut",
        "CustomersQuery",
    ),
    _read("customer", _CUSTOMER, "customers:get_customer", may.CUSTOMER_VIEW, "CustomerOut"),
    _write(
        "contact",
        f"{_CUSTOMER}/contacts",
        "customers:post_contact",
        may.CUSTOMER_EDIT,
        "ContactIn",
        "ContactOut",
        status=201,
    ),
    _write(
        "follow_up",
        f"{_CUSTOMER}/follow-up",
        "customers:put_follow_up",
        may.CUSTOMER_EDIT,
        "FollowUpIn",
        None,
        method="PUT",
    ),
    _write(
        "relation",
        f"{_CUSTOMER}/relations",
        "customers:post_relation",
        may.CUSTOMER_EDIT,
        "RelationIn",
    ),
    _write("owner", f"{_CUSTOMER}/owner", "customers:post_owner", may.RULE, "OwnerIn"),
    _write(
        "reveal",
        f"{_CUSTOMER}/reveal",
        "customers:post_reveal",
        may.CUSTOMER_REVEAL,
        None,
        "PhoneOut",
    ),
    _read("deals", f"{_UNIT}/deals", "customers:get_deals", may.CLOSING, "DealsOut", "DealsQuery"),
    _read("deal", _DEAL, "customers:get_deal", may.CLOSING, "DealOut"),
    _write(
        "deal_new",
        f"{_UNIT}/deals",
        "customers:post_deal",
        may.CLOSING,
        "DealIn",
        "DealActOut",
        status=201,
    ),
    _write(
        "deal_sign",
        f"{_DEAL}/sign",
        "customers:post_sign",
        may.CLOSING,
        "models_sales:SignIn",
    ),
    _write(
        "deal_refund",
        f"{_DEAL}/refund",
        "customers:post_refund",
        may.CLOSING,
        "models_sales:RefundIn",
    ),
    _write("deal_paid", f"{_DEAL}/paid", "customers:post_paid", may.CLOSING),
    _write("deal_rule", f"{_DEAL}/ruling", "customers:post_shares", may.RULE, "SharesIn"),
    _write("deal_quarrel", f"{_DEAL}/quarrel", "customers:post_quarrel", may.RULE, "ReasonIn"),
    _read(
        "register",
        f"{_UNIT}/registers/<code>",
        "customers:get_register",
        may.REGISTERS,
        "RegisterOut",
        "DayQuery",
    ),
    _read(
        "houses",
        f"{_UNIT}/houses",
        "sales:get_houses",
        may.HOUSES,
        "models_sales:HousesOut",
        "models_sales:HousesQuery",
    ),
    _write("house_hold", f"{_HOUSE}/hold", "sales:post_hold", may.SALES_CONTROL, "ReasonIn", None),
    _write(
        "house_release",
        f"{_HOUSE}/release",
        "sales:post_release",
        may.SALES_CONTROL,
        "ReasonIn",
        None,
    ),
    _write(
        "deal_contract",
        f"{_DEAL}/contract",
        "sales:post_contract",
        may.CLOSING,
        "models_sales:ContractIn",
    ),
    _write("deal_swap", f"{_DEAL}/swap", "sales:post_swap", may.CLOSING, "models_sales:SwapIn"),
    _write("deal_name", f"{_DEAL}/name", "sales:post_name", may.CLOSING, "models_sales:NameIn"),
    _write("deal_default", f"{_DEAL}/default", "sales:post_default", may.RULE, "ReasonIn"),
    _write(
        "deal_correct",
        f"{_DEAL}/correct",
        "sales:post_correct",
        may.CLOSING,
        "models_sales:CorrectIn",
        None,
    ),
    _write(
        "deal_ask_refund",
        f"{_DEAL}/ask-refund",
        "sales:post_ask_refund",
        may.CLOSING,
        "ReasonIn",
        "models_sales:SaidOut",
    ),
    _read(
        "dues",
        f"{_UNIT}/dues",
        "sales:get_dues",
        may.CLOSING,
        "models_sales:DuesOut",
        "models_sales:DuesQuery",
    ),
    _write("due_new", f"{_DEAL}/dues", "sales:post_due", may.CLOSING, "models_sales:DueIn", None),
    _write(
        "due_pay",
        f"{_UNIT}/dues/<uuid:due_id>/pay",
        "sales:post_pay",
        may.CLOSING,
        "models_sales:PayIn",
        "models_sales:NumberOut",
        status=201,
    ),
    _read("why", "decisions/<uuid:decision_id>", "customers:get_why", may.VIEW_BOARD, "WhyOut"),
)
