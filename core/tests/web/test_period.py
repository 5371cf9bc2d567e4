"""Periods of reports as addresses have them."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from zhike.errors import UserError
from zhike.web.period import SPANS, Period, asked_period

TODAY = date(2026, 5, 6)  # a Wednesday
DAYS = st.dates(date(1995, 1, 1), date(2150, 1, 1))


@pytest.mark.parametrize(
    ("args", "span", "since", "until"),
    [
        ({}, "month", "2026-05-01", "2026-05-31"),
        ({"span": "week"}, "week", "2026-05-04", "2026-05-10"),
        ({"span": "day", "on": "2026-04-30"}, "day", "2026-04-30", "2026-04-30"),
        ({"span": "year"}, "month", "2026-05-01", "2026-05-31"),
        ({"since": "2026-04-01", "until": "2026-04-03"}, "custom", "2026-04-01", "2026-04-03"),
        ({"until": "2026-04-30"}, "custom", "2026-04-01", "2026-04-30"),
    ],
)
def test_an_address_is_read(args, span, since, until):
    period = asked_period(args, TODAY)
    assert (period.span, str(period.since), str(period.until)) == (span, since, until)
    assert asked_period(period.args, TODAY) == period, "its own address leads back to it"


@pytest.mark.parametrize(
    "args",
    [
        {"since": "soon"},
        {"since": "2026-05-02", "until": "2026-05-01"},
        {"since": "2000-01-01", "until": "2026-01-01"},
        {"span": "month", "on": "2026-13-01"},
        {"span": "day", "on": "0001-01-01"},
        {"span": "day", "on": "9999-12-31"},
    ],
)
def test_nonsense_is_refused_in_words(args):
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context(), pytest.raises(UserError) as refused:
        asked_period(args, TODAY)
    assert refused.value.status == 400


@given(st.sampled_from(SPANS), DAYS)
def test_periods_follow_one_another_without_gap(span, on):
    period = Period.around(span, on)
    assert period.since <= on <= period.until
    assert (period.since - period.previous().until).days == 1
    assert period.following().previous() == period
    assert len(period.dates) == period.days


@given(DAYS, st.integers(0, 400))
def test_any_two_dates_step_by_their_own_length(since, length):
    until = date.fromordinal(since.toordinal() + length)
    period = Period("custom", since, until)
    assert period.previous().days == period.days
    assert period.following().previous() == period
