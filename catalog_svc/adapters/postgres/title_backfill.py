"""Titles that a version before this one wrote, as lists are sorted by them."""

from __future__ import annotations

from catalog_svc.adapters.postgres import track_credits
from catalog_svc.domain.listings import title_key
from meshkit import postgres

_ROWS = 2_000
_UNFOLDED = "SELECT id, title, edited_title FROM tracks WHERE folded IS NULL ORDER BY id LIMIT %s"
_FOLD = """
UPDATE tracks t SET folded = said.folded, edited_folded = nullif(said.edited, '')
FROM unnest(%s::text[], %s::text[], %s::text[]) AS said (id, folded, edited) WHERE t.id = said.id
"""


async def fold_titles(pool: postgres.Pool) -> None:
    """Fold what is not folded yet, in short transactions; several processes may do it at once."""
    while await _fold_some(pool) == _ROWS:
        pass


async def _fold_some(pool: postgres.Pool) -> int:
    async with track_credits.writing(pool) as connection:
        found = await (await connection.execute(_UNFOLDED, [_ROWS])).fetchall()
        if found:
            ids, titles, edited = zip(*found, strict=True)
            folded = [title_key(title) for title in titles]
            columns = [list(ids), folded, [title_key(title or "") for title in edited]]
            await connection.execute(_FOLD, columns)
        return len(found)
