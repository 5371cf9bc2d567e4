"""A small Flask application that shows every page kind and component with made-up data.

It has no database: what it proves is that the templates, styles and scripts of the core work by
themselves under the content security policy. ``python core/tests/ui/gallery.py`` serves it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any
from zoneinfo import ZoneInfo

import flask_babel
from flask import Flask, Response, flash, get_flashed_messages, jsonify, request, session
from flask import render_template as page
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from zhike.web import ui
from zhike.web.security import POLICY

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "zhike"
ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 21, 6, 30, tzinfo=dt.UTC)


def ago(**parts: float) -> dt.datetime:
    """An instant before the gallery's fixed present."""
    return NOW - dt.timedelta(**parts)


def choices(**labels: str) -> list[SelectChoice]:
    """Choices of a field from their values and labels."""
    return [SelectChoice(value, label) for value, label in labels.items()]


class VisitForm(FlaskForm):
    """Every kind of field, in the words of a sales hall."""

    name = StringField("客户姓名", [InputRequired("请填写客户姓名。"), Length(max=20)])
    phone = TelField(
        "电话", [InputRequired("请填写电话。")], description="填后四位即可查找已登记的客户。"
    )
    phone_id = HiddenField()
    source = RadioField(
        "来访渠道",
        [InputRequired("请选择一个渠道。")],
        choices=choices(walk="自然来访", call="来电邀约", agent="渠道带访", old="老带新"),
    )
    wants = SelectMultipleField(
        "意向户型", choices=choices(two="两房", three="三房", four="四房", shop="商铺")
    )
    unit = SelectField("接待案场", choices=choices(a="云栖湾", b="江畔里"))
    people = IntegerField("同行人数")
    budget = DecimalField("预算")
    day = DateField("到访日期", [InputRequired("请选择日期。")])
    at = TimeField("到访时间")
    note = TextAreaField("备注")
    again = BooleanField("客户曾经来过")


class LoginForm(FlaskForm):
    """Signing in."""

    username = StringField("账号", [InputRequired("请填写账号。")])
    password = PasswordField("密码", [InputRequired("请填写密码。")])
    remember = BooleanField("在这台设备上保持登录")


class PasswordForm(FlaskForm):
    """Changing the password."""

    current = PasswordField("现在的密码", [InputRequired("请填写现在的密码。")])
    new = PasswordField("新密码", [InputRequired("请填写新密码。")])
    again = PasswordField("再填一次", [InputRequired("请再填一次。")])


