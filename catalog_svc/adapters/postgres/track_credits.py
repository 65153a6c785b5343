"""Artists and albums by folded name: found or made, counted, and removed when nothing is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import rows
from catalog_svc.domain.catalogue import Album, Artist
from catalog_svc.domain.tags import Tags, identity
from meshkit import postgres
from meshkit.feeds import Change
from meshkit.ulids import new_id

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.writing', 0))"

_ARTISTS = """
WITH written AS (
    INSERT INTO artists AS held (id, name, folded, track_count)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::integer[])
    ON CONFLICT (folded) DO UPDATE SET
        track_count = held.track_count + excluded.track_count, version = held.version + 1
    RETURNING *
)
SELECT ar.folded, ar.id, ar.name, ar.bio, ar.followers_count, ar.track_count - ar.hidden_tracks,
       ar.created_at, ar.version, true, ar.taken_down
FROM written ar
"""
_ALBUMS = """
WITH written AS (
    INSERT INTO albums AS held
        (id, artist_id, title, folded, year, track_count, total_duration_ms)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::integer[],
                         %s::integer[], %s::bigint[])
    ON CONFLICT (artist_id, folded) DO UPDATE SET
        year = CASE WHEN held.year = 0 AND held.tagged_year IS NULL THEN excluded.year
                    ELSE held.year END,
        tagged_year = CASE WHEN held.tagged_year = 0 THEN excluded.year
                           ELSE held.tagged_year END,
        track_count = held.track_count + excluded.track_count,
        total_duration_ms = held.total_duration_ms + excluded.total_duration_ms,
        version = held.version + 1
    RETURNING *
)
SELECT al.folded, al.id, al.title, ar.name, al.artist_id, al.year,
       al.track_count - al.hidden_tracks, al.total_duration_ms - al.hidden_duration_ms, al.artwork,
       al.created_at, al.version, true, al.taken_down
FROM written al JOIN artists ar ON ar.id = al.artist_id
"""
_ARTIST_ALIASES = """
SELECT a.folded, ar.folded FROM artist_aliases a JOIN artists ar ON ar.id = a.artist_id
WHERE a.folded = ANY (%s)
"""
_ALBUM_ALIASES = """
SELECT a.artist_id, a.folded, al.folded
FROM unnest(%s::text[], %s::text[]) AS asked (artist_id, folded)
    JOIN album_aliases a USING (artist_id, folded) JOIN albums al ON al.id = a.album_id
"""
_LEAVE_ALBUM = """
UPDATE albums SET track_count = track_count - 1, total_duration_ms = total_duration_ms - %s,
                  version = version + 1
WHERE id = %s
RETURNING track_count, version, artist_id,
          taken_down OR tagged_title IS NOT NULL OR tagged_year IS NOT NULL
"""
_LEAVE_ARTIST = """
UPDATE artists SET track_count = track_count - 1, version = version + 1 WHERE id = %s
"""
_DROP_ARTIST = """
DELETE FROM artists ar WHERE id = %s AND track_count = 0
    AND NOT taken_down AND tagged_name IS NULL AND bio = ''
    AND NOT EXISTS (SELECT FROM albums al WHERE al.artist_id = ar.id)
RETURNING version
"""
_SILENT = """
SELECT ar.id, 'artist' FROM tracks t LEFT JOIN albums al ON al.id = t.album_id
    JOIN artists ar ON ar.id IN (t.artist_id, al.artist_id)
WHERE t.id = %(track)s AND (t.state = 3 OR t.hidden)
    AND NOT EXISTS (SELECT FROM tracks lt
                    WHERE lt.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden)
    AND NOT EXISTS (SELECT FROM albums la JOIN tracks lt ON lt.album_id = la.id
                    WHERE la.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden)
UNION ALL
SELECT al.id, 'album' FROM tracks t JOIN albums al ON al.id = t.album_id
WHERE t.id = %(track)s AND (t.state = 3 OR t.hidden)
    AND NOT EXISTS (SELECT FROM tracks lt
                    WHERE lt.album_id = al.id AND lt.state <> 3 AND NOT lt.hidden)
