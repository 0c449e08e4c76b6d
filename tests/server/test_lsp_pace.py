"""A burst of edits is waited out, a single edit never is; the clock is the test's own."""

from __future__ import annotations

import pytest

from djguide_server.lsp.pace import FAST, Pace

TAKES = 0.015


@pytest.fixture
def pace() -> Pace:
    """After an edit at 10 s that was checked at once."""
    pace = Pace()
    pace.edited(10.0)
    assert pace.pause(10.0) == 0
    pace.checked(10.0 + TAKES, TAKES)
    return pace


def test_an_edit_after_a_rest_is_checked_at_once(pace: Pace) -> None:
    pace.edited(11.0)
    assert pace.pause(11.0) == 0


def test_edits_that_leave_time_are_checked_at_once(pace: Pace) -> None:
    pace.edited(10.031)
    assert pace.pause(10.031) == 0


def test_a_burst_is_waited_out_a_little_longer_than_its_rhythm(pace: Pace) -> None:
    pace.edited(10.02)
    assert pace.pause(10.02) == pytest.approx(0.024)
    pace.edited(10.04)
    assert pace.pause(10.05) == pytest.approx(0.014)
    assert pace.pause(10.07) == 0


def test_a_long_burst_is_checked_now_and_then(pace: Pace) -> None:
    now, checks = 10.0, 0
    while now < 14.0:
        now += 0.02
        pace.edited(now)
        if pace.pause(now) == 0:
            checks += 1
            pace.checked(now, TAKES)
    assert 5 < checks < 20


def test_people_who_type_see_findings_however_long_a_check_takes(pace: Pace) -> None:
    pace.checked(10.05, 3.0)
    pace.edited(10.0 + FAST)
    assert pace.pause(10.0 + FAST) == 0
