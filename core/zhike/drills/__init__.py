"""Drills 演练: events replayed under a policy, outcomes compared with what is expected.

A drill is one YAML or JSON document::

    id: SF/WE-01
    title: An old customer does not cost the turn
    plugin: sales_floor
    policy: P12                       # or {preset: P12, overrides: {rotation.owed_cap: none}}
    given: {date: 2024-05-08, ring: A>B>C>D, customers: {oC: {owner: C, last_contact: 3 days ago}}}
    events:
      - {at: "09:00", arrive: n1, expect: {assigned: A (turn), ring: B>C>D>A}}
    expect: {credit: {n1: {A: 100}}}

A drill with a policy *pins* it; one without runs under the version at hand. A file may hold several
documents, and a document ``variants`` that share its beginning. :func:`load` reads, :func:`faults`
says which words nobody knows, :func:`run` plays, :func:`render_text` and :meth:`Report.to_json`
show; :func:`schema` is the JSON Schema.
"""

from zhike.drills.check import Fault, faults
from zhike.drills.load import Drill, DrillError, load, load_bytes, load_text, parse
from zhike.drills.render import render_text, tally
from zhike.drills.run import Difference, EventReport, Report, run
from zhike.drills.schema import schema

__all__ = [
    "Difference",
    "Drill",
    "DrillError",
    "EventReport",
    "Fault",
    "Report",
    "faults",
    "load",
    "load_bytes",
    "load_text",
    "parse",
    "render_text",
    "run",
    "schema",
    "tally",
]
