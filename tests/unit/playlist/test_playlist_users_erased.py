"""Who was erased is forgotten by all that holds something of users."""

from __future__ import annotations

from meshkit.erasure import MemoryPendingErasures, UserErasure
from meshkit.feeds import MemoryChangeFeed
from playlist_svc.adapters.memory.library import MemoryCollection
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.social import MemorySocial
from playlist_svc.domain.playlist import Head
from tests.contracts.playlist.playlists_world import NOW, made, new_id


async def test_playlists_saved_tracks_and_following_of_the_erased_go() -> None:
    store, saved, social = (
        MemoryPlaylists(),
        MemoryCollection[str](),
        MemorySocial(MemoryChangeFeed()),
    )
    leaver, stays = new_id(), new_id()
    gone: Head = await made(store, leaver, 2)
    kept: Head = await made(store, stays, 2)
    for user_id, other_id in ((leaver, stays), (stays, leaver)):
        await saved.save(user_id, ["t"], NOW)
        await social.follow(user_id, [other_id], [], NOW)
    await UserErasure([store, saved, social], MemoryPendingErasures()).erase([leaver])
    assert await store.head(gone.playlist_id) is None
    assert await store.head(kept.playlist_id) == kept
    assert [await saved.among(one, ["t"]) for one in (leaver, stays)] == [set(), {"t"}]
    relation = await social.relation(stays, leaver)
    assert (relation.following, relation.follower_count) == (False, 0)
