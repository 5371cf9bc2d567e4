"""Pages and operations of acme_hello."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, request, url_for
from pydantic import BaseModel, ConfigDict, Field
from wtforms import StringField
from wtforms.validators import InputRequired

from zhike.api import (
    PageForm,
    PluginBlueprint,
    UserError,
    act,
    current,
    keeping,
    page,
    parties,
    reading,
    transaction,
)

bp = PluginBlueprint("acme_hello")


class NameForm(PageForm):
    """A name."""

    name = StringField("Name", [InputRequired()])


@bp.get("/", permission="acme_hello.view")
def home() -> Any:
    return page("acme_hello/home.html", who=current().user.name)


@bp.get("/editing", permission="acme_hello.edit")
def editing() -> Any:
    return "editing"


@bp.get("/unit/<uuid:unit_id>", permission="acme_hello.view")
def at_unit(unit_id: uuid.UUID) -> Any:
    return f"unit {unit_id}"


@bp.get("/public", public="a page that anybody may see")
def public() -> Any:
    return current().company.name if current().company else "nobody"


@bp.get("/ask", permission="acme_hello.edit")
def ask() -> Any:
    return page("acme_hello/form.html", form=NameForm())


@bp.post("/add", permission="acme_hello.edit")
def add() -> Any:
    form = NameForm()
    if form.validate_on_submit():
        with keeping(form):
            made = act(lambda s: str(parties.create(s, name=refuse_bad(form.name.data)).id))
            return redirect(url_for("acme_hello.shown", party=made))
    return page("acme_hello/form.html", form=form), 422


@bp.get("/shown", permission="acme_hello.view")
def shown() -> Any:
    return str(parties.count(reading()))


@bp.post("/fail", permission="acme_hello.edit")
def fail() -> Any:
    how = request.form.get("how", "")
    with transaction() as s:
        parties.create(s, name="never kept")
        if how == "user":
            raise UserError("Nothing can be done with this.", code="acme")
        if how == "busy":
            raise UserError("Busy now.", status=503, code="busy")
        raise RuntimeError("a secret of the server")


def refuse_bad(name: str | None) -> str:
    """The name, unless it is "bad"."""
    if name == "bad":
        raise UserError("This name is not taken.", field="name")
    return name or ""


class GreetIn(BaseModel):
    """Whom to greet."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=20)


class GreetOut(BaseModel):
    """The greeting."""

    greeting: str


def greet(body: GreetIn) -> GreetOut:
    """Register and greet."""

    def work(s: Any) -> str:
        return str(parties.create(s, name=body.name).id)

    return GreetOut(greeting=act(work))


class GreetingsIn(BaseModel):
    """Which greetings."""

    model_config = ConfigDict(extra="forbid")
    loud: bool = False
    names: list[str] = []


def greetings(body: GreetingsIn) -> GreetOut:
    """Greet several."""
    text = "hello " + ",".join(body.names)
    return GreetOut(greeting=text.upper() if body.loud else text)
