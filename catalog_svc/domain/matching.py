"""How likely a description of a recording means a track: pure scores of folded words.

People and files write one recording in many ways: ``Artist - Title`` in one field, a guest in
brackets, ``[Remastered 2009]``, ``- Live``. What only decorates a title is left out before titles
are compared; what makes another recording (a remix, a karaoke version, another part) is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from catalog_svc.domain.search import Entry
from catalog_svc.domain.similarity import similarity
from catalog_svc.domain.text import fold, query_words, without_featured

EXACT_WITHIN_MS: Final = 3_000
SIMILAR_WITHIN_MS: Final = 10_000

_TITLE_AT_LEAST: Final = 0.8
_TITLE_ALONE_AT_LEAST: Final = 0.9
_ARTIST_AT_LEAST: Final = 0.75
_SHARED_CREDIT: Final = 0.9
_ARTIST_UNKNOWN: Final = 0.9
_OTHER_TAKE: Final = 0.05
_SAME_ALBUM: Final = 0.02
_MOST_WORDS: Final = 32

_BRACKETS: Final = re.compile(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]")
_DASH: Final = re.compile(r"\s+[-\u2010-\u2015]\s+")
_CREDITS: Final = re.compile(r"\s*(?:[,;/&+]|\band\b|\bvs\b\.?|\bwith\b|\sx\s)\s*", re.IGNORECASE)
_PART: Final = frozenset({"part", "pt", "vol", "volume", "chapter", "act", "no", "number"})
_ANOTHER_RECORDING: Final = frozenset(
    {"remix", "remixed", "rmx", "karaoke", "instrumental", "acoustic", "acapella", "cappella"}
    | {"demo", "cover", "tribute", "reprise", "unplugged", "mashup", "nightcore", "orchestral"}
)
_ANOTHER_TAKE: Final = frozenset({"live", "mono", "edit", "extended"})
_DECORATION: Final = _ANOTHER_TAKE | frozenset(
    {"remaster", "remastered", "stereo", "version", "single", "album", "bonus", "deluxe", "mix"}
    | {"explicit", "clean", "official", "video", "audio", "lyrics", "lyric", "hd", "hq", "feat"}
    | {"ft", "featuring", "anniversary", "edition", "original", "recording"}
)
_UNKNOWN_ARTISTS: Final = frozenset({"", "various artists", "various", "unknown artist", "unknown"})


@dataclass(frozen=True, slots=True)
class Description:
    """What someone says about a recording; empty or 0: they do not know."""

    title: str
    artist: str = ""
    album: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a description: what is the title in it, and who is the artist."""

    title: str
    artist: str


def readings(wanted: Description) -> tuple[Reading, ...]:
    """The ways to read a description, the plain one first; none where the title is empty."""
    title, artist = wanted.title, wanted.artist
    if fold(artist) in _UNKNOWN_ARTISTS:
        artist = ""
    if not fold(title):
        return ()
    found = [Reading(title, artist)]
    if artist:
        found.append(Reading(artist, title))
    dashes = list(_DASH.finditer(title))
    for dash in (*dashes[:1], *dashes[1:][-1:]):
        before, after = title[: dash.start()], title[dash.end() :]
        for one, other in ((after, before), (before, after)):
            if fold(one) and fold(other) and _may_be_artist(other, artist):
                found.append(Reading(one, artist or other))
    return tuple(dict.fromkeys(found))


def _may_be_artist(text: str, artist: str) -> bool:
    """Whether a part of a title names the artist; where none is known, any part may."""
    if artist:
        return artist_similarity(text, artist) >= _ARTIST_AT_LEAST
    return not _words_of(text) & (_DECORATION | _ANOTHER_RECORDING)


def search_words(wanted: Description) -> list[str]:
    """The distinct folded words by which to look for a description, those of its title first."""
    title = core_title(wanted.title)
    artist = wanted.artist
    if fold(artist) in _UNKNOWN_ARTISTS:
        artist = ""
    return list(dict.fromkeys([*query_words(title), *query_words(without_featured(artist))]))


def exact(wanted: Description, candidates: Iterable[Entry]) -> Entry | None:
    """The track whose title, artist and, where given, duration are the description's, folded.

    Of several, the one of the closest duration, then of the same album, then the first.
    """
    title, artist = fold(wanted.title), fold(wanted.artist)
    if not title or not artist:
        return None
    same = [
        entry
        for entry in candidates
        if fold(entry.name) == title
        and fold(entry.artist) == artist
        and _lasts(wanted, entry, EXACT_WITHIN_MS)
    ]
    return min(same, key=lambda entry: _distance_from(wanted, entry), default=None)