def visits_table(args: list[tuple[str, str]]) -> ui.Table:
    """The list of visits, as a view would describe it."""
    people = ["张伟", "曾志伟", "单雄信", "欧阳若兰", "王芳", "李娜", "陈静", "刘洋"]
    states = [
        ui.State("等待接待", "wait"),
        ui.State("接待中", "active"),
        ui.State("即将超时", "attention"),
        ui.State("已超时", "breach"),
        ui.State("已完成", "done"),
        ui.State("已作废", "void"),
    ]
    rows = [
        {
            "id": f"{i:04d}",
            "number": f"LJ20261121-{i:04d}",
            "state": states[i % len(states)],
            "who": people[i % len(people)],
            "phone": f"138{i:04d}{4400 + i * 7}",
            "holder": ["李敏", "赵强", None][i % 3],
            "at": ago(minutes=7 * i + 3),
            "deal": None if i % 4 else 328_000_050 + i,
            "split": 1250 * (i % 3),
        }
        for i in range(1, 15)
    ]
    return ui.Table(
        caption="来访台账",
        columns=[
            ui.Column("number", "编号", sort=True, phone="title"),
            ui.Column("state", "状态", kind="state", phone="state"),
            ui.Column("who", "客户", sort=True),
            ui.Column("phone", "电话", kind="custom"),
            ui.Column("holder", "接待人", sort=True),
            ui.Column("at", "到访时间", kind="time", sort=True),
            ui.Column("deal", "成交金额(元)", kind="money", sort=True, phone="hide"),
            ui.Column("split", "分成", kind="share", phone="hide"),
            ui.Column("source", "渠道", hidden=True),
        ],
        rows=rows,
        row_url=lambda row: f"/record?id={row['id']}",
        base_url="/list",
        args=args,
        sort=dict(args).get("sort", "-at"),
        after="c2Vjb25k",
        before="Zmlyc3Q",
        total=1284,
        search=True,
        search_help="姓名、尾号、编号",
        facets=[
            ui.Facet(
                "state",
                "状态",
                (("", "全部"), ("wait", "等待接待"), ("active", "接待中"), ("late", "已超时")),
            ),
            ui.Facet(
                "holder", "接待人", (("", "全部"), *((f"r{n}", f"销售{n:02d}") for n in range(30)))
            ),
        ],
        views=[
            ui.Chip("今日来访", "/list", True, 38),
            ui.Chip("我接待的", "/list?mine=1", count=6),
            ui.Chip("超时未回访", "/list?late=1", count=2),
        ],
        bulk=[
            ui.Bulk("转交接待人", "/bulk/hand", "arrow-left-right"),
            ui.Bulk("作废", "/bulk/void", "slash-circle", danger=True),
        ],
        exports=[ui.Chip("Excel", "/export.xlsx"), ui.Chip("CSV", "/export.csv")],
        choose_columns=True,
        empty=ui.Empty(
            "这里记录每一次来访。", "客户到场后,先登记,系统按规则轮到接待人。", "/form", "登记来访"
        ),
    )


WHY: dict[str, Any] = {
    "sentence": "由李敏接待:她排在第一位,且客户没有有效的归属人。",
    "tone": "done",
    "facts": [
        ("到访时间", "2026-11-21 14:05:09"),
        ("客户", "张伟(尾号 4407)"),
        ("轮序", "李敏、赵强、陈静"),
    ],
    "clauses": [
        {
            "number": "第4条",
            "text": "来访客户按轮序表依次接待,不得挑选客户。",
            "effect": "轮到第一位:李敏。",
            "rule": "SF-A-104",
            "decided": True,
            "facts": [("轮序第一位", "李敏")],
        },
        {
            "number": "第7条",
            "text": "客户在 30 天内有接待记录的,由原接待人接待。",
            "effect": "未找到 30 天内的接待记录,本条不适用。",
            "rule": "SF-B-201",
        },
    ],
    "policy": {
        "name": "云栖湾案场接待制度",
        "version": "3",
        "since": ago(days=20),
        "mode": "执行",
        "url": "/policy",
    },
    "at": ago(minutes=25),
    "number": "JD20261121-0017",
    "print_url": "/print",
}