"""
_TURN_ARTISTS = "UPDATE artists SET version = version + 1 WHERE id = ANY (%s)"
_TURN_ALBUMS = "UPDATE albums SET version = version + 1 WHERE id = ANY (%s)"


@dataclass(frozen=True, slots=True)
class Silent:
    """Ids of artists and albums of which every track was refused or hidden."""

    artists: tuple[str, ...]
    albums: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credits:
    """The artists and albums of a batch of tags, as they are after the batch was counted."""

    artists: dict[str, Artist]
    albums: dict[tuple[str, str], Album]

    def artist(self, tags: Tags) -> Artist:
        """The artist of a track with these tags."""
        return self.artists[identity(tags.artist)]

    def album(self, tags: Tags) -> Album | None:
        """The album of a track with these tags, if any."""
        if not tags.album:
            return None
        return self.albums[self.artists[identity(tags.album_artist)].id, identity(tags.album)]

    @property
    def taken_down(self) -> bool:
        """Whether one of them was taken down, and its tracks with it."""
        by_artist = any(one.taken_down for one in self.artists.values())
        return by_artist or any(one.taken_down for one in self.albums.values())

    def changes(self) -> list[Change]:
        """What the feed says of all of them, where none was taken down."""
        # Tags may have several names of one.
        artists = {one.id: one for one in self.artists.values()}
        albums = {one.id: one for one in self.albums.values()}
        told = [feed_changes.artist_change(one) for one in artists.values()]
        return told + [feed_changes.album_change(one) for one in albums.values()]


@asynccontextmanager
async def writing(pool: postgres.Pool) -> AsyncIterator[postgres.Connection]:
    """A transaction that alone changes tracks, names and counts.

    One at a time, because a scan's batch and a worker's commit touch the same artists, albums
    and runs in orders of their own, and would deadlock. They are short; encoding is not.
    """
    async with postgres.transaction(pool) as connection:
        await connection.execute(_LOCK)
        yield connection


async def credit(connection: postgres.Connection, batch: Sequence[Tags]) -> Credits:
    """Find or make the artists and albums of ``batch``, and count its tracks to them.

    The caller is ``writing`` and appends ``Credits.changes`` to the feed.
    """
    artists = await _credit_artists(connection, batch)
    return Credits(artists, await _credit_albums(connection, batch, artists))


async def _credit_artists(
    connection: postgres.Connection, batch: Iterable[Tags]
) -> dict[str, Artist]:
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for tags in batch:
        key = identity(tags.artist)
        names.setdefault(key, tags.artist)
        counts[key] += 1
        if tags.album:
            names.setdefault(identity(tags.album_artist), tags.album_artist)
    cursor = await connection.execute(_ARTIST_ALIASES, [list(names)])
    shown: dict[str, str] = {**{key: key for key in names}, **dict(await cursor.fetchall())}
    totals: Counter[str] = Counter()
    for key in names:
        totals[shown[key]] += counts[key]
    spelled = {shown[key]: name for key, name in reversed(names.items())}
    columns: list[list[object]] = [
        [new_id() for _ in totals],
        [spelled[folded] for folded in totals],
        [*totals],
        [*totals.values()],
    ]
    found = await (await connection.execute(_ARTISTS, columns)).fetchall()
    credited = {row[0]: rows.artist(row[1:]) for row in found}
    return {key: credited[folded] for key, folded in shown.items()}


async def _credit_albums(
    connection: postgres.Connection, batch: Iterable[Tags], artists: dict[str, Artist]
) -> dict[tuple[str, str], Album]:
    albums: dict[tuple[str, str], list[Tags]] = {}
    for tags in batch:
        if tags.album:
            key = artists[identity(tags.album_artist)].id, identity(tags.album)
            albums.setdefault(key, []).append(tags)
    if not albums:
        return {}
    shown = await _shown_albums(connection, albums)
    held: dict[tuple[str, str], list[Tags]] = {}
    for key, members in albums.items():
        held.setdefault(shown[key], []).extend(members)
    columns: list[list[object]] = [
        [new_id() for _ in held],
        [artist_id for artist_id, _ in held],
        [members[0].album for members in held.values()],
        [folded for _, folded in held],
        [max(tags.year for tags in members) for members in held.values()],
        [len(members) for members in held.values()],
        [sum(tags.duration_ms for tags in members) for members in held.values()],
    ]
    found = await (await connection.execute(_ALBUMS, columns)).fetchall()
    credited = {(row[4], row[0]): rows.album(row[1:]) for row in found}
    return {key: credited[place] for key, place in shown.items()}


async def _shown_albums(
    connection: postgres.Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Artist and folded title of each album as it is shown, by those that tags have."""
    columns = [[artist_id for artist_id, _ in keys], [folded for _, folded in keys]]
    cursor = await connection.execute(_ALBUM_ALIASES, columns)
    aliases = {(row[0], row[1]): (row[0], row[2]) for row in await cursor.fetchall()}
    return {key: aliases.get(key, key) for key in keys}


