"""No table of the schema keeps anything of an erased user but authorship in others' histories."""

from __future__ import annotations

from meshkit import postgres
from meshkit.erasure import ErasingReplica, MemoryPendingErasures, UserChange, UserErasure
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.postgres.library import (
    PostgresBlockedArtists,
    PostgresSavedAlbums,
    PostgresSavedTracks,
)
from playlist_svc.adapters.postgres.people import PostgresUserReplica
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.sharing import PostgresShares
from playlist_svc.adapters.postgres.social import PostgresSocial
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.library import Album
from playlist_svc.domain.playlist import Member
from playlist_svc.domain.social import Artist, Circle
from tests.contracts.playlist.playlists_world import NOW, appended, edit, entries, made, new_id
from tests.contracts.playlist.sharing_samples import a_share, code_digest, held

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'playlist' AND data_type IN ('text', 'jsonb')
  AND table_name <> 'change_feed' ORDER BY 1, 2
"""


async def places_of(pool: postgres.Pool, user_id: str) -> set[str]:
    """The columns that hold the id anywhere, but for those of the feed and of kept answers."""
    found = set()
    async with pool.connection() as connection:
        columns = await (await connection.execute(_COLUMNS)).fetchall()
        for table, column in columns:
            rows = f"SELECT count(*) FROM {table} WHERE strpos({column}::text, %s) > 0"
            row = await (await connection.execute(rows.encode(), [user_id])).fetchone()
            if row and row[0]:
                found.add(f"{table}.{column}")
    return found


class Stores:
    """Everything that holds something of users, on one database."""

    def __init__(self, pool: postgres.Pool) -> None:
        self.playlists = PostgresPlaylists(pool, ContentCache(), MemoryHeads())
        self.shares = PostgresShares(pool)
        self.tracks, self.albums = PostgresSavedTracks(pool), PostgresSavedAlbums(pool)
        self.social = PostgresSocial(pool)
        self.artists = PostgresBlockedArtists(pool)
        collections = (self.tracks, self.albums, self.artists)
        holders = (self.playlists, self.shares, *collections, self.social)
        erasure = UserErasure(holders, MemoryPendingErasures())
        self.users = ErasingReplica(PostgresUserReplica(pool, lambda: NOW), erasure)

    async def live(self, user_id: str, other_id: str) -> None:
        """Has the user do all that leaves a trace, much of it with the other one."""
        await made(self.playlists, user_id, 2, members=(Member(other_id, Role.VIEWER, NOW),))
        members = (Member(user_id, Role.EDITOR, NOW),)
        theirs = await made(
            self.playlists, other_id, 2, members=members, visibility=Visibility.PUBLIC
        )
        playlist_id = theirs.playlist_id
        await edit(self.playlists, playlist_id, user_id, appended(entries(1, user_id)[0]))
        await self.playlists.follow(playlist_id, user_id, NOW)
        share = a_share(playlist_id)
        await held(self.playlists, playlist_id, lambda w: self.shares.add(w, share, code_digest(1)))
        await held(
            self.playlists,
            playlist_id,
            lambda w: self.shares.count_accepted(w, share.share_id, user_id),
        )
        await self.tracks.save(user_id, [new_id()], NOW)
        await self.albums.save(user_id, [Album(new_id(), "A", "B", new_id(), 1999, "")], NOW)
        await self.artists.save(user_id, [Artist(new_id(), "D")], NOW)
        await self.social.follow(user_id, [other_id], [Artist(new_id(), "C")], NOW)
        await self.social.follow(other_id, [user_id], [], NOW)
        await self.social.block(user_id, new_id(), NOW)
        await self.social.block(new_id(), user_id, NOW)
        await self.social.set_audience(user_id, Circle.NOBODY, None)
        await self.users.apply([UserChange(user_id, "ada"), UserChange(other_id, "bob")], "t1")


async def test_of_an_erased_user_the_authorship_in_others_histories_stays_alone(
    pool: postgres.Pool,
) -> None:
    stores, user_id, other_id = Stores(pool), new_id(), new_id()
    await stores.live(user_id, other_id)
    before = await places_of(pool, user_id)
    assert before >= {
        "blocks.blocked_id",
        "blocked_artists.user_id",
        "blocks.user_id",
        "collaborators.user_id",
        "follows.target_id",
        "follows.user_id",
        "people.user_id",
        "playlist_followers.user_id",
        "playlists.members",
        "playlists.owner_id",
        "privacy.user_id",
        "saved_albums.user_id",
        "saved_tracks.user_id",
        "share_acceptances.user_id",
        "snapshots.author_id",
        "user_counts.user_id",
    }
    others = await places_of(pool, other_id)
    await stores.users.apply([UserChange(user_id, None)], "t2")
    assert await places_of(pool, user_id) == {"snapshots.author_id"}
    assert await places_of(pool, other_id) >= others - {
        "collaborators.user_id",
        "follows.target_id",
        "follows.user_id",
        "playlists.members",
    }
