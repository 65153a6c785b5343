"""What can be found, and what a query means. Adapters of the index differ in speed, not in this."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog_svc.domain.text import fold, index_words, query_words, without_featured


class Kind(enum.Enum):
    """The kinds of things that the catalogue's index holds."""

    TRACK = "track"
    ARTIST = "artist"
    ALBUM = "album"
    PLAYLIST = "playlist"


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing that can be found, with all that an answer shows of it.

    ``name`` is a title or an artist's name; a playlist's ``artist`` is the name of its owner.
    ``popularity`` is a count of at
    least 0 that orders what matches equally well. ``state`` is the name of a track's state.
    """

    kind: Kind
    id: str
    name: str
    artist: str = ""
    artist_id: str = ""
    album: str = ""
    album_id: str = ""
    duration_ms: int = 0
    year: int = 0
    artwork_path: str = ""
    state: str = ""
    popularity: float = 0.0


@dataclass(frozen=True, slots=True)
class IndexChange:
    """What became of a thing at a version; no entry: it was removed."""

    kind: Kind
    id: str
    version: int
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits asked for, the best first, and how many there are in all."""

    entries: tuple[Entry, ...] = ()
    total: int = 0


Found = Mapping[Kind, Hits]

MAX_QUERY_WORDS: Final = 16
"""Words of a query beyond these are not looked at."""

SHORT_PREFIX: Final = 3
"""Beginnings of words up to this many characters are indexed as they stand."""

_GUEST_WORDS: Final = frozenset({"feat", "ft", "featuring"})
_ARTICLES: Final = ("the ", "a ", "an ")
_POPULARITY_WEIGHT: Final = 0.04


@dataclass(frozen=True, slots=True)
class Query:
    """What someone asks for: folded words, the last of which may be only a beginning."""

    words: tuple[str, ...]
    folded: str

    @property
    def last(self) -> str:
        """The word that may be a beginning."""
        return self.words[-1]


def parse(text: str) -> Query | None:
    """The query in what someone typed; None where nothing in it can be searched for."""
    folded = fold(text)
    words = list(dict.fromkeys(query_words(text)))
    without_guests = [word for word in words if word not in _GUEST_WORDS]
    if not words:
        return None
    return Query(tuple((without_guests or words)[:MAX_QUERY_WORDS]), folded)


def typos_allowed(word: str) -> int:
    """How many letters of a word may be wrong: one from 5 letters, two from 9."""
    if len(word) < 5 or not any(character.isalpha() for character in word):
        return 0
    return 2 if len(word) >= 9 else 1


def few_hits(query: Query) -> int:
    """Below how many exact hits typing errors are looked for.

    Several words that all match are rarely a slip; one word may well be.
    """
    return 5 if len(query.words) == 1 else 1


def words_needed(query: Query) -> int:
    """How many words must match when no entry has them all."""
    return max(2, len(query.words) - 1)


def words_shared(words: Sequence[str]) -> int:
    """How many words of a description a track must have to be like it."""
    return (len(words) + 1) // 2


def prior(entry: Entry) -> float:
    """The factor, 1 to about 1.4, by which popularity lifts what matches equally well."""
    return 1 + _POPULARITY_WEIGHT * math.log10(1 + max(0.0, entry.popularity))


@dataclass(frozen=True, slots=True)
class IndexedText:
    """The words under which an entry is found, by how much they tell about it."""

    name: tuple[str, ...]
    artist: tuple[str, ...] = ()
    album: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()


def indexed_text(entry: Entry) -> IndexedText:
    """The words of an entry; ``whole`` names it exactly, ``openings`` are how suggestions begin."""
    openings = _spellings(entry.name)
    titled = entry.kind is not Kind.ARTIST
    return IndexedText(
        name=tuple(index_words(entry.name)),
        artist=tuple(index_words(entry.artist)),
        album=tuple(index_words(entry.album)),
        whole=_spellings(entry.name, without_featured(entry.name)) if titled else openings,
        openings=openings,
    )


def beginnings(words: Sequence[str]) -> list[str]:
    """The distinct beginnings of at most ``SHORT_PREFIX`` characters."""
    return list({word[:size]: None for word in words for size in range(1, SHORT_PREFIX + 1)})


def _spellings(*names: str) -> tuple[str, ...]:
    """The folded names, each also without a leading article."""
    folded = [fold(name) for name in names]
    both = [spelling for name in folded for spelling in (name, _without_article(name))]
    return tuple(spelling for spelling in dict.fromkeys(both) if spelling)


def _without_article(folded: str) -> str:
    for article in _ARTICLES:
        if folded.startswith(article):
            return folded[len(article) :]
    return folded


def newest(changes: Sequence[IndexChange]) -> list[IndexChange]:
    """One change for each thing: the one of the highest version."""
    kept: dict[tuple[Kind, str], IndexChange] = {}
    for change in changes:
        known = kept.get((change.kind, change.id))
        if known is None or change.version > known.version:
            kept[change.kind, change.id] = change
    return list(kept.values())
