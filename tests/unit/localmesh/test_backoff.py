"""The waits between the starts of one process."""

from __future__ import annotations

from localmesh.specs import RestartPolicy
from localmesh.supervised import Backoff

POLICY = RestartPolicy(first_s=1.0, factor=2.0, longest_s=5.0, stable_after_s=10.0)


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(POLICY)
    assert [backoff.after_exit(0) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_stable_run_begins_again_at_the_first_wait() -> None:
    backoff = Backoff(POLICY)
    waits = [backoff.after_exit(ready_for_s) for ready_for_s in (0, 0, 10.0, 0)]
    assert waits == [1.0, 2.0, 1.0, 2.0]


def test_a_run_that_was_ready_but_short_keeps_the_count() -> None:
    backoff = Backoff(POLICY)
    waits = [backoff.after_exit(ready_for_s) for ready_for_s in (0, 9.9, 9.9)]
    assert waits == [1.0, 2.0, 4.0]


def test_years_of_failures_do_not_overflow() -> None:
    backoff = Backoff(POLICY)
    assert {backoff.after_exit(0) for _ in range(5000)} == {1.0, 2.0, 4.0, 5.0}
