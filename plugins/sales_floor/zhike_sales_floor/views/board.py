"""The floor board 看板, its wall, and the buttons on it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, request, url_for

from zhike.api import Forbidden, _, clock, current, page, policies, reading
from zhike_sales_floor import permissions as may
from zhike_sales_floor import words
from zhike_sales_floor.services import board as boards
from zhike_sales_floor.services import floor, live
from zhike_sales_floor.views._common import bp, doing, own_staff, site_of, unit_name


@bp.get("/", permission=may.VIEW_BOARD)
def home() -> Any:
    """The board of the site at which the reader works."""
    unit_id = site_of()
    current().require(may.VIEW_BOARD, unit_id)
    return board(unit_id)


def _shown(unit_id: uuid.UUID, template: str, **context: Any) -> Any:
    s = reading()
    since = request.args.get("since", "")
    if since and since == str(boards.version_of(s, unit_id)):
        return Response(status=204)
    data = boards.board(s, unit_id)
    mode = ""
    if data is not None:
        mode = policies.in_force(s, live.PLUGIN, unit_id, clock.now()).mode
    return page(
        template,
        data=data,
        unit_id=unit_id,
        unit_name=unit_name(unit_id),
        version=data.version if data else 0,
        as_of=data.as_of if data else clock.now(),
        mode=mode,
        mine=own_staff(),
        words=words,
        may=may,
        **context,
    )


@bp.get("/floor/<uuid:unit_id>", permission=may.VIEW_BOARD)
def board(unit_id: uuid.UUID) -> Any:
    """The board; with ``since`` equal to the present version, 204 and nothing else."""
    return _shown(unit_id, "sales_floor/board.html", poll_url=url_for(".board", unit_id=unit_id))


@bp.get("/floor/<uuid:unit_id>/wall", permission=may.VIEW_BOARD, polls=True)
def wall(unit_id: uuid.UUID) -> Any:
    """The wall screen: masked names, no interaction."""
    return _shown(
        unit_id,
        "sales_floor/wall.html",
        poll_url=url_for(".wall", unit_id=unit_id),
        page_theme="dark",
    )


def self_or_manage(unit_id: uuid.UUID, staff_id: uuid.UUID) -> None:
    """A rep may act for himself, whoever runs the floor for everybody."""
    me = current()
    if staff_id == own_staff() and me.can(may.SELF, unit_id):
        return
    me.require(may.MANAGE, unit_id)


@bp.post(
    "/floor/<uuid:unit_id>/rep/<uuid:staff_id>/<any(sign_in, sign_out, back, absent):verb>",
    permission=may.VIEW_BOARD,
)
def rep_act(unit_id: uuid.UUID, staff_id: uuid.UUID, verb: str) -> Any:
    """Sign in, sign out, come back, or be marked absent."""
    self_or_manage(unit_id, staff_id)
    if verb == "absent" and not current().can(may.MANAGE, unit_id):
        raise Forbidden(_("Your role does not include this."), extra={"permission": may.MANAGE})
    done = {
        "sign_in": floor.sign_in,
        "sign_out": floor.sign_out,
        "back": floor.come_back,
        "absent": floor.mark_absent,
    }[verb]
    return doing(lambda s: done(s, unit_id, staff_id), back=back_to(unit_id))


def back_to(unit_id: uuid.UUID) -> str:
    """Where to go after an act: my day where it was pressed there, else the board."""
    if request.args.get("from") == "me" or request.form.get("from") == "me":
        return url_for(".my_day")
    return url_for(".board", unit_id=unit_id)
