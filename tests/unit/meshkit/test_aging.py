"""A cache whose entries age."""

from __future__ import annotations

from meshkit.aging import AgingCache


def test_a_value_is_answered_until_it_is_too_old() -> None:
    clock = [100.0]
    cache = AgingCache[str, str](10, 60.0, lambda: clock[0])
    cache.keep("a", "A", 100.0)
    cache.keep("b", "B", 90.0)
    clock[0] = 149.999
    assert cache.find(["a", "b", "c", "c"]) == ({"a": "A", "b": "B"}, ["c"])
    clock[0] = 150.0
    assert cache.find(["b", "a"]) == ({"a": "A"}, ["b"])
    clock[0] = 160.0
    assert cache.find(["a", "b"]) == ({}, ["a", "b"])


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = AgingCache[str, int](2, 60.0, lambda: 0.0)
    cache.keep("a", 1, 0.0)
    cache.keep("b", 2, 0.0)
    cache.find(["a"])
    cache.keep("c", 3, 0.0)
    assert cache.find(["a", "b", "c"]) == ({"a": 1, "c": 3}, ["b"])
    assert len(cache) == 2


def test_a_value_can_be_kept_anew_and_dropped() -> None:
    cache = AgingCache[str, int](2, 60.0, lambda: 0.0)
    cache.keep("a", 1, 0.0)
    cache.keep("a", 2, 0.0)
    assert (cache.find(["a"]), len(cache)) == (({"a": 2}, []), 1)
    cache.drop("a")
    cache.drop("a")
    assert cache.find(["a"]) == ({}, ["a"])


def test_values_weigh_no_more_than_the_size_together() -> None:
    cache = AgingCache[str, int](10, 60.0, lambda: 0.0)
    cache.keep("a", 1, 0.0, weight=4)
    cache.keep("b", 2, 0.0, weight=6)
    cache.keep("a", 3, 0.0, weight=5)
    assert (cache.get("a"), cache.get("b")) == (3, None)
    cache.keep("c", 4, 0.0, weight=5)
    assert (cache.get("a"), cache.get("c")) == (3, 4)
