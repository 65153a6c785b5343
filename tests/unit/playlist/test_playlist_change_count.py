"""Whether two contents are further apart than a bound, against the full list of changes."""

from __future__ import annotations

import random

import pytest

from playlist_svc.domain.change_count import exceeds
from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import diff
from playlist_svc.domain.order import EMPTY, Entry, Order


def an_entry(number: int) -> Entry:
    return Entry(number.to_bytes(16, "big"), b"t" * 16, b"u" * 16, 1_000)


def content(numbers: list[int], title: str = "", description: str = "") -> Content:
    return Content(title, description, Order.of(map(an_entry, numbers)))


@pytest.mark.parametrize("seed", range(60))
def test_it_says_what_counting_all_changes_would(seed: int) -> None:
    chance = random.Random(seed)
    old = chance.sample(range(40), chance.randrange(30))
    new = [one for one in old if chance.random() < 0.8]
    for one in chance.sample(range(40, 60), chance.randrange(8)):
        new.insert(chance.randrange(len(new) + 1), one)
    for _ in range(chance.randrange(4)):
        if new:
            new.insert(chance.randrange(len(new)), new.pop(chance.randrange(len(new))))
    a = content(old, chance.choice("xy"), chance.choice("xy"))
    b = content(new, chance.choice("xy"), chance.choice("xy"))
    count = len(diff(a, b))
    said = [exceeds(a, b, limit) for limit in range(80)]
    assert said == [count > limit for limit in range(80)]


def test_texts_alone_count() -> None:
    a, b = Content("a", "b", EMPTY), Content("c", "d", EMPTY)
    assert [exceeds(a, b, limit) for limit in (1, 2)] == [True, False]
