"""A catalogue that nobody has: words, artists and titles spelt by a seed, common ones common."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

_ONSETS = (*"bcdfghjklmnprstvwy", "br", "ch", "dr", "fl", "gr", "sh", "st", "th", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ee", "oo", "ou")
_CODAS = ("", "", "", "n", "r", "l", "s", "t", "nd", "st", "ng", "ck")
_WORDS = 20_000
_TITLE_WORDS = (1, 1, 2, 2, 2, 3, 3, 4, 5)


class Invented(NamedTuple):
    """A track that was made up."""

    title: str
    artist: str
    album: str


def invent(count: int, seed: int) -> list[Invented]:
    """``count`` tracks, the same for the same seed.

    Words follow Zipf's law, as those of real titles do: a few are in thousands of titles, most
    in one or two. An album has about ten tracks, an artist one to three albums.
    """
    rng = random.Random(seed)
    words = sorted({_word(rng) for _ in range(_WORDS)}, key=lambda _: rng.random())
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))

    def phrase(lengths: Sequence[int]) -> str:
        return " ".join(rng.choices(words, cum_weights=weights, k=rng.choice(lengths))).title()

    tracks: list[Invented] = []
    while len(tracks) < count:
        artist = f"{rng.choice(words)} {rng.choice(words)}".title()
        for _ in range(rng.randint(1, 3)):
            album = phrase(_TITLE_WORDS)
            tracks += [Invented(phrase(_TITLE_WORDS), artist, album) for _ in range(10)]
    return tracks[:count]


def _word(rng: random.Random) -> str:
    syllables = rng.choice((1, 2, 2, 2, 3, 3))
    parts = (rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables))
    return "".join(parts) + rng.choice(_CODAS)
