"""What a route asks of whoever calls it: stated at the route, checked in one place.

No route is open by default and none is open to "anybody signed in" by default: each says in
writing what it needs, and the application refuses to start with one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Rule


@dataclass(frozen=True, slots=True)
class Access:
    """What a route needs; exactly one of the first four is given.

    permission  the name of a permission, asked in the company at hand; where the route has a part
                ``unit_id``, asked for that unit.
    own         any member of the company, about himself; the text says why no permission fits.
    signed_in   any account, even without a company; the text says why.
    public      nobody in particular; the text says why.
    system      looks after the whole site (system administrator), beside one of the above.
    or_system   beside a permission: a system administrator needs neither it nor a company.
    personal    the person's own secrets: shut, like all ``signed_in``, to whoever looks as him.
    while_viewing  open to whoever looks as somebody else, also to end that.
    polls       asked by itself again and again: does not count as activity of the person.
    """

    permission: str = ""
    own: str = ""
    signed_in: str = ""
    public: str = ""
    system: bool = False
    or_system: bool = False
    polls: bool = False
    personal: bool = False
    while_viewing: bool = False

    def __post_init__(self) -> None:
        given = [bool(x) for x in (self.permission, self.own, self.signed_in, self.public)]
        if sum(given) != 1:
            raise ValueError(
                "a route names one of: permission=, own=, signed_in=, public= (with the reason)"
            )

    @property
    def needs_company(self) -> bool:
        """Whether a company must have been chosen."""
        return bool(self.permission or self.own)


class GuardedRule(Rule):
    """A URL rule that carries its :class:`Access`; ``None`` is noticed when the site starts."""

    def __init__(self, string: str, *, access: Access | None = None, **options: Any) -> None:
        super().__init__(string, **options)
        self.access = access

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """The function that builds addresses, made when the first one is wanted.

        Werkzeug writes and compiles two of them for every rule, which is most of what a start of
        the application takes; most addresses are never built by most processes.
        """
        made: list[Callable[..., tuple[str, str]]] = []

        # The slash: an address may well have a part called "rule".
        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(super(GuardedRule, self)._compile_builder(append_unknown))
            return made[0](rule, **values)

        return build

    def get_empty_kwargs(self) -> dict[str, Any]:
        """As Werkzeug needs it for copies; the access goes along."""
        return {**super().get_empty_kwargs(), "access": self.access}
