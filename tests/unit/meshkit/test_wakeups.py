"""Who waits for a thing is woken by its changes alone."""

from __future__ import annotations

from meshkit.wakeups import Wakeups


def test_only_those_who_wait_for_what_changed_are_woken() -> None:
    wakeups = Wakeups[str]()
    with wakeups.waiting("a") as one, wakeups.waiting("a") as two, wakeups.waiting("b") as other:
        wakeups.wake("a")
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)


def test_who_waits_no_longer_is_not_woken() -> None:
    wakeups = Wakeups[str]()
    with wakeups.waiting("a") as first, wakeups.waiting("a") as still:
        pass
    wakeups.wake("a")
    assert not first.is_set()
    assert not still.is_set()


def test_all_are_woken_where_changes_may_have_been_missed() -> None:
    wakeups = Wakeups[str]()
    with wakeups.waiting("a") as one, wakeups.waiting("b") as other:
        wakeups.wake_all()
        assert one.is_set()
        assert other.is_set()
