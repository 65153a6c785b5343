"""The schema of the tantivy index, and queries in it, built clause by clause.

What people type never reaches a query parser: quotes, colons, stars and brackets are letters of
no word and mean nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import tantivy
from tantivy import Occur

from catalog_svc.domain.search import (
    SHORT_PREFIX,
    Kind,
    Query,
    typos_allowed,
    words_needed,
    words_shared,
)

FIELDS: Final[dict[Kind, tuple[tuple[str, float], ...]]] = {
    Kind.TRACK: (("name", 3.0), ("artist", 2.0), ("album", 1.0)),
    Kind.ALBUM: (("name", 3.0), ("artist", 2.0)),
    Kind.ARTIST: (("name", 3.0),),
    Kind.PLAYLIST: (("name", 3.0), ("artist", 1.0)),
}
"""The searched fields of each kind and what a word found there is worth.

Each kind has fields of its own: a search for artists then walks no track's postings, and the
rarity of a word is counted among its peers.
"""

_WHOLE_NAME: Final = 200.0
_NEARLY_WHOLE_NAME: Final = 40.0
_ALL_WORDS_EXACT: Final = 80.0
_BEGINNING: Final = 0.5
_WITH_TYPO: Final = 4.0
# The automaton of a longer text costs more than anyone's typing error is worth.
_LONGEST_FUZZY: Final = 40
_NAME_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far a word may be from what was typed.

    ``typos`` bounds the wrong letters below what its length allows; ``beginnings``: so may the
    letters of a last word be that is only a beginning. Each costs several times as much.
    """

    typos: int
    beginnings: bool


SLIP: Final = Doubt(typos=1, beginnings=False)
GUESS: Final = Doubt(typos=2, beginnings=True)


