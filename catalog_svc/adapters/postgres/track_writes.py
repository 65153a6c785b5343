"""Single tracks in PostgreSQL: made, retagged, merged, and what the feed says of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import hiding, rows, track_credits
from catalog_svc.domain.listings import title_key
from catalog_svc.domain.tags import Tags, identity
from meshkit import feeds_postgres, postgres
from meshkit.feeds import Change

AT_ONCE = 500
"""How many things one statement tells the feed of."""

_INSERT = """
INSERT INTO tracks (id, title, folded, artist_id, album_id, disc_number, track_number, duration_ms,
                    genres, year, source_id)
VALUES (%(id)s, %(title)s, %(folded)s, %(artist)s, %(album)s, %(disc)s, %(number)s,
        %(duration_ms)s, %(genres)s, %(year)s, %(source)s)
"""
_UPDATE = """
UPDATE tracks SET title = %(title)s, folded = %(folded)s, artist_id = %(artist)s,
    album_id = %(album)s, disc_number = %(disc)s, track_number = %(number)s, genres = %(genres)s,
    year = %(year)s, version = version + 1
WHERE id = %(id)s
"""
_TAGS = """
SELECT t.title, coalesce(ar.tagged_name, ar.name), coalesce(al.tagged_title, al.title, ''),
       coalesce(aa.tagged_name, aa.name, ''), t.disc_number, t.track_number, t.year, t.genres,
       t.duration_ms, t.artist_id, coalesce(t.album_id, ''), t.tagged_artist, t.hidden
FROM tracks t JOIN artists ar ON ar.id = t.artist_id
    LEFT JOIN albums al ON al.id = t.album_id LEFT JOIN artists aa ON aa.id = al.artist_id
WHERE t.id = %s
"""
_TAGGED_ARTIST = "UPDATE tracks SET tagged_artist = %s WHERE id = %s"
_FOLLOW = "UPDATE track_merges SET track_id = %s WHERE track_id = %s"
_LEAD = "UPDATE sources SET track_id = %s WHERE track_id = %s"
_DROP = "DELETE FROM tracks WHERE id = %s RETURNING version"
_EDITED_ARTIST = """
SELECT ar.name FROM tracks gone JOIN artists ar ON ar.id = gone.artist_id
    JOIN tracks t ON t.id = %s AND t.tagged_artist IS NULL
WHERE gone.id = %s AND gone.tagged_artist IS NOT NULL
"""
_INHERIT = """
UPDATE tracks t SET version = t.version + 1,
    edited_title = coalesce(t.edited_title, gone.edited_title),
    edited_folded = coalesce(t.edited_folded, gone.edited_folded),
    access = greatest(t.access, gone.access), taken_down = t.taken_down OR gone.taken_down
FROM tracks gone
WHERE t.id = %s AND gone.id = %s AND (
    t.edited_title IS NULL AND gone.edited_title IS NOT NULL
    OR t.access < gone.access OR NOT t.taken_down AND gone.taken_down
)
"""
_MERGE = "INSERT INTO track_merges (id, track_id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_LENGTHEN = """
UPDATE albums al SET total_duration_ms = al.total_duration_ms + %(duration_ms)s - t.duration_ms,
    hidden_duration_ms = al.hidden_duration_ms
        + CASE WHEN t.hidden THEN %(duration_ms)s - t.duration_ms ELSE 0 END,
    version = al.version + 1
FROM tracks t WHERE t.id = %(track)s AND al.id = t.album_id AND t.duration_ms <> %(duration_ms)s
"""
_DRESS = """
UPDATE albums al SET artwork = %(artwork)s, version = al.version + 1
FROM tracks t WHERE t.id = %(track)s AND al.id = t.album_id AND al.artwork = ''
"""


def _columns(
    track_id: str, source_id: str, tags: Tags, credits_: track_credits.Credits
) -> dict[str, object]:
    album = credits_.album(tags)
    return {
        "id": track_id,
        "title": tags.title,
        "folded": title_key(tags.title),
        "artist": credits_.artist(tags).id,
        "album": album.id if album else None,
        "disc": tags.disc_number,
        "number": tags.track_number,
        "duration_ms": tags.duration_ms,
        "genres": list(tags.genres),
        "year": tags.year,
        "source": source_id,
    }


async def insert(
    connection: postgres.Connection, track_id: str, source_id: str, tags: Tags
) -> None:
    """A new PENDING track, in the feed too."""
    credits_ = await track_credits.credit(connection, [tags])
    await connection.execute(_INSERT, _columns(track_id, source_id, tags, credits_))
    _, credited = await hiding.placed(connection, [track_id], credits_)
    changed = await changes(connection, track_id, with_album=False)
    await feeds_postgres.append(connection, *credited, *changed)


async def retag(connection: postgres.Connection, track_id: str, tags: Tags) -> None:
    """Take ``tags`` over where they differ from the track's, its measured length excepted.

    Where an administrator said whose the track is, the tags' artist is only remembered.
    """
    row = await (await connection.execute(_TAGS, [track_id])).fetchone()
    if row is None:
        return
    if row[11] is not None:
        await connection.execute(_TAGGED_ARTIST, [tags.artist, track_id])
        tags = replace(tags, artist=row[1])
    await _take_over(connection, track_id, row, tags)


async def credit_to(connection: postgres.Connection, track_id: str, artist: str) -> None:
    """Make a track that artist's, whatever its tags say; empty: whose the tags say it is."""
    row = await (await connection.execute(_TAGS, [track_id])).fetchone()
    if row is None or not (artist or row[11]):
        return
    tagged = (row[11] or row[1]) if artist else None
    await connection.execute(_TAGGED_ARTIST, [tagged, track_id])
    await _take_over(connection, track_id, row, _tags_of(row, artist or row[11]))


