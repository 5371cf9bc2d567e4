"""What the guestbook contributes; each function returns what a module beside it defines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zhike.api import (
    N_,
    DashboardCard,
    Engine,
    HealthCheck,
    Job,
    Listener,
    MenuItem,
    Permission,
    PluginBlueprint,
    PolicyPreset,
    RolePreset,
    SettingsSchema,
    SubjectData,
    hookimpl,
)

HERE = Path(__file__).parent


@hookimpl
def register_models() -> Sequence[str]:
    return ["acme_zhike_guestbook.models"]


@hookimpl
def register_permissions() -> Sequence[Permission]:
    return [
        Permission(name="acme_guestbook.read", title=N_("Read the guestbook")),
        Permission(
            name="acme_guestbook.write",
            title=N_("Write into the guestbook"),
            implies=("acme_guestbook.read",),
        ),
    ]


@hookimpl
def register_roles() -> Sequence[RolePreset]:
    return [
        RolePreset(
            name="acme_guestbook.host",
            title=N_("Host"),
            permissions=("acme_guestbook.write",),
        )
    ]


@hookimpl
def register_settings() -> Sequence[SettingsSchema]:
    from acme_zhike_guestbook.settings import GuestbookSettings

    return [SettingsSchema(form=GuestbookSettings)]


@hookimpl
def register_listeners() -> Sequence[Listener]:
    from acme_zhike_guestbook.jobs import count_visit

    return [
        Listener(
            name="acme_guestbook.count_visit",
            event="sales_floor.visit_assigned",
            handle=count_visit,
        )
    ]


@hookimpl
def register_jobs() -> Sequence[Job]:
    from acme_zhike_guestbook.jobs import tidy

    return [
        Job(
            name="acme_guestbook.tidy",
            title=N_("Remove old entries"),
            run=tidy,
            every_minutes=60,
        )
    ]


@hookimpl
def register_engines() -> Sequence[Engine]:
    def load() -> object:
        from acme_zhike_guestbook.rules.engine import Presents

        return Presents()

    return [Engine(name="acme_guestbook.presents", title=N_("Presents"), load=load)]


@hookimpl
def register_policies() -> Sequence[PolicyPreset]:
    return [
        PolicyPreset(
            name="acme_guestbook.HOUSE",
            title=N_("House custom"),
            engine="acme_guestbook.presents",
            path=HERE / "policies" / "house.toml",
            drills=(HERE / "policies" / "drills" / "AG-WE-01.yaml",),
        )
    ]


@hookimpl
def register_subject_data() -> Sequence[SubjectData]:
    from acme_zhike_guestbook import subject

    return [
        SubjectData(
            name="acme_guestbook.entries",
            title=N_("Guestbook entries"),
            columns=("acme_guestbook__entry.signed_by", "acme_guestbook__entry.words"),
            export=subject.export,
            erase=subject.erase,
        )
    ]


@hookimpl
def register_health_checks() -> Sequence[HealthCheck]:
    from acme_zhike_guestbook.jobs import look_after

    return [HealthCheck(name="acme_guestbook.health", title=N_("Guestbook"), check=look_after)]


@hookimpl
def register_blueprints() -> Sequence[PluginBlueprint]:
    from acme_zhike_guestbook.views import bp

    return [bp]


@hookimpl
def register_menu() -> Sequence[MenuItem]:
    return [
        MenuItem(
            name="acme_guestbook.book",
            title=N_("Guestbook"),
            endpoint="acme_guestbook.book",
            permission="acme_guestbook.read",
            section="customers",
            icon="journal-text",
        )
    ]


@hookimpl
def register_cards() -> Sequence[DashboardCard]:
    from acme_zhike_guestbook.views import card

    return [
        DashboardCard(
            name="acme_guestbook.latest",
            title=N_("Latest entries"),
            permission="acme_guestbook.read",
            render=card,
        )
    ]
