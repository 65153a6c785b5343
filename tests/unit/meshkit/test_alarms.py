"""Alarms to the second."""

from __future__ import annotations

from meshkit.alarms import Alarms


def test_an_alarm_rings_once_after_its_time_and_not_when_it_is_off() -> None:
    alarms: Alarms[str] = Alarms(10.5)
    for thing, at_s in (("past", 3.0), ("soon", 11.9), ("off", 11.9), ("late", 12), ("late", 20.0)):
        alarms.set(thing, at_s)
    alarms.off("off")
    alarms.off("off")
    assert set(alarms.ring(11.95)) == {"past"}
    assert set(alarms.ring(12.0)) == {"soon"}
    assert alarms.set("soon", 12.5) == alarms.next_s == 13
    assert set(alarms.ring(19.0)) == {"soon"}
    assert set(alarms.ring(100.0)) == {"late"}
    assert (len(alarms), alarms.next_s) == (0, None)


def test_what_is_set_again_while_it_rings_rings_later() -> None:
    alarms: Alarms[str] = Alarms(0)
    alarms.set("thing", 1)
    for thing in alarms.ring(10):
        assert alarms.set(thing, 1) == 11
    assert list(alarms.ring(10.9)) == []
    assert list(alarms.ring(11)) == ["thing"]


def test_one_that_was_turned_off_while_others_ring_is_silent() -> None:
    alarms: Alarms[str] = Alarms(0)
    alarms.set("first", 1)
    alarms.set("second", 2)
    ringing = alarms.ring(10)
    assert next(ringing) == "first"
    alarms.off("second")
    assert list(ringing) == []
