"""The figures: each measures Zhike and, where there is one, the baseline in the same breath."""

from __future__ import annotations

import http.client
import json
import re
import statistics
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import bare
from benchmarks.house import House
from benchmarks.load import Ask, Server, Times, drive, free_port, get, gunicorn, serving
from zhike.config import Config
from zhike.site import Site

#: What a browser sends of the desk's form besides the name.
ARRIVAL = {
    "purpose": "buy",
    "people": "1",
    "asks_for": "",
    "source": "",
    "receiver": "",
    "taken_by": "",
    "flag": "wrong_turn",
}
COOKIE = "zhike_session"


@dataclass(frozen=True)
class Figure:
    """One line of the result: ``value`` against the bars; lower is better unless ``more``."""

    goal: str
    name: str
    value: float
    must: float | None
    moon: float | None
    unit: str = "x"
    more: bool = False

    @property
    def verdict(self) -> str:
        """moon, must, short, or nothing where no bar is set."""
        if self.must is None or self.moon is None:
            return ""
        good = (lambda bar: self.value >= bar) if self.more else (lambda bar: self.value <= bar)
        return "moon" if good(self.moon) else "must" if good(self.must) else "SHORT"


@dataclass
class Stage:
    """Where everything runs: two servers beside each other on the same rows."""

    house: House
    bare_db: Path
    bare: Server
    zhike: Server
    rounds: int
    requests: int

    def headers(self, token: str) -> dict[str, str]:
        """What a signed-in browser sends, the cookie of its pages included."""
        headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"}
        connection = http.client.HTTPConnection("127.0.0.1", self.zhike.port)
        connection.request("GET", self.list_path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        kept = (answer.getheader("Set-Cookie") or "").split(";")[0]
        return {**headers, "Cookie": "; ".join(x for x in (headers["Cookie"], kept) if x)}

    @property
    def list_path(self) -> str:
        """The list of customers."""
        return f"/p/sales_floor/floor/{self.house.unit}/customers"

    def pairs(self, clients: int, mine: Ask, theirs: Ask) -> list[tuple[Times, Times]]:
        """Rounds of (Zhike, bare), one after the other, so that both meet the same machine."""
        found = []
        for _ in range(self.rounds):
            found.append(
                (
                    drive(self.zhike.port, clients, self.requests, mine),
                    drive(self.bare.port, clients, self.requests, theirs),
                )
            )
        for pair in found:
            if pair[0].refused or pair[1].refused:
                raise RuntimeError(f"refused: {pair[0].refused} and {pair[1].refused}")
        return found


def cookie_name(site: Site) -> str:
    """The session cookie's name, as the application has it."""
    from zhike.web.app import create_app
    from zhike.web.cookies import token_name

    return token_name(create_app(site))


@contextmanager
def staged(house: House, bare_db: Path, rounds: int, requests: int) -> Iterator[Stage]:
    """Both servers with two workers of four threads each."""
    mine, theirs = free_port(), free_port()
    env = zhike_env(house.home, mine)
    with (
        serving(
            gunicorn("benchmarks.bare:create_app()", theirs), {"BENCH_DB": str(bare_db)}, theirs
        ) as b,
        serving([str(Path(".venv/bin/zhike")), "run"], env, mine) as z,
    ):
        yield Stage(house, bare_db, b, z, rounds, requests)


def zhike_env(home: Path, port: int) -> dict[str, str]:
    """The environment of the measured site."""
    return {
        "ZHIKE_HOME": str(home),
        "ZHIKE_PORT": str(port),
        "ZHIKE_HOST": "127.0.0.1",
        "ZHIKE_PROCESSES": "2",
        "ZHIKE_THREADS": "4",
    }


def _median(values: list[float]) -> float:
    return statistics.median(values)


def lists(stage: Stage) -> list[Figure]:
    """Goals 1 to 3: the list page, filtered by permission, and in the middle."""
    house = stage.house
    first = get(stage.list_path, stage.headers(house.admin))
    for port, ask in ((stage.zhike.port, first), (stage.bare.port, get("/customers"))):
        drive(port, 8, 80, ask)  # every thread has been asked once; starting is goal 10
    found = stage.pairs(8, first, get("/customers"))
    figures = [
        Figure("1", "list page, 8 clients: p95 against bare",
               _median([z.quantile(0.95) / b.quantile(0.95) for z, b in found]), 3.0, 2.0),
        Figure("1", "list page, 8 clients: rate against bare",
               _median([z.rate / b.rate for z, b in found]), 0.3, 0.5, more=True),
    ]  # fmt: skip
    plain = _median([z.quantile(0.95) for z, _ in found])
    for label, token in (("own customers", house.own_only), ("nothing", house.nobody)):
        ask = get(stage.list_path, stage.headers(token))
        times = [drive(stage.zhike.port, 8, stage.requests, ask) for _ in range(stage.rounds)]
        value = _median([t.quantile(0.95) for t in times]) / plain
        figures.append(Figure("2", f"list of who sees {label}: p95 against all", value, 1.5, 1.2))
    middle = f"{stage.list_path}?{urlencode({'after': _cursor(stage)})}"
    times = [
        drive(stage.zhike.port, 8, stage.requests, get(middle, stage.headers(house.admin)))
        for _ in range(stage.rounds)
    ]
    value = _median([t.quantile(0.95) for t in times]) / plain
    figures.append(Figure("3", "page in the middle against the first: p95", value, 1.3, 1.1))
    return figures


def _cursor(stage: Stage) -> str:
    """The cursor of a page in the middle: the list's own, with another row's id."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.zhike.port)
    connection.request("GET", stage.list_path, headers=stage.headers(stage.house.admin))
    page = connection.getresponse().read().decode()
    connection.close()
    found = re.search(r"after=([0-9a-f-]{32,36})", page)
    return stage.house.middle if found else ""


class Desk:
    """A browser at the desk: holds the page's token beside the cookies of ``headers``."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        if token is None:
            raise RuntimeError(f"no form at {path}: {answer.status}")
        self.path, self.token = path, token.group(1)
        self.headers = {**headers, "Content-Type": "application/x-www-form-urlencoded"}

    def send(self, connection: http.client.HTTPConnection, values: Mapping[str, Any]) -> bool:
        """Send the form once; True for the redirect of success."""
        body = urlencode({"csrf_token": self.token, "idempotency_key": uuid.uuid4().hex, **values})
        connection.request("POST", self.path, body, self.headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status in (302, 303)


def arrivals(stage: Stage) -> list[Figure]:
    """Goal 6: an arrival over HTTP (decision, record, ledger, event) against a bare insert."""
    path = f"/p/sales_floor/floor/{stage.house.unit}/arrive"
    desk = Desk(stage.zhike.port, path, stage.headers(stage.house.admin))

    def arrive(connection: http.client.HTTPConnection, number: int) -> bool:
        return desk.send(connection, {**ARRIVAL, "who": f"访客{uuid.uuid4().hex[:8]}"})

    def insert(connection: http.client.HTTPConnection, number: int) -> bool:
        connection.request(
            "POST", "/visits", urlencode({"name": f"访客{number}"}),
            {"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        answer = connection.getresponse()
        answer.read()
        return answer.status == 302

    figures = []
    for clients in (1, 8):
        ratios = []
        for _ in range(stage.rounds):
            mine = drive(stage.zhike.port, clients, 40, arrive)
            theirs = drive(stage.bare.port, clients, 40, insert)
            if mine.refused or theirs.refused:
                raise RuntimeError(f"refused: {mine.refused} and {theirs.refused}")
            ratios.append(mine.rate / theirs.rate)
            _free_everybody(stage.house)
        name = f"arrival, {clients} client{'s' if clients > 1 else ''}: rate against a bare insert"
        figures.append(Figure("6", name, _median(ratios), 0.3, 0.5, more=True))
    return figures


def _free_everybody(house: House) -> None:
    """End all receptions, so that the next round meets the same floor."""
    from sqlalchemy import select

    from zhike_sales_floor.models import Visit
    from zhike_sales_floor.services import floor

    site = Site.open(Config(home=house.home))
    with site.reader(house.company) as s:
        open_ones = s.scalars(select(Visit.id).where(Visit.state == "reception")).all()
    for visit_id in open_ones:
        with site.transaction(house.company) as s:
            floor.end_visit(s, visit_id, result="considering")
    site.close()


def statements(house: House) -> list[Figure]:
    """Goal 5: statements a list page and an arrival send to the database."""
    from zhike.testing.sites import counting
    from zhike.web.app import create_app

    site = Site.open(Config(home=house.home))
    app = create_app(site)
    client = app.test_client()
    client.set_cookie(COOKIE, house.admin)
    path = f"/p/sales_floor/floor/{house.unit}/customers"
    client.get(path)
    with counting(site) as page:
        assert client.get(path).status_code == 200
    form = f"/p/sales_floor/floor/{house.unit}/arrive"
    text = client.get(form).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text)
    assert token
    counts = []
    for _ in range(3):
        with counting(site) as act:
            client.post(
                form,
                data={
                    "csrf_token": token.group(1),
                    "idempotency_key": uuid.uuid4().hex,
                    **ARRIVAL,
                    "who": f"统计{uuid.uuid4().hex[:8]}",
                },
            )
        counts.append(act.count)
    site.close()
    _free_everybody(house)
    return [
        Figure("5", "statements a list page", page.count, 6, 3, unit=""),
        Figure("5", "statements an arrival (with sign-in, decision, ledger, event)",
               min(counts), 14, 10, unit=""),
    ]  # fmt: skip


def engine(rounds: int = 300) -> list[Figure]:
    """Goal 7: one decision of the pure engine, 50 reps, in a day that has 300 events."""
    from zhike.rules.params import load_preset
    from zhike_sales_floor import rules

    folder = Path(rules.__file__).parent.parent / "policies"
    policy = load_preset(folder / "p12.toml").policy()
    reps = [f"R{n:02d}" for n in range(50)]
    state = rules.ENGINE.start({"ring": reps, "date": "2026-05-08"}, policy)
    took: list[float] = []
    in_hand: list[str] = []
    for number in range(rounds):
        at = f"2026-05-08T09:{number // 60:02d}:{number % 60:02d}"
        event = {"verb": "arrive", "at": at, "visitor": f"n{number}"}
        begun = time.perf_counter()
        step = rules.ENGINE.handle(state, event)
        took.append(time.perf_counter() - begun)
        state = step.state
        in_hand.append(str(step.outcome.get("assigned", "")))
        if len(in_hand) > 30:
            rep = in_hand.pop(0)
            state = rules.ENGINE.handle(state, {"verb": "free", "at": at, "rep": rep}).state
    return [
        Figure("7", "one decision, 50 reps, 300 events: median", 1000 * _median(took), 1.0, 0.1,
               unit="ms"),
    ]  # fmt: skip


def starting(house: House, bare_db: Path, rounds: int) -> list[Figure]:
    """Goal 10: from the command to the first list, signed in, against bare."""
    ratios = []
    for _ in range(rounds + 1):
        port = free_port()
        command = [str(Path(".venv/bin/zhike")), "run"]
        mine = _first_page(
            command, zhike_env(house.home, port), port,
            f"/p/sales_floor/floor/{house.unit}/customers",
            {"Cookie": f"{COOKIE}={house.admin}"},
        )  # fmt: skip
        port = free_port()
        theirs = _first_page(
            gunicorn("benchmarks.bare:create_app()", port), {"BENCH_DB": str(bare_db)}, port,
            "/customers", {},
        )  # fmt: skip
        ratios.append(mine / theirs)
    del ratios[0]  # which had to compile
    name = "cold start to the list, signed in, against bare"
    return [Figure("10", name, _median(ratios), 1.8, 1.3)]


def _first_page(
    command: list[str], env: Mapping[str, str], port: int, path: str, headers: Mapping[str, str]
) -> float:
    begun = time.perf_counter()
    with serving(command, env, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        took = time.perf_counter() - begun
        connection.close()
    return took


def memory(stage: Stage) -> list[Figure]:
    """Goal 11: the largest process after the load, against bare; the job worker beside it."""
    bare_size = stage.bare.largest()
    return [
        Figure("11", "largest web process after the load, against bare",
               stage.zhike.largest() / bare_size, 1.8, 1.4),
        Figure("11", "job worker (bare has none), against bare",
               stage.zhike.largest(background=True) / bare_size, None, None),
    ]  # fmt: skip


def switching(stage: Stage) -> list[Figure]:
    """Goal 9: switch the plugin off and on while clients read; how long, how many failed."""
    headers = stage.headers(stage.house.admin)
    page = "/admin/apps/sales_floor"
    path = stage.list_path
    took, failed = [], 0
    for _ in range(stage.rounds):
        for verb in ("disable", "enable"):
            desk = Desk(stage.zhike.port, page, headers)
            desk.path = f"{page}/{verb}"
            connection = http.client.HTTPConnection("127.0.0.1", stage.zhike.port, timeout=30)
            begun = time.perf_counter()
            if not desk.send(connection, {}):
                raise RuntimeError(f"{verb} was refused")
            wanted = 200 if verb == "enable" else 404
            for _n in range(12):  # enough to meet every worker
                other = http.client.HTTPConnection("127.0.0.1", stage.zhike.port, timeout=30)
                other.request("GET", path, headers=headers)
                answer = other.getresponse()
                answer.read()
                failed += answer.status != wanted
                other.close()
                if _n == 0 and verb == "enable":
                    took.append(time.perf_counter() - begun)
            connection.close()
    return [
        Figure("9", "switching a plugin on, to the first page of it", _median(took), 1.0, 0.25,
               unit="s"),
        Figure("9", "answers with the old state after the switch", failed, 0, 0, unit=""),
    ]  # fmt: skip


PLUGIN = """
from zhike.manifest import Plugin

plugin = Plugin(name="{name}", title="Idle {name}", version="1.0.0")
"""
HOOKS = """
from zhike.hookspecs import hookimpl
from zhike.contributions import Listener, Permission


@hookimpl
def register_permissions():
    return [Permission(name="{name}.see", title="See")]


@hookimpl
def register_listeners():
    event = "sales_floor.visit_assigned"
    return [Listener(name="{name}.hear", event=event, handle=lambda s, e: None)]
"""


def idle_plugins(house: House, rounds: int, requests: int, number: int = 50) -> list[Figure]:
    """Goal 14: the list page with fifty idle plugins against none, p95."""
    from sqlalchemy import delete

    from zhike.models.plugin import Process
    from zhike.services import lifecycle

    folder = house.home.parent / "idle"
    names = [f"idle_{n:02d}" for n in range(number)]
    for name in names:
        package = folder / name
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(PLUGIN.format(name=name))
        (package / "hooks.py").write_text(HOOKS.format(name=name))
    site = Site.open(Config(home=house.home, plugin_path=(folder,)))
    with site.system() as system:
        system.execute(delete(Process))  # of the servers just stopped: nobody runs now
    for name in names:
        lifecycle.install(site, name)
    with site.transaction(house.company) as s:
        for name in names:
            lifecycle.enable(s, name)
    site.close()
    ask = get(
        f"/p/sales_floor/floor/{house.unit}/customers",
        {"Cookie": f"{COOKIE}={house.admin}"},
    )
    ratios = []
    for _ in range(rounds):
        times = []
        for extra in ({"ZHIKE_PLUGIN_PATH": str(folder)}, {}):
            port = free_port()
            command = [str(Path(".venv/bin/zhike")), "run"]
            with serving(command, {**zhike_env(house.home, port), **extra}, port):
                drive(port, 8, 80, ask)
                times.append(drive(port, 8, requests, ask).quantile(0.95))
        ratios.append(times[0] / times[1])
    return [Figure("14", f"list page with {number} idle plugins against none: p95",
                   _median(ratios), 1.15, 1.05)]  # fmt: skip


def month_replayed(rounds: int) -> list[Figure]:
    """A month of a busy site under another regulation, by the pure engine."""
    from benchmarks import month

    took, events = month.seconds(rounds)
    name = f"a month replayed: 30 reps, 3,000 visits, {events} events"
    return [Figure("R", name, took, 2.0, 2.0, "s")]


def show(figures: list[Figure]) -> str:
    """The figures as a table."""
    lines = [f"{'goal':>4}  {'figure':<72} {'value':>9} {'must':>6} {'moon':>6}"]
    for f in figures:
        bars = ["" if bar is None else f"{bar:g}" for bar in (f.must, f.moon)]
        value = f"{f.value:.3g} {f.unit}".strip()
        lines.append(f"{f.goal:>4}  {f.name:<72} {value:>9} {bars[0]:>6} {bars[1]:>6}  {f.verdict}")
    return "\n".join(lines)


def dump(figures: list[Figure]) -> str:
    """The figures for a script."""
    return json.dumps([{**f.__dict__, "verdict": f.verdict} for f in figures], ensure_ascii=False)


def fill_bare(path: Path, rows: int) -> None:
    """The baseline's rows."""
    bare.fill(str(path), rows)