def create_app() -> Flask:
    """The gallery application."""
    app = Flask(
        __name__,
        template_folder=str(CORE / "templates"),
        static_folder=str(CORE / "static"),
        static_url_path="/static/core",
    )
    app.jinja_loader.searchpath.append(str(HERE / "templates"))
    app.config.update(
        SECRET_KEY="gallery-only", BOOTSTRAP_SERVE_LOCAL=True, WTF_CSRF_TIME_LIMIT=None
    )
    Bootstrap5(app)
    CSRFProtect(app)
    flask_babel.Babel(
        app,
        default_translation_directories=str(CORE / "translations"),
        locale_selector=lambda: session.get("locale", request.args.get("lang", "zh_Hans")),
    )
    ui.register(app.jinja_env, now=lambda: NOW, zone=lambda: ZONE)
    nav = [
        ui.NavSection(
            "今日", [ui.NavItem("/", "今日", "sunrise", active=True, key="t", phone=True)]
        ),
        ui.NavSection(
            "案场",
            [
                ui.NavItem("/board", "轮序看板", "kanban", key="b", phone=True),
                ui.NavItem("/list", "来访台账", "journal-text", badge=3, key="v", phone=True),
                ui.NavItem("/form", "登记来访", "person-plus", phone=True),
            ],
        ),
        ui.NavSection(
            "管理",
            [
                ui.NavItem("/policy", "制度", "bookmark-check", key="p"),
                ui.NavItem("/report", "报表", "bar-chart"),
                ui.NavItem("/parts", "部件", "grid"),
            ],
        ),
    ]
    me = Thing(
        company=Thing(name="启明置业"),
        unit=Thing(name="云栖湾案场"),
        user=Thing(id="7", name="zhaoqiang"),
        person=Thing(id="7", name="zhaoqiang"),
        staff=Thing(name="赵强"),
        can=lambda permission, unit_id=None: True,
    )
    names = (
        "home today search suggest inbox me company sessions password logout language theme "
        "shortcuts"
    )
    app.jinja_env.globals.update(
        current=me,
        nav=nav,
        switcher=[
            ui.SwitchGroup(
                "公司",
                "/switch",
                "company",
                [ui.SwitchOption("1", "启明置业", True), ui.SwitchOption("2", "启明物业")],
            ),
            ui.SwitchGroup(
                "案场与部门",
                "/switch",
                "unit",
                [
                    ui.SwitchOption("1", "全部", False),
                    ui.SwitchOption("2", "云栖湾案场", True, 1),
                    ui.SwitchOption("3", "江畔里案场", False, 1),
                ],
            ),
        ],
        links={name: f"/{'' if name == 'home' else name}" for name in names.split()},
        inbox_count=12,
        banners=[
            ui.Banner(
                "“接待制度”第 3 版处于试行:系统给出结论,暂不强制。", url="/policy", link="查看"
            )
        ],
        csrf_token=generate_csrf,
        shortcuts_on=True,
        zone_name="Asia/Shanghai",
        static_url=lambda who, path: f"/static/{who}/{path}",
        get_flashed_messages=get_flashed_messages,
    )

    @app.context_processor
    def reader() -> dict[str, Any]:
        return {
            "locale": str(flask_babel.get_locale()),
            "theme": session.get("theme", request.args.get("theme", "auto")),
        }

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @app.get("/")
    def today() -> str:
        return page("gallery/today.html", now=NOW, ago=ago)

    @app.get("/board")
    def board() -> str | tuple[str, int]:
        app.config["BOARD_ASKED"] = app.config.get("BOARD_ASKED", 0) + 1
        if app.config.get("SIGNED_OUT") and "since" in request.args:
            return page("zhike/auth/login.html", form=LoginForm())
        version = str(app.config.get("BOARD_VERSION", 41))
        if request.args.get("since") == version:
            return "", 204
        return page(
            "gallery/board.html",
            poll_url="/board",
            version=version,
            as_of=NOW,
            now=NOW,
            ago=ago,
            fragment=request.headers.get("HX-Target") == "board",
        )

    @app.get("/list")
    def visits() -> str:
        table = visits_table(list(request.args.items(multi=True)))
        if request.args.get("empty"):
            table = replace(table, rows=[])
        return page("gallery/list.html", table=table)

    @app.get("/record")
    def record() -> str:
        return page("gallery/record.html", now=NOW, ago=ago, why=WHY)

    @app.route("/form", methods=["GET", "POST"])
    def form() -> str | tuple[str, int]:
        visit = VisitForm()
        if request.method == "POST":
            app.config.setdefault("POSTED", []).append(request.form.to_dict())
        if visit.is_submitted() and not visit.validate():
            return page("gallery/form.html", form=visit), 422
        if visit.is_submitted():
            flash({"text": "已登记,轮到 李敏 接待,依据 第4条。", "undo": "/undo"}, "success")
        return page("gallery/form.html", form=visit)

    @app.get("/decision")
    def decision() -> str:
        return page("zhike/base_decision.html", decision=WHY)

    @app.get("/policy")
    def policy() -> str:
        return page("gallery/policy.html", now=NOW, ago=ago)

    @app.get("/report")
    def report() -> str:
        return page("gallery/report.html")

    @app.get("/parts")
    def parts() -> str:
        flash({"text": "已登记,轮到 李敏 接待,依据 第4条。", "undo": "/undo"}, "success")
        flash("电话已存在,已并入原客户。", "warning")
        return page("gallery/parts.html", now=NOW, ago=ago, why=WHY)

    @app.get("/wall")
    def wall() -> str | tuple[str, int]:
        if request.args.get("since"):
            return "", 204
        return page(
            "gallery/wall.html",
            poll_url="/wall",
            version=1,
            as_of=NOW,
            page_theme=request.args.get("theme"),
            ago=ago,
        )

    @app.get("/print")
    def paper() -> str:
        return page(
            "gallery/print.html",
            signers=["客户签字", "接待人签字", "案场经理签字"],
            copies="第一联 存根",
            printed_at=NOW,
            qr={"size": 21, "d": "M0 0h7v7h-7zM14 0h7v7h-7zM0 14h7v7h-7zM9 9h3v3h-3z"},
            qr_text="K7QF-2M9X",
        )

    @app.route("/login", methods=["GET", "POST"])
    def login() -> str:
        return page("zhike/auth/login.html", form=LoginForm(), notice="演示账号:demo,密码:demo")

    @app.get("/company")
    def company() -> str:
        return page(
            "zhike/auth/choose_company.html",
            action="/company",
            companies=[
                {"id": 1, "name": "启明置业", "note": "云栖湾案场 · 江畔里案场", "active": True},
                {"id": 2, "name": "启明物业", "note": "服务中心"},
            ],
        )

    @app.get("/sessions")
    def sessions() -> str:
        return page(
            "zhike/auth/sessions.html",
            end_url="/sessions",
            sessions=[
                {"id": 1, "device": "Chrome · Windows", "place": "10.0.3.7", "present": True,
                 "started": ago(hours=5), "seen": ago(seconds=20)},
                {"id": 2, "device": "企业微信 · Android", "place": "117.136.0.9", "present": False,
                 "started": ago(days=3), "seen": ago(hours=20)},
            ],
        )  # fmt: skip

    @app.get("/password")
    def password() -> str:
        return page(
            "zhike/auth/password.html",
            form=PasswordForm(),
            forced=bool(request.args.get("forced")),
            rules=["至少 12 个字符。", "不能是常见密码。"],
        )

    @app.get("/error/<int:code>")
    def error(code: int) -> str:
        return page(
            "zhike/errors/error.html",
            code=code,
            who=["王芳(案场经理)", "系统管理员"] if code == 403 else [],
            request_id="7f3a-19c2" if code == 500 else "",
            retry_after=65 if code in (429, 503) else 0,
            back_url="/",
            message="依据 第12条,只有案场经理可以作废来访。" if code == 403 else "",
        )

    @app.get("/suggest")
    def suggest() -> Response:
        text = request.args["q"]
        app.config.setdefault("ASKED", []).append(text)
        known = [
            ("1", "张伟", "138****4407"),
            ("2", "曾志伟", "139****4414"),
            ("3", "单雄信", "137****4421"),
        ]
        hits = [k for k in known if text in k[1] or text in k[2] or (text == "zw" and k[0] == "1")]
        return jsonify(items=[{"value": v, "label": name, "note": note} for v, name, note in hits])

    @app.post("/reveal")
    def reveal() -> str:
        return "13800014407"

    @app.post("/theme")
    def theme() -> Response:
        session["theme"] = request.form["theme"]
        return Response("", 303, {"Location": request.form.get("next") or "/"})

    return app


if __name__ == "__main__":
    create_app().run(port=5055)