def schema() -> tantivy.Schema:
    """The fields of the index."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("opening", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("opening_start", tokenizer_name="raw", index_option="basic")
    for kind, fields in FIELDS.items():
        for name, _ in fields:
            builder.add_text_field(
                f"{kind.value}_{name}", tokenizer_name="whitespace", index_option="freq"
            )
        for name in ("any", "start", "name_start"):
            builder.add_text_field(
                f"{kind.value}_{name}", tokenizer_name="whitespace", index_option="basic"
            )
        builder.add_text_field(f"{kind.value}_whole", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("version", fast=True)
    builder.add_float_field("prior", fast=True)
    builder.add_bytes_field("body", stored=True)
    return builder.build()


class QueryBuilder:
    """Queries over one schema."""

    def __init__(self, of: tantivy.Schema) -> None:
        self._schema = of

    def key(self, key: str) -> tantivy.Query:
        """The document of that key."""
        return self._raw("key", key)

    def exact(self, query: Query, kind: Kind) -> tantivy.Query:
        """Every word as it stands, the last one as a beginning."""
        words = self._words(query, kind, frozenset(), SLIP)
        return self._scored(query, kind, self._all(words))

    def lenient(
        self, query: Query, kind: Kind, doubted: frozenset[str], doubt: Doubt, *, exact_too: bool
    ) -> tantivy.Query:
        """Every word, the ``doubted`` with letters wrong.

        ``exact_too``: there are exact hits, which then come first.
        """
        words = self._all(self._words(query, kind, doubted, doubt))
        clauses = [(Occur.Must, words)]
        if exact_too:
            exact = self._all(self._words(query, kind, frozenset(), doubt))
            clauses.append((Occur.Should, _worth(exact, _ALL_WORDS_EXACT)))
        if nearly := self._nearly_whole_name(query, kind):
            clauses.append((Occur.Should, nearly))
        return self._scored(query, kind, tantivy.Query.boolean_query(clauses))

    def partial(self, query: Query, kind: Kind) -> tantivy.Query | None:
        """All but one of three or more words; None for fewer words."""
        if len(query.words) < 3:
            return None
        words = self._words(query, kind, frozenset(query.words), SLIP)
        return tantivy.Query.boolean_query(
            [(Occur.Should, word) for word in words],
            minimum_number_should_match=words_needed(query),
        )

    def unknown(self, searcher: tantivy.Searcher, query: Query, kind: Kind) -> frozenset[str]:
        """The words that stand in no name of the kind, nor in what goes with it."""
        return frozenset(
            word for word in query.words if not searcher.doc_freq(f"{kind.value}_any", word)
        )

    def opening(self, beginning: str) -> tantivy.Query:
        """Entries whose name opens like that; those that go no further first."""
        if len(beginning) <= SHORT_PREFIX:
            opens = self._raw("opening_start", beginning)
        else:
            opens = self._fuzzy("opening", beginning, 0, prefix=True)
        whole = _worth(self._raw("opening", beginning), 1.0)
        return tantivy.Query.boolean_query(
            [(Occur.Must, _worth(opens, 1.0)), (Occur.Should, whole)]
        )

    def titled(self, title: str, artist_words: Sequence[str]) -> tantivy.Query:
        """Tracks of that folded title whose artist has all the words."""
        artist = f"{Kind.TRACK.value}_artist"
        words = [self._raw(artist, word) for word in artist_words]
        # Popularity alone orders them: how long their names are tells nothing here.
        return _worth(self._all([self._raw(f"{Kind.TRACK.value}_whole", title), *words]), 1.0)

    def alike(self, words: Sequence[str]) -> tantivy.Query:
        """Tracks that share enough of the words, each with a letter wrong where it may be."""
        forms = [
            _either(
                self._word(word, Kind.TRACK),
                *self._slips(word, Kind.TRACK, SLIP, prefix=False, in_name=False),
            )
            for word in words
        ]
        return tantivy.Query.boolean_query(
            [(Occur.Should, form) for form in forms],
            minimum_number_should_match=words_shared(words),
        )

    def _words(
        self, query: Query, kind: Kind, doubted: frozenset[str], doubt: Doubt
    ) -> list[tantivy.Query]:
        words: list[tantivy.Query] = []
        for word in query.words:
            last = word == query.last
            form = self._last_word(word, kind) if last else self._word(word, kind)
            if word in doubted:
                prefix = last and doubt.beginnings
                in_name = len(query.words) > 1
                form = _either(
                    form, *self._slips(word, kind, doubt, prefix=prefix, in_name=in_name)
                )
            words.append(form)
        return words

    def _slips(
        self, word: str, kind: Kind, doubt: Doubt, *, prefix: bool, in_name: bool
    ) -> list[tantivy.Query]:
        """The word with letters wrong wherever it stands, in one automaton in place of three.

        ``in_name``: with a second one, it is worth more in a name.
        """
        typos = min(typos_allowed(word), doubt.typos)
        if not typos or len(word) > _LONGEST_FUZZY:
            return []
        fields = ("any", "name") if in_name else ("any",)
        return [
            _worth(self._fuzzy(f"{kind.value}_{field}", word, typos, prefix=prefix), _WITH_TYPO)
            for field in fields
        ]

    def _scored(self, query: Query, kind: Kind, words: tantivy.Query) -> tantivy.Query:
        whole = self._raw(f"{kind.value}_whole", query.folded)
        return tantivy.Query.boolean_query(
            [(Occur.Must, words), (Occur.Should, _worth(whole, _WHOLE_NAME))]
        )

    def _nearly_whole_name(self, query: Query, kind: Kind) -> tantivy.Query | None:
        """The name with a letter wrong, for queries short enough to be a name and no more.

        A second wrong letter would cost four times as much, for an order that is seldom better.
        """
        short = len(query.words) <= _NAME_WORDS
        if not short or not typos_allowed(query.folded) or len(query.folded) > _LONGEST_FUZZY:
            return None
        nearly = self._fuzzy(f"{kind.value}_whole", query.folded, 1, prefix=False)
        return _worth(nearly, _NEARLY_WHOLE_NAME)

    def _word(self, word: str, kind: Kind) -> tantivy.Query:
        found = [
            tantivy.Query.boost_query(
                tantivy.Query.term_query(self._schema, field, word, index_option="freq"), boost
            )
            for field, boost in self._fields(kind)
        ]
        return found[0] if len(found) == 1 else tantivy.Query.disjunction_max_query(found, 0.1)

    def _last_word(self, word: str, kind: Kind) -> tantivy.Query:
        if len(word) > SHORT_PREFIX:
            begins = [
                (Occur.Should, _worth(self._fuzzy(field, word, 0, prefix=True), _BEGINNING * boost))
                for field, boost in self._fields(kind)
            ]
            return tantivy.Query.boolean_query([*begins, (Occur.Should, self._word(word, kind))])
        # What every hit must match drives the search; the rest is only looked up for its score.
        return tantivy.Query.boolean_query(
            [
                (Occur.Must, _worth(self._raw(f"{kind.value}_start", word), _BEGINNING)),
                (Occur.Should, _worth(self._raw(f"{kind.value}_name_start", word), _BEGINNING)),
                (Occur.Should, self._word(word, kind)),
            ]
        )

    def _fields(self, kind: Kind) -> Iterable[tuple[str, float]]:
        return ((f"{kind.value}_{name}", boost) for name, boost in FIELDS[kind])

    def _raw(self, field: str, text: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, text, index_option="basic")

    def _fuzzy(self, field: str, text: str, typos: int, *, prefix: bool) -> tantivy.Query:
        return tantivy.Query.fuzzy_term_query(self._schema, field, text, typos, True, prefix)

    @staticmethod
    def _all(queries: Sequence[tantivy.Query]) -> tantivy.Query:
        return tantivy.Query.boolean_query([(Occur.Must, query) for query in queries])


def _either(*queries: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(Occur.Should, query) for query in queries])


def _worth(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)
