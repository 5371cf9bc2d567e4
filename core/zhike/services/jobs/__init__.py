"""Background work: deadlines, jobs, requests, and the worker that looks after them.

Truth is in rows: business code writes a deadline or an outbox event in its own transaction, and
the worker finds it. A lease row decides who runs what, so any number of workers may look at once
and each thing happens once; what a worker had in hand when it died is found and counts as failed.
"""

from zhike.services.jobs.deadlines import cancel, schedule, sweep
from zhike.services.jobs.requests import ask, request_state
from zhike.services.jobs.worker import run_worker, tick

__all__ = ["ask", "cancel", "request_state", "run_worker", "schedule", "sweep", "tick"]
