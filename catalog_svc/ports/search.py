"""What search needs from outside: an index of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from catalog_svc.domain.search import Entry, Found, IndexChange, Kind, Query
from meshkit.faults import Unavailable


class IndexDamaged(Unavailable):
    """The index cannot be read or written; ``clear`` makes it usable and empty."""


class SearchIndex(Protocol):
    """An index of the catalogue that one process owns.

    Changes and the resume token must become durable and visible together: whoever reads
    ``token`` after a crash and goes on from there misses nothing.
    """

    async def apply(self, changes: Sequence[IndexChange], token: str) -> None:
        """Take over changes and remember ``token``; all of it or nothing.

        A change must be ignored unless its version is higher than the one held; a removal must
        be remembered, so that an older change cannot undo it.
        """
        ...

    async def token(self) -> str:
        """The token of the last ``apply``; empty when there was none since the last clear."""
        ...

    async def search(
        self, query: Query, kinds: Collection[Kind], *, limit: int, offset: int = 0
    ) -> Found:
        """The best hits of each of ``kinds``, which must all be keys of the answer.

        Every word must match, in any order, in name, artist or album; the last one may be the
        beginning of a word. Where that finds too little, letters may be wrong as
        ``typos_allowed`` says, behind the exact hits; where that finds nothing either, one
        word of three or more may be missing. Entries with the query as their name must come
        first; popularity must order what matches equally well.
        """
        ...

    async def suggest(self, beginning: str, *, limit: int) -> Sequence[Entry]:
        """Entries whose name begins with the folded ``beginning``, the best first.

        A leading article may be missing; the same name must not come twice.
        """
        ...

    async def titled(self, title: str, artist: str, *, limit: int) -> Sequence[Entry]:
        """Tracks with the folded ``title``, the most popular first.

        Guests and a leading article may be missing. The artist's name must have all words of the
        folded ``artist``, which may be empty.
        """
        ...

    async def alike(self, words: Sequence[str], *, limit: int) -> Sequence[Entry]:
        """Tracks that have ``words_shared`` of the folded ``words`` in title, artist or album.

        Those that have most of what is rare must come first. Letters may be wrong as
        ``typos_allowed`` says.
        """
        ...

    async def clear(self) -> None:
        """Forget everything, removals and the token included."""
        ...