def most_similar(wanted: Description, candidates: Iterable[Entry]) -> Entry | None:
    """The candidate that is like the description in title, artist and duration, if any is."""
    ways = readings(wanted)
    scored = [
        (score, entry)
        for entry in candidates
        if _lasts(wanted, entry, SIMILAR_WITHIN_MS, or_unknown=True)
        and (score := max((_score(way, wanted, entry) for way in ways), default=0.0)) > 0
    ]
    if not scored:
        return None
    best = max(score for score, _ in scored)
    return min(
        (entry for score, entry in scored if score == best),
        key=lambda entry: _distance_from(wanted, entry),
    )


def core_title(title: str) -> str:
    """A title without guests and without what only decorates it: never empty."""
    shorter = _BRACKETS.sub(lambda found: f" {found[1]}" if _tells(found[1]) else "", title)
    shorter = without_featured(shorter)
    while (dash := _last_dash(shorter)) and _decorates(shorter[dash.end() :]):
        shorter = shorter[: dash.start()]
    return shorter.strip() if fold(shorter) else title


def title_similarity(one: str, other: str) -> float:
    """How alike two titles are, 0 to 1; 0 for other recordings of a song or other parts of it."""
    if _marks(one, _ANOTHER_RECORDING) != _marks(other, _ANOTHER_RECORDING):
        return 0.0
    first, second = _words(core_title(one)), _words(core_title(other))
    if _numbers(first) != _numbers(second):
        return 0.0
    likeness = similarity(first, second)
    return likeness - _OTHER_TAKE * (_marks(one, _ANOTHER_TAKE) != _marks(other, _ANOTHER_TAKE))


def artist_similarity(one: str, other: str) -> float:
    """How alike two artists are, 0 to 1, in any order of words; who shares a credit is alike."""
    first, second = without_featured(one), without_featured(other)
    if _credits(first) & _credits(second):
        return max(_SHARED_CREDIT, similarity(_words(first), _words(second)))
    return similarity(_words(first), _words(second))


def _score(way: Reading, wanted: Description, entry: Entry) -> float:
    """How well a track fits a reading; 0: not well enough to be taken for it."""
    title = title_similarity(way.title, entry.name)
    if title < (_TITLE_AT_LEAST if way.artist else _TITLE_ALONE_AT_LEAST):
        return 0.0
    artist = artist_similarity(way.artist, entry.artist) if way.artist else _ARTIST_UNKNOWN
    if artist < _ARTIST_AT_LEAST:
        return 0.0
    same_album = bool(wanted.album) and fold(wanted.album) == fold(entry.album)
    return title + artist + _SAME_ALBUM * same_album


def _lasts(wanted: Description, entry: Entry, within_ms: int, *, or_unknown: bool = False) -> bool:
    if not wanted.duration_ms or (or_unknown and not entry.duration_ms):
        return True
    return abs(entry.duration_ms - wanted.duration_ms) <= within_ms


def _distance_from(wanted: Description, entry: Entry) -> tuple[int, bool]:
    apart_ms = abs(entry.duration_ms - wanted.duration_ms) if wanted.duration_ms else 0
    return apart_ms, not wanted.album or fold(wanted.album) != fold(entry.album)


def _words(name: str) -> tuple[str, ...]:
    words = tuple(fold(name).split())[:_MOST_WORDS]
    return words[1:] if len(words) > 1 and words[0] in {"the", "a", "an"} else words


def _numbers(words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if any(letter.isdigit() for letter in word))


def _marks(title: str, marks: frozenset[str]) -> frozenset[str]:
    """The marks in what stands in brackets or after a dash; a title may be of such words alone."""
    return _words_of(" ".join(_asides(title))) & marks


def _asides(title: str) -> Iterator[str]:
    for found in _BRACKETS.finditer(title):
        yield found[1]
    dash = _last_dash(title)
    if dash:
        yield title[dash.end() :]


def _last_dash(title: str) -> re.Match[str] | None:
    found = list(_DASH.finditer(title))
    return found[-1] if found and found[-1].start() else None


def _decorates(text: str) -> bool:
    """Whether a text behind a dash only decorates the title before it."""
    words = _words_of(text)
    return bool(words & _DECORATION) and not words & _ANOTHER_RECORDING


def _tells(aside: str) -> bool:
    """Whether what stands in brackets tells one recording or part of a work from another."""
    return bool(_words_of(aside) & (_PART | _ANOTHER_RECORDING))


def _words_of(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


def _credits(artist: str) -> frozenset[str]:
    return frozenset(" ".join(_words(part)) for part in _CREDITS.split(artist)) - {""}