async def leave(
    connection: postgres.Connection, *, artist_id: str, album_id: str, duration_ms: int
) -> list[Change]:
    """Take a track off its artist and album, and remove those that nothing is left of.

    What an administrator said of them would be lost with them: such ones stay, for the next track.
    """
    changes: list[Change] = []
    await connection.execute(_LEAVE_ARTIST, [artist_id])
    touched = {artist_id: None}
    if album_id:
        cursor = await connection.execute(_LEAVE_ALBUM, [duration_ms, album_id])
        row = await cursor.fetchone()
        if row is not None and row[0] == 0 and not row[3]:
            touched[row[2]] = None
            await connection.execute("DELETE FROM albums WHERE id = %s", [album_id])
            changes.append(feed_changes.removal("album", album_id, row[1] + 1))
        else:
            changes += await album_changes(connection, [album_id])
    for one in touched:
        changes += await _artist_left(connection, one)
    return changes


async def _artist_left(connection: postgres.Connection, artist_id: str) -> list[Change]:
    dropped = await (await connection.execute(_DROP_ARTIST, [artist_id])).fetchone()
    if dropped is not None:
        return [feed_changes.removal("artist", artist_id, dropped[0] + 1)]
    return await artist_changes(connection, [artist_id])


async def silent(connection: postgres.Connection, track_id: str) -> Silent:
    """Of the names of a track that is FAILED or hidden, the silent ones; none of another track."""
    found = await (await connection.execute(_SILENT, {"track": track_id})).fetchall()
    return Silent(
        tuple(row[0] for row in found if row[1] == "artist"),
        tuple(row[0] for row in found if row[1] == "album"),
    )


async def turned(connection: postgres.Connection, names: Silent) -> list[Change]:
    """What the feed says of names that have just become silent, or are so no more."""
    if not names.artists and not names.albums:
        return []
    await connection.execute(_TURN_ARTISTS, [list(names.artists)])
    await connection.execute(_TURN_ALBUMS, [list(names.albums)])
    artists = await artist_changes(connection, names.artists)
    return artists + await album_changes(connection, names.albums)


async def credited(connection: postgres.Connection, credits_: Credits) -> list[Change]:
    """What the feed says of credited names, where their track may be a refused or hidden one."""
    artists = await artist_changes(connection, [one.id for one in credits_.artists.values()])
    albums = [one.id for one in credits_.albums.values()]
    return artists + await album_changes(connection, albums)


async def artist_changes(
    connection: postgres.Connection, artist_ids: Sequence[str]
) -> list[Change]:
    """What the feed says of these artists as they are now."""
    query = f"{rows.ARTIST} WHERE ar.id = ANY (%s)"
    cursor = await connection.execute(query.encode(), [list(artist_ids)])
    return [feed_changes.artist_change(rows.artist(row)) for row in await cursor.fetchall()]


async def album_changes(connection: postgres.Connection, album_ids: Sequence[str]) -> list[Change]:
    """What the feed says of these albums as they are now."""
    query = f"{rows.ALBUM} WHERE al.id = ANY (%s)"
    cursor = await connection.execute(query.encode(), [list(album_ids)])
    return [feed_changes.album_change(rows.album(row)) for row in await cursor.fetchall()]
