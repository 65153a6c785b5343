"""Shuffled orders in which the tracks of one artist stand apart.

Listeners hear two tracks of one artist in a row as a flaw, yet a fair shuffle makes such pairs all
the time. So the tracks of each artist are spread over the whole length like dithered dots: at even
distances, from a start by chance, each moved a little by chance.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
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
    prolific = _too_prolific(indices, first, artists)
    if prolific is not None:
        return _among(prolific, indices, first, artists, rng)
    order = _dithered(indices, first, artists, rng)
    if all(artists[one] != artists[other] for one, other in pairwise(order)):
        return order
    return list(_repaired(order, first is not None, artists))


def _too_prolific(
    indices: Sequence[int], first: int | None, artists: Sequence[bytes]
) -> bytes | None:
    """The artist who has more tracks than can stand apart; None when all can."""
    if not indices:
        return None
    artist, count = Counter(artists[index] for index in indices).most_common(1)[0]
    # Behind a track of somebody else, an artist may take every second of the places left.
    places = len(indices) - (first is not None and artists[first] != artist)
    return artist if 2 * count > places + 1 else None


def _dithered(
    indices: Sequence[int], first: int | None, artists: Sequence[bytes], rng: Random
) -> list[int]:
    by_artist: dict[bytes, list[int]] = {}
    for index in indices:
        by_artist.setdefault(artists[index], []).append(index)
    places: list[tuple[float, int]] = []
    for tracks in by_artist.values():
        leads = first is not None and artists[tracks[0]] == artists[first]
        offset = 0.0 if leads else (1 - _JITTER) * rng.random()
        places += [
            ((number + offset + _JITTER * rng.random()) / len(tracks), index)
            for number, index in enumerate(_mixed(tracks, first if leads else None, rng))
        ]
    places.sort()
    order = [index for _, index in places]
    return order if first is None else [first, *(index for index in order if index != first)]


def _repaired(order: list[int], keeps_first: bool, artists: Sequence[bytes]) -> Iterator[int]:
    """The order, changed as little as it takes to part neighbours of one artist.

    Goes through it and lets who would follow a track of their own wait for the next turn, which
    works until somebody has more left than half: then these take every second place.
    """
    left = _Left(artists[index] for index in order)
    waiting: deque[int] = deque()
    coming = iter(order)
    last: bytes | None = None
    if keeps_first:
        yield (index := next(coming))
        left.take(last := artists[index])
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

    def __init__(self, artists: Iterable[bytes]) -> None:
        self._counts = Counter(artists)
        self._with_count = Counter(self._counts.values())
        self._most = max(self._counts.values(), default=0)
        self.size = self._counts.total()

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
