"""What acme_hello contributes."""

from __future__ import annotations

from typing import Any

from zhike.api import ApiResource, DashboardCard, MenuItem, Permission, SearchProvider, hookimpl


@hookimpl
def register_permissions() -> list[Permission]:
    return [
        Permission(name="acme_hello.view", title="View"),
        Permission(name="acme_hello.edit", title="Edit", implies=("acme_hello.view",)),
    ]


@hookimpl
def register_blueprints() -> list[Any]:
    from zhike_local.acme_hello.views import bp

    return [bp]


@hookimpl
def register_menu() -> list[MenuItem]:
    def fails(me: Any) -> int:
        raise RuntimeError("the badge of acme_hello is broken")

    return [
        MenuItem(
            name="acme_hello.home",
            title="Hello there",
            endpoint="acme_hello.home",
            permission="acme_hello.view",
            badge=fails,
        ),
        MenuItem(
            name="acme_hello.editing",
            title="Hello editors",
            endpoint="acme_hello.editing",
            permission="acme_hello.edit",
            badge=lambda me: 7,
        ),
    ]


@hookimpl
def register_cards() -> list[DashboardCard]:
    def breaks(me: Any) -> str:
        raise RuntimeError("a secret of the card")

    return [
        DashboardCard(
            name="acme_hello.good",
            title="Good card",
            permission="acme_hello.view",
            render=lambda me: f"<b>{me.company.slug}</b>",
        ),
        DashboardCard(
            name="acme_hello.bad", title="Bad card", permission="acme_hello.view", render=breaks
        ),
    ]


@hookimpl
def register_search() -> list[SearchProvider]:
    def breaks(s: Any, principal: Any, text: str, limit: int) -> list[Any]:
        raise RuntimeError("a secret of the search")

    return [
        SearchProvider(
            name="acme_hello.all", title="All", permission="acme_hello.view", query=breaks
        )
    ]


@hookimpl
def register_api() -> list[ApiResource]:
    from zhike_local.acme_hello import views

    return [
        ApiResource(
            name="acme_hello.greet",
            method="POST",
            path="greet",
            view=views.greet,
            permission="acme_hello.edit",
            summary="Greet somebody",
            request=views.GreetIn,
            response=views.GreetOut,
            scope="write",
            status=201,
        ),
        ApiResource(
            name="acme_hello.greetings",
            method="GET",
            path="greetings",
            view=views.greetings,
            permission="acme_hello.view",
            summary="Greetings",
            request=views.GreetingsIn,
            response=views.GreetOut,
        ),
    ]
