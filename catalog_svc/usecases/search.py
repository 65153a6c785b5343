"""``SearchService``: tracks, artists, albums and playlists for people who type."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from catalog_svc.domain.search import Entry, Found, Hits, Kind, parse
from catalog_svc.domain.text import fold
from catalog_svc.ports.search import SearchIndex
from meshkit.faults import InvalidArgument

MAX_RESULTS: Final = 1000
"""Pages end here: who has not found it among as many is better served by another word."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was found, and the offset of the next page; None where there is none."""

    found: Found
    next_offset: int | None


class Search:
    """Searches the index of this process."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    async def search(
        self, text: str, kinds: Collection[Kind], *, limit: int, offset: int = 0
    ) -> SearchPage:
        """The hits of each of ``kinds`` from ``offset`` on, at most ``limit`` of each.

        ``InvalidArgument`` on q where it is blank. Only a search of one kind has
        further pages.
        """
        _require_text(text)
        query = parse(text)
        limit = min(limit, MAX_RESULTS - offset)
        if query is None or not kinds or limit <= 0:
            return SearchPage({kind: Hits() for kind in kinds}, None)
        found = await self._index.search(query, kinds, limit=limit, offset=offset)
        return SearchPage(found, _next_offset(found, offset + limit))

    async def suggest(self, text: str, *, limit: int) -> Sequence[Entry]:
        """Entries whose name begins like ``text``; ``InvalidArgument`` as for ``search``."""
        _require_text(text)
        beginning = fold(text)
        return await self._index.suggest(beginning, limit=limit) if beginning else ()


def _next_offset(found: Found, reached: int) -> int | None:
    if len(found) != 1:
        return None
    (hits,) = found.values()
    return reached if reached < min(hits.total, MAX_RESULTS) else None


def _require_text(text: str) -> None:
    if not text.strip():
        raise InvalidArgument.field("q", "must have more than spaces")