def _tags_of(row: rows.Row, artist: str) -> Tags:
    return Tags(
        title=row[0],
        artist=artist,
        album=row[2],
        album_artist=row[3],
        disc_number=row[4],
        track_number=row[5],
        year=row[6],
        genres=tuple(row[7]),
        duration_ms=row[8],
    )


async def _take_over(
    connection: postgres.Connection, track_id: str, row: rows.Row, tags: Tags
) -> None:
    if not _differ(row, tags):
        return
    counted = _with_duration(tags, row[8])
    credits_ = await track_credits.credit(connection, [counted])
    await connection.execute(_UPDATE, _columns(track_id, "", counted, credits_))
    turned = await hiding.settle(connection, [track_id])
    if row[12]:
        await hiding.recount(connection, *_recounted(row, credits_, turned))
    credited = await track_credits.credited(connection, credits_)
    left = await track_credits.leave(
        connection, artist_id=row[9], album_id=row[10], duration_ms=row[8]
    )
    changed = await changes(connection, track_id, with_album=False)
    await feeds_postgres.append(connection, *credited, *left, *changed)


def _recounted(
    row: rows.Row, credits_: track_credits.Credits, turned: hiding.Turned
) -> tuple[set[str], set[str]]:
    """The names whose hidden tracks are others when a hidden track moves, and are not counted."""
    artists = {row[9], *(one.id for one in credits_.artists.values())}
    albums = {row[10], *(one.id for one in credits_.albums.values())} - {""}
    return artists - turned.artists, albums - turned.albums


def _differ(row: rows.Row, tags: Tags) -> bool:
    """Whether names mean someone else or anything else is not the same."""
    plain = (tags.title, tags.disc_number, tags.track_number, tags.year, tags.genres)
    if plain != (row[0], row[4], row[5], row[6], tuple(row[7])):
        return True
    folded = [identity(name) for name in (tags.artist, tags.album, tags.album_artist)]
    return folded != [identity(name) for name in row[1:4]]


def _with_duration(tags: Tags, duration_ms: int) -> Tags:
    return Tags(duration_ms=duration_ms).filled_from(tags)


async def merge(connection: postgres.Connection, track_id: str, into: str) -> None:
    """Remove a track that turned out to be another one; its id leads there from now on.

    What an administrator said of it is said of the other, where nothing was said of that.
    """
    row = await (await connection.execute(_TAGS, [track_id])).fetchone()
    if row is None:
        return
    await _inherit(connection, into, track_id)
    await connection.execute(_FOLLOW, [into, track_id])
    await connection.execute(_LEAD, [into, track_id])
    dropped = await (await connection.execute(_DROP, [track_id])).fetchone()
    await connection.execute(_MERGE, [track_id, into])
    version = dropped[0] + 1 if dropped else 1
    if row[12]:
        await hiding.recount(connection, [row[9]], [row[10]] if row[10] else [])
    left = await track_credits.leave(
        connection, artist_id=row[9], album_id=row[10], duration_ms=row[8]
    )
    await feeds_postgres.append(connection, feed_changes.removal("track", track_id, version), *left)


async def _inherit(connection: postgres.Connection, track_id: str, gone: str) -> None:
    """Say of a track what was said of one that goes; of two accesses the narrower one."""
    artist = await (await connection.execute(_EDITED_ARTIST, [track_id, gone])).fetchone()
    if artist is not None:
        await credit_to(connection, track_id, artist[0])
    if (await connection.execute(_INHERIT, [track_id, gone])).rowcount:
        turned = await hiding.settle(connection, [track_id])
        changed = await changes(connection, track_id, with_album=False)
        await feeds_postgres.append(connection, *changed, *await names_told(connection, turned))


async def lengthen_album(connection: postgres.Connection, track_id: str, duration_ms: int) -> None:
    """Correct the album's length before the track gets its measured one."""
    await connection.execute(_LENGTHEN, {"track": track_id, "duration_ms": duration_ms})


async def dress_album(connection: postgres.Connection, track_id: str, artwork: str) -> None:
    """Give the track's album a cover when it has none."""
    if artwork:
        await connection.execute(_DRESS, {"track": track_id, "artwork": artwork})


async def names_told(connection: postgres.Connection, turned: hiding.Turned) -> list[Change]:
    """What the feed says of the names whose tracks turned."""
    artists = await track_credits.artist_changes(connection, sorted(turned.artists))
    return artists + await track_credits.album_changes(connection, sorted(turned.albums))


async def publish(connection: postgres.Connection, track_ids: Collection[str]) -> None:
    """Tell many tracks as they are now, a bounded number at a time."""
    ids = sorted(track_ids)
    for start in range(0, len(ids), AT_ONCE):
        query = f"{rows.TRACK} WHERE t.id = ANY (%s)"
        cursor = await connection.execute(query.encode(), [ids[start : start + AT_ONCE]])
        told = [feed_changes.track_change(rows.track(row)) for row in await cursor.fetchall()]
        await feeds_postgres.append(connection, *told)


async def changes(
    connection: postgres.Connection, track_id: str, *, with_album: bool = True
) -> list[Change]:
    """What the feed says of the track, and of its album, as they are now."""
    query = f"{rows.TRACK} WHERE t.id = %s"
    row = await (await connection.execute(query.encode(), [track_id])).fetchone()
    if row is None:
        return []
    track = rows.track(row)
    changed = [feed_changes.track_change(track)]
    if with_album and track.album_id:
        changed += await track_credits.album_changes(connection, [track.album_id])
    return changed
