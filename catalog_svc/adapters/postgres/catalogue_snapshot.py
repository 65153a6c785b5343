"""All of the catalogue in PostgreSQL, in pages by id, for who starts from nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import rows
from meshkit import postgres
from meshkit.feeds import Change

_ROWS = 2_000


def _playlist_change(row: rows.Row) -> Change:
    return feed_changes.playlist_change(rows.playlist(row), row[6])


_TABLES: tuple[tuple[str, str, str, Callable[[rows.Row], Change]], ...] = (
    ("artist", rows.ARTIST, "ar.id", lambda row: feed_changes.artist_change(rows.artist(row))),
    ("album", rows.ALBUM, "al.id", lambda row: feed_changes.album_change(rows.album(row))),
    ("track", rows.VISIBLE_TRACK, "t.id", lambda row: feed_changes.track_change(rows.track(row))),
    ("playlist", rows.PUBLIC_PLAYLIST, "p.id", _playlist_change),
)


class PostgresCatalogueSnapshot:
    """``CatalogueSnapshot``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def everything(self, entities: Collection[str]) -> AsyncIterator[Sequence[Change]]:
        for entity, select, key, changed in _TABLES:
            if entity not in entities:
                continue
            query = f"{select} WHERE {key} > %(after)s ORDER BY {key} LIMIT {_ROWS}"
            after = ""
            while found := await rows.fetch(self._pool, query, {"after": after}):
                yield [changed(row) for row in found]
                after = found[-1][0]
