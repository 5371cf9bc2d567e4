"""The pure engine of the sales floor 售楼现场轮见: whose turn, customer and credit, and why.

``ENGINE`` (a :class:`SalesFloor`) is used alike by drills, pages and API::

    state = ENGINE.start(given, policy)                  # a drill's initial facts
    state = State.from_json(snapshot, policy)            # or a live site's floor snapshot
    while missing := ENGINE.needs(event, state):         # ids of customers not loaded yet; repeat,
        state = state.with_customers(load(missing))      # since facts name further customers
    step = ENGINE.handle(state, event)
    store(step.state.floor, [step.state.customers[c] for c in step.changed], step.decisions)
    state = step.state.without_customers()

*State* is ``floor`` + ``customers`` + ``policy`` (:mod:`.state`). ``state.to_json()`` and
``State.from_json(data, policy)`` are exact inverses; the policy is handed in, it is not stored.
``to_json(step.state.floor)`` and ``to_json(customer)`` (from :mod:`zhike.rules`) give the parts.
A customer that was asked for and does not exist is passed as its id alone and is simply new. Ids of
reps, customers, visits and deals are opaque text. Without ``visit`` in an arrival the engine
numbers visits ``v1``, ``v2`` …; without ``deal`` a closing numbers the customer's deals
``<customer>/1`` ….

*Events* are mappings with ``at`` (the site's local time ``YYYY-MM-DDTHH:MM[:SS]``, with or without
an offset, the same through one history; events are handled in order of recording), a verb, and its
fields: ``{"at": …, "event": "arrive", "customers": ["n1"]}`` or shorter ``{"at": …, "arrive":
"n1"}``. Verbs and fields, each with explanation and example, are the table in :mod:`.vocabulary`
(canonical names; ``ENGINE.schema()`` is made from it):

    arrive · sign_in · sign_out · out · absent · back · reclass · end · void · hand_over ·
    take_over · confirm_fault · help · call_owner · answer · flag · contact · relation · ruling ·
    quarrel · close (step small_reservation|subscription|contract|full_payment) · cancel ·
    commission_paid · visitor_leaves · assign · day_close · day_open · event_mode · leave ·
    reassign · tick

``handle`` raises :class:`zhike.rules.EventInvalid` for what is not in the vocabulary and
:class:`zhike.rules.EventRefused` (``.code``) for what the rules or the state forbid; the state
given stays good. Calls that ran out are settled, dated at their due instant, before the event
itself.

*Outcome* of a step, plain JSON; keys that say nothing are absent:

    verb, at       as handled
    visit          id of the visit the event is about
    status         of that visit: in_reception, waiting, calling_owner, ended, voided, handed_over,
                   taken_over, left_unserved
    assigned       the rep the rules assigned (of the event's own visit, else of the first visit
                   served in this step); None while nobody is
    received_by    who really sits with the visitor, if another (poach, wrong turn)
    flag           poach or wrong_turn, where that was reported of received_by
    rightful       whose visitor it is by the rules
    from           who sat with the visitor and handed him to the assigned rep
    owner          current owner of the event's customer after the step
    helpers        who helped with that visit so far
    via, kind      turn | ticket | uncounted;  new | old | lapsed | referral | named | assisted |
                   non_buying | event
    assignments    every assignment of the step in order:
                   [{visit, customers, rep, from?, received_by?, flag?, rightful?, via, kind,
                   status}]
    earlier        the same for time-outs settled before the event
    calling        the rep being asked, with ``due``
    passes         [{rep, effect: comp|capped|miss|none|skipped, rule, visit}], whom the pointer
                   passed, and for whose sake
    issued, used, dropped   tickets of this step as ``A(c)``, ``A(r)``
    ring           rep ids from the pointer;  tickets: FIFO, ``A(c)`` comp, ``A(r)`` refund
    states         {rep: state} of all reps;  on_deck: the next free rep;  next_up: display order
    waiting        customers in the queue, in order
    owners         {customer: rep or None} for customers whose owner changed
    deal, credit   {"performance": {rep: bp}, "commission": {rep: bp}} of the deal closed here,
                   each summing to 10 000; ``pending: true`` where a ruling is needed
    deals          {deal: credit} for every deal computed or corrected here; reversed: [deal]
    counted        contact: whether it restarted the clock
    result, seed   leave, reassign: who got whom
    ignored        why a harmless event changed nothing
    rules          rule ids cited, sorted

*Decisions*: ``kind`` is assignment, waiting, call, end, void, hand_over, take_over, help, flag,
absence, duty, ticket, contact, relation, ruling, credit, reversal, reassignment, day, event_mode;
``subject`` the visit, deal, rep or customer; ``cites`` every rule with the facts it used.
``ENGINE.explain(decision, policy, names)`` gives the sentences behind 为什么?.
"""

from zhike_sales_floor.rules.engine import SalesFloor
from zhike_sales_floor.rules.state import State

ENGINE = SalesFloor()
"""The one instance: the engine keeps nothing between calls."""

__all__ = ["ENGINE", "SalesFloor", "State"]
