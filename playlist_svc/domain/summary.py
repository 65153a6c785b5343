"""A set of changes in one English sentence, for the list of versions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from playlist_svc.domain.diff import (
    Added,
    Change,
    DescriptionChanged,
    Moved,
    Removed,
    TitleChanged,
)
from playlist_svc.domain.order import Entry

MAX_LENGTH = 200
"""Characters of a sentence at most."""

_NAME_LENGTH = 60
_RULE_LENGTH = 24
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks, embeddings, overrides and isolates: with them a title would reorder the words around it.
_BIDIRECTIONAL = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)

Lookup = Callable[[bytes], str]
"""A name by the raw track_id; empty when it is not known."""


def sentence(
    changes: Sequence[Change],
    title_of: Lookup,
    artist_of: Lookup | None = None,
    *,
    sorted_by: str | None = None,
) -> str:
    """What the changes did, at most 200 characters: ``added 'Title' by Artist and moved 3 tracks``.

    A lone track is named where its title is known, several are counted. ``sorted_by`` is the name
    of what the list was sorted by, and stands in place of the moves.
    """

    def named(entry: Entry) -> str:
        title = title_of(entry.track_id)
        if not title:
            return _counted(1)
        artist = artist_of(entry.track_id) if artist_of else ""
        return f"{_quoted(title)} by {_shown(artist, _NAME_LENGTH)}" if artist else _quoted(title)

    told = " and ".join(_clauses(changes, named, sorted_by))
    if len(told) > MAX_LENGTH:
        told = " and ".join(_clauses(changes, lambda entry: _counted(1), sorted_by))
    return told or "changed nothing"


def _clauses(
    changes: Sequence[Change], named: Callable[[Entry], str], sorted_by: str | None
) -> list[str]:
    clauses = []
    tracks: tuple[tuple[str, type[Added] | type[Removed] | type[Moved]], ...] = (
        ("added", Added),
        ("removed", Removed),
        ("moved", Moved),
    )
    for verb, kind in tracks:
        entries = [change.entry for change in changes if isinstance(change, kind)]
        if kind is Moved and sorted_by:
            clauses.append(f"sorted by {_shown(sorted_by, _RULE_LENGTH)}")
        elif entries:
            words = named(entries[0]) if len(entries) == 1 else _counted(len(entries))
            clauses.append(f"{verb} {words}")
    for change in changes:
        if isinstance(change, TitleChanged):
            clauses.append(f"renamed to {_quoted(change.new)}")
        elif isinstance(change, DescriptionChanged):
            clauses.append("changed the description")
    return clauses


def _counted(count: int) -> str:
    return "1 track" if count == 1 else f"{count} tracks"


def _quoted(name: str) -> str:
    return f"'{_shown(name, _NAME_LENGTH)}'"


def _shown(name: str, length: int) -> str:
    """The name without what could disguise the sentence, cut to ``length`` characters."""
    cut = name if len(name) <= length else name[: length - 1] + "…"
    return "".join(_REPLACEMENT if _unsafe(character) else character for character in cut)


def _unsafe(character: str) -> bool:
    return character in _BIDIRECTIONAL or unicodedata.category(character) in _UNSAFE_CATEGORIES
