"""Shuffled orders in which the tracks of one artist stand apart.

Listeners hear two tracks of one artist in a row as a flaw, yet a fair shuffle makes such pairs all
the time. So the tracks of each artist are spread over the whole length like dithered dots: at even
distances, from a start by chance, each moved a little by chance.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import eq
from random import Random
from typing import Final

MOST_PLACES: Final = 1 << 16
_JITTER: Final = 0.2
"""By how much of the distance to its next a track may be moved; below 1 they keep their order."""


def shuffled(
    size: int,
    *,
    first: int | None = None,
    artists: Sequence[bytes] | None = None,
    rng: Random,
    avoid_first: int | None = None,
) -> bytes:
    """A permutation of 0 to ``size`` - 1 by chance, as big-endian uint16 (two bytes a place).

    ``first`` comes first. ``artists`` has the artist of each index (any bytes that tell one from
    another); no two tracks of one stand side by side where that can be had, and where one artist
    has too many, all others stand between evenly. None is a plain shuffle. Without ``first``,
    ``avoid_first`` does not come first unless it is alone. ValueError when the arguments do not
    fit one another.
    """
    if not 0 <= size <= MOST_PLACES:
        raise ValueError(f"an order has at most {MOST_PLACES} places")
    if first is not None and not 0 <= first < size:
        raise ValueError("what comes first must be in the order")
    if artists is not None and len(artists) != size:
        raise ValueError("every track has one artist")
    if first is None and avoid_first is not None and size > 1:
        first = _other_than(avoid_first, size, rng)
    indices = list(range(size))
    order = (
        _mixed(indices, first, rng) if artists is None else _spread(indices, first, artists, rng)
    )
    return struct.pack(f">{size}H", *order)


def place(order: bytes, position: int) -> int:
    """The index that stands at ``position`` of an order; IndexError when there is none."""
    if not 0 <= position < len(order) // 2:
        raise IndexError(position)
    return int.from_bytes(order[2 * position : 2 * position + 2], "big")


def _other_than(avoided: int, size: int, rng: Random) -> int:
    chosen = rng.randrange(size - 1)
    return chosen + (chosen >= avoided)


def _mixed(indices: Sequence[int], first: int | None, rng: Random) -> list[int]:
    """All of them by pure chance, ``first`` in front if it is among them."""
    rest = [index for index in indices if index != first]
    rng.shuffle(rest)
    return rest if len(rest) == len(indices) or first is None else [first, *rest]


def _spread(
    indices: Sequence[int], first: int | None, artists: Sequence[bytes], rng: Random
) -> list[int]:
    """All of them with each artist's apart, ``first`` in front if it is among them."""
    if first is not None and first not in indices:
        first = None
    counts = Counter([artists[index] for index in indices])
    prolific = _too_prolific(counts, None if first is None else artists[first])
    if prolific is not None:
        return _among(prolific, indices, first, artists, rng)
    order = _dithered(indices, first, artists, counts, rng)
    names = [artists[index] for index in order]
    if any(map(eq, names, islice(names, 1, None))):
        return list(_repaired(order, artists, counts))
    return order


def _too_prolific(counts: Counter[bytes], leads: bytes | None) -> bytes | None:
    """The artist who has more tracks than can stand apart; None when all can."""
    if not counts:
        return None
    artist = max(counts, key=counts.__getitem__)
    # Behind a track of somebody else, an artist may take every second of the places left.
    places = counts.total() - (leads is not None and leads != artist)
    return artist if 2 * counts[artist] > places + 1 else None


def _dithered(
    indices: Sequence[int],
    first: int | None,
    artists: Sequence[bytes],
    counts: Counter[bytes],
    rng: Random,
) -> list[int]:
    chance = rng.random
    coming = {artist: (1 - _JITTER) * chance() for artist in counts}
    if first is not None:
        coming[artists[first]] = 0.0
    mixed = _mixed(indices, first, rng)
    places: dict[int, float] = {}
    for index in mixed:
        artist = artists[index]
        at = coming[artist]
        coming[artist] = at + 1
        places[index] = (at + _JITTER * chance()) / counts[artist]
    if first is not None:
        places[first] = -1.0
    return sorted(mixed, key=places.__getitem__)


def _repaired(order: list[int], artists: Sequence[bytes], counts: Counter[bytes]) -> Iterator[int]:
    """The order, changed as little as it takes to part neighbours of one artist.

    Goes through it and lets who would follow a track of their own wait for the next turn, which
    works until somebody has more left than half: then these take every second place. The first
    stays: only its own artist can have more than half as long as nothing has been taken.
    """
    left = _Left(counts)
    waiting: deque[int] = deque()
    coming = iter(order)
    last: bytes | None = None
    while left.size:
        majority = left.majority()
        if majority is not None:
            yield from _alternating(majority, [*waiting, *coming], artists)
            return
        if waiting and artists[waiting[0]] != last:
            index = waiting.popleft()
        else:
            index = next(coming)
            while artists[index] == last:
                waiting.append(index)
                index = next(coming)
        yield index
        left.take(last := artists[index])


def _alternating(artist: bytes, rest: list[int], artists: Sequence[bytes]) -> Iterator[int]:
    """Every second place for the artist who has one more track left than all others."""
    theirs = [index for index in rest if artists[index] == artist]
    others = [index for index in rest if artists[index] != artist]
    for own, other in zip(theirs, others, strict=False):
        yield own
        yield other
    yield theirs[-1]


class _Left:
    """How many tracks each artist has left, with the most of them known at every moment."""

    def __init__(self, counts: Counter[bytes]) -> None:
        self._counts = counts.copy()
        self._with_count = Counter(counts.values())
        self._most = max(counts.values())
        self.size = counts.total()

    def take(self, artist: bytes) -> None:
        """One less of theirs."""
        count = self._counts[artist]
        self._counts[artist] = count - 1
        self._with_count[count] -= 1
        self._with_count[count - 1] += 1
        if not self._with_count[self._most]:
            self._most -= 1
        self.size -= 1

    def majority(self) -> bytes | None:
        """Who has more left than all others together."""
        if 2 * self._most <= self.size:
            return None
        return next(artist for artist, count in self._counts.items() if count == self._most)


def _among(
    prolific: bytes,
    indices: Sequence[int],
    first: int | None,
    artists: Sequence[bytes],
    rng: Random,
) -> list[int]:
    """All others at even distances in between the tracks of one artist who has the most."""
    theirs = [index for index in indices if artists[index] == prolific]
    others = [index for index in indices if artists[index] != prolific]
    size, count = len(indices), len(others)
    own = iter(_mixed(theirs, first, rng))
    other = iter(_spread(others, first, artists, rng))
    if first is None:
        phase = rng.randrange(size)
    elif artists[first] == prolific:
        phase = rng.randrange(count, size)
    else:
        phase = rng.randrange(count)
    places = {(number * size + phase) // count for number in range(count)}
    return [next(other) if number in places else next(own) for number in range(size)]
