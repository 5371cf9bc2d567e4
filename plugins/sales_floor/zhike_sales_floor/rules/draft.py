"""A working copy of the state while one event is handled; it collects the answers too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from zhike.rules import Cite, Decision, EventInvalid, EventRefused, Policy
from zhike_sales_floor.rules.borrowing import cited_as
from zhike_sales_floor.rules.state import (
    AVAILABLE,
    DEPARTMENT,
    LEFT,
    WITH_VISITOR,
    Customer,
    EventMode,
    Rep,
    SetByHand,
    State,
    Tally,
    Ticket,
    Visit,
    VisitNote,
)
from zhike_sales_floor.rules.words import REFUSALS

Json = dict[str, Any]


class Draft:
    """The floor and customers being changed by one event. Nothing leaks out before ``finish``."""

    def __init__(self, state: State, at: str) -> None:
        floor = state.floor
        self.base = state
        self.policy: Policy = state.policy
        self.at = at
        self.ring = floor.ring
        self.roster = floor.roster
        self.reps: dict[str, Rep] = dict(floor.reps)
        self.tickets: tuple[Ticket, ...] = floor.tickets
        self.visits: dict[str, Visit] = dict(floor.visits)
        self.queue: tuple[str, ...] = floor.queue
        self.day = floor.day
        self.now = floor.now
        self.open = floor.open
        self.seq = floor.seq + 1
        self.visit_seq = floor.visit_seq
        self.counted_today = floor.counted_today
        self.event_mode: EventMode | None = floor.event_mode
        self.tally: Tally = floor.tally
        self.follow_up = floor.follow_up
        self.by_hand: SetByHand | None = floor.by_hand
        self.customers: dict[str, Customer] = {}
        self.outcome: Json = {}
        self.decisions: list[Decision] = []
        self.assignments: list[Json] = []
        self.passes: list[Json] = []
        self.issued: list[str] = []
        self.used: list[str] = []
        self.dropped: list[str] = []
        self.owners: dict[str, str | None] = {}
        self.cites: list[Cite] = []

    # --- parameters -----------------------------------------------------------------------------
    def param(self, key: str) -> Any:
        """A parameter of the policy in force, event-mode overrides applied."""
        mode = self.event_mode
        if mode is not None and key in mode.overrides:
            return mode.overrides[key]
        return self.policy.params.get(key)

    # --- facts ----------------------------------------------------------------------------------
    def rep(self, rep_id: str, field: str = "rep") -> Rep:
        """A rep of this site. EventInvalid for anybody else."""
        rep = self.reps.get(rep_id)
        if rep is None:
            raise EventInvalid(
                f"there is no rep {rep_id!r}", code="rep", field=field, allowed=self.ring[:20]
            )
        return rep

    def staying(self, rep_id: str, field: str = "rep") -> Rep:
        """A rep who has not left for good. EventRefused for one who has."""
        rep = self.rep(rep_id, field)
        if rep.state == LEFT:
            raise self.refuse("left", field, who=rep_id)
        return rep

    def is_free(self, rep_id: str) -> bool:
        """Whether the rep is on the floor and free."""
        rep = self.reps.get(rep_id)
        return rep is not None and rep.state == AVAILABLE

    def customer(self, customer_id: str) -> Customer:
        """The facts of a customer; somebody never heard of is simply new."""
        found = self.customers.get(customer_id) or self.base.customers.get(customer_id)
        return found if found is not None else Customer(customer_id)

    def put_customer(self, facts: Customer) -> None:
        """Write a customer's facts."""
        self.customers[facts.id] = facts

    def set_contact(self, customer_id: str, rep_id: str, at: str) -> None:
        """Restart the owner's contact clock, never backwards."""
        facts = self.customer(customer_id)
        if at > facts.contacts.get(rep_id, ""):
            self.put_customer(replace(facts, contacts={**facts.contacts, rep_id: at}))

    def note_visit(self, visit: Visit, **changes: Any) -> None:
        """Bring the note about a visit in each of its customers' facts up to date."""
        for customer_id in visit.customers:
            facts = self.customer(customer_id)
            notes = list(facts.visits)
            for place in range(len(notes) - 1, -1, -1):
                if notes[place].visit == visit.id:
                    notes[place] = replace(notes[place], **changes)
                    break
            else:
                party = visit.customers if len(visit.customers) > 1 else ()
                note = VisitNote(visit.id, visit.at, self.seq, batch=visit.batch, party=party)
                notes.append(replace(note, **changes))
            self.put_customer(replace(facts, visits=tuple(notes)))

    # --- reps and visits ------------------------------------------------------------------------
    def set_rep(self, rep: Rep) -> None:
        """Write a rep."""
        self.reps[rep.id] = rep

    def move(self, rep_id: str, state: str, visit: str = "") -> None:
        """Put a rep into another state, from now."""
        rep = self.reps[rep_id]
        self.reps[rep_id] = replace(rep, state=state, since=self.at, visit=visit, passed=0)

    def release(self, rep_id: str, visit_id: str) -> bool:
        """Free a rep who sits with this visit; False if the rep has meanwhile left the floor."""
        rep = self.reps.get(rep_id)
        if rep is None or rep.visit != visit_id or rep.state not in WITH_VISITOR:
            return False
        self.move(rep_id, AVAILABLE)
        return True

    def release_all(self, visit: Visit) -> None:
        """Free everybody who sits with this visit, helpers included."""
        for rep_id in dict.fromkeys((visit.rep, *visit.helpers)):
            if rep_id:
                self.release(rep_id, visit.id)

    def put_visit(self, visit: Visit) -> Visit:
        """Write an open visit."""
        self.visits[visit.id] = visit
        return visit

    def drop_visit(self, visit_id: str) -> None:
        """Take a visit off the floor: it is over."""
        self.visits.pop(visit_id, None)
        self.unqueue(visit_id)

    def unqueue(self, visit_id: str) -> None:
        """Take a visit out of the waiting queue."""
        if visit_id in self.queue:
            self.queue = tuple(waiting for waiting in self.queue if waiting != visit_id)

    # --- tickets --------------------------------------------------------------------------------
    def issue(self, rep_id: str, kind: str, rule: str, visit: str) -> None:
        """Issue a ticket to a rep, at the end of the queue."""
        number = self.tally.issued + 1
        self.tickets = (*self.tickets, Ticket(number, rep_id, kind, self.at, rule, visit))
        self.tally = replace(self.tally, issued=number)
        self.issued.append(f"{rep_id}({kind[0]})")

    def owed(self, rep_id: str) -> int:
        """How many unused comp tickets the rep holds; refunds do not count towards the cap."""
        return sum(1 for t in self.tickets if t.rep == rep_id and t.kind == "comp")

    def comp(self, rep_id: str, rule: str, visit: str) -> bool:
        """Issue a comp ticket unless the cap is reached."""
        cap = self.param("rotation.owed_cap")
        if cap is not None and self.owed(rep_id) >= cap:
            return False
        self.issue(rep_id, "comp", rule, visit)
        return True

    def use(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue: its turn is being used."""
        self.tickets = tuple(held for held in self.tickets if held.id != ticket.id)
        self.tally = replace(self.tally, used=self.tally.used + 1)
        self.used.append(f"{ticket.rep}({ticket.kind[0]})")

    def drop_tickets(self, gone: Iterable[Ticket]) -> None:
        """Delete tickets: expired, or their holder left."""
        ids = {ticket.id: ticket for ticket in gone}
        self.tickets = tuple(held for held in self.tickets if held.id not in ids)
        self.tally = replace(self.tally, dropped=self.tally.dropped + len(ids))
        self.dropped.extend(f"{t.rep}({t.kind[0]})" for t in ids.values())

    # --- answers --------------------------------------------------------------------------------
    def cite(self, rule: str, effect: str, **facts: Any) -> None:
        """Note a rule that bears on the decision being made."""
        self.cites.append(Cite(cited_as(self.policy.preset, rule, effect), effect, facts))

    def decide(self, kind: str, subject: str, outcome: Mapping[str, Any]) -> None:
        """Close the decision being made, with everything cited since the last one."""
        self.decisions.append(Decision(kind, subject, outcome, tuple(self.cites), self.at))
        self.cites = []

    def refuse(self, key: str, field: str = "", **facts: str) -> EventRefused:
        """The exception for an event the rules or the state forbid.

        ``key`` is a row of :data:`.words.REFUSALS`, its part before a dot the machine word; the
        message is its English sentence, :func:`.words.refusal` says it in other languages.
        """
        message = REFUSALS[key][1].format(**facts)
        code = key.partition(".")[0]
        return EventRefused(message, code=code, field=field, key=key, facts=facts)

    def known_holder(self, rep_id: str, field: str) -> None:
        """EventInvalid unless this is a rep (here or gone) or the department."""
        if rep_id != DEPARTMENT:
            self.rep(rep_id, field)

    def in_ring(self, rep_id: str) -> bool:
        """Whether the rep belongs to the floor (not gone for good)."""
        rep = self.reps.get(rep_id)
        return rep is not None and rep.state != LEFT
