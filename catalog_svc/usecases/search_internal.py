"""``SearchInternalService``: the tracks that descriptions of recordings mean."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from catalog_svc.domain.catalogue import MAX_NAME
from catalog_svc.domain.matching import Description, exact, most_similar, search_words
from catalog_svc.domain.search import MAX_QUERY_WORDS
from catalog_svc.domain.text import fold
from catalog_svc.ports.search import SearchIndex

_SAME_TITLE: Final = 50
_ALIKE: Final = 30


class Match(enum.IntEnum):
    """How sure a match is; the numbers are the contract's."""

    NONE = 0
    EXACT = 1
    SIMILAR = 2


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What was found for a description; no track: nothing is like it."""

    match: Match = Match.NONE
    track_id: str = ""


class MatchTracks:
    """Asks the index of this process for candidates and takes the one that fits."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    async def __call__(self, descriptions: Sequence[Description]) -> list[MatchResult]:
        """What each description means, in their order.

        One after the other, so that people who search meanwhile do not wait for all of them.
        """
        return [await self._match(description) for description in descriptions]

    async def _match(self, said: Description) -> MatchResult:
        wanted = replace(
            said,
            title=said.title[:MAX_NAME].strip(),
            artist=said.artist[:MAX_NAME].strip(),
            album=said.album[:MAX_NAME],
        )
        title, artist = fold(wanted.title), fold(wanted.artist)
        if not title:
            return MatchResult()
        if artist:
            found = exact(wanted, await self._index.titled(title, artist, limit=_SAME_TITLE))
            if found is not None:
                return MatchResult(Match.EXACT, found.id)
        words = search_words(wanted)[:MAX_QUERY_WORDS]
        alike = most_similar(wanted, await self._index.alike(words, limit=_ALIKE))
        return MatchResult(Match.SIMILAR, alike.id) if alike else MatchResult()
