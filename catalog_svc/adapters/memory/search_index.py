"""The search index in a dictionary: for unit tests and catalogues of a few thousand things."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from catalog_svc.domain.search import (
    Entry,
    Found,
    Hits,
    IndexChange,
    IndexedText,
    Kind,
    Query,
    few_hits,
    indexed_text,
    newest,
    prior,
    typos_allowed,
    words_needed,
    words_shared,
)
from catalog_svc.domain.similarity import letter_distance
from catalog_svc.domain.text import fold, query_words

_FIELD_WORTH = {"name": 3.0, "artist": 2.0, "album": 1.0}
_WHOLE_NAME = 100.0
_NEARLY_WHOLE_NAME = 20.0
_EXACT_WORD = 5.0

_WordScore = Callable[[str, str], float]


class MemorySearchIndex:
    """A ``SearchIndex`` that looks at every entry for every query, and forgets when it ends."""

    def __init__(self) -> None:
        self._held: dict[tuple[Kind, str], IndexChange] = {}
        self._texts: dict[tuple[Kind, str], IndexedText] = {}
        self._token = ""

    async def apply(self, changes: Sequence[IndexChange], token: str) -> None:
        for change in newest(changes):
            key = (change.kind, change.id)
            if key in self._held and self._held[key].version >= change.version:
                continue
            self._held[key] = change
            self._texts.pop(key, None)
            if change.entry:
                self._texts[key] = indexed_text(change.entry)
        self._token = token

    async def token(self) -> str:
        return self._token

    async def search(
        self, query: Query, kinds: Collection[Kind], *, limit: int, offset: int = 0
    ) -> Found:
        ranked = {kind: self._ranked(query, kind) for kind in kinds}
        if not any(ranked.values()) and len(query.words) >= 3:
            needed = words_needed(query)
            ranked = {kind: self._matching(query, kind, _lenient, needed) for kind in kinds}
        return {
            kind: Hits(tuple(entries[offset : offset + limit]), len(entries))
            for kind, entries in ranked.items()
        }

    async def suggest(self, beginning: str, *, limit: int) -> Sequence[Entry]:
        found = [
            ((1 + (beginning in text.openings)) * prior(entry), entry)
            for entry, text in self._entries()
            if any(opening.startswith(beginning) for opening in text.openings)
        ]
        distinct: dict[str, Entry] = {}
        for entry in _best_first(found):
            distinct.setdefault(fold(entry.name), entry)
        return list(distinct.values())[:limit]

    async def titled(self, title: str, artist: str, *, limit: int) -> Sequence[Entry]:
        words = set(query_words(artist))
        found = [
            (prior(entry), entry)
            for entry, text in self._entries()
            if entry.kind is Kind.TRACK and title in text.whole and words <= {*text.artist}
        ]
        return _best_first(found)[:limit]

    async def alike(self, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        query = Query((*words, ""), "")
        found = [
            (score * prior(entry), entry)
            for entry, text in self._entries()
            if entry.kind is Kind.TRACK and (score := _shared(query, words, text))
        ]
        return _best_first(found)[:limit]

    async def clear(self) -> None:
        self._held.clear()
        self._texts.clear()
        self._token = ""

    def _entries(self) -> list[tuple[Entry, IndexedText]]:
        return [
            (entry, self._texts[key])
            for key, change in self._held.items()
            if (entry := change.entry) is not None
        ]

    def _ranked(self, query: Query, kind: Kind) -> list[Entry]:
        every = len(query.words)
        exact = self._matching(query, kind, _exact, every)
        if len(exact) >= few_hits(query):
            return exact
        slipped = self._matching(query, kind, _lenient, every)
        return [*exact, *(entry for entry in slipped if entry not in exact)]

    def _matching(self, query: Query, kind: Kind, matches: _WordScore, needed: int) -> list[Entry]:
        scored: list[tuple[float, Entry]] = []
        for entry, text in self._entries():
            if entry.kind is not kind:
                continue
            words = [_word_score(query, word, text, matches) for word in query.words]
            if sum(score > 0 for score in words) >= needed:
                score = sum(words) / _length(text) + _whole(query, text)
                scored.append((score * prior(entry), entry))
        return _best_first(scored)


def _best_first(scored: list[tuple[float, Entry]]) -> list[Entry]:
    return [entry for _, entry in sorted(scored, key=lambda pair: (-pair[0], pair[1].id))]


def _length(text: IndexedText) -> float:
    """Grows slowly with the name: a match in a short name tells more."""
    return float(len(text.name) + 10)


def _whole(query: Query, text: IndexedText) -> float:
    if query.folded in text.whole:
        return _WHOLE_NAME
    typos = typos_allowed(query.folded)
    near = any(letter_distance(query.folded, name, typos) <= typos for name in text.whole)
    return _NEARLY_WHOLE_NAME if typos and near else 0.0


def _word_score(query: Query, word: str, text: IndexedText, matches: _WordScore) -> float:
    return max(
        (
            worth * _form_score(query, word, indexed, matches)
            for field, worth in _FIELD_WORTH.items()
            for indexed in getattr(text, field)
        ),
        default=0.0,
    )


def _shared(query: Query, words: Sequence[str], text: IndexedText) -> float:
    scores = [_word_score(query, word, text, _lenient) for word in words]
    return sum(scores) if sum(score > 0 for score in scores) >= words_shared(words) else 0.0


def _form_score(query: Query, word: str, indexed: str, matches: _WordScore) -> float:
    whole = matches(word, indexed)
    if word != query.last or whole:
        return whole
    return 0.2 * max(
        (matches(word, indexed[:size]) for size in range(max(1, len(word) - 2), len(word) + 3)),
        default=0.0,
    )


def _exact(word: str, indexed: str) -> float:
    return _EXACT_WORD if word == indexed else 0.0


def _lenient(word: str, indexed: str) -> float:
    typos = typos_allowed(word)
    slips = letter_distance(word, indexed, typos)
    return 0.0 if slips > typos else _EXACT_WORD if slips == 0 else 1.0
