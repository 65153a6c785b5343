"""The contract of what affiliations two users to each other's playlists."""

from __future__ import annotations

from dataclasses import replace

from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.members import with_member
from playlist_svc.ports.playlists import PlaylistStore, Writing
from playlist_svc.ports.social import Affiliation, Affiliations
from tests.contracts.playlist.sharing_samples import NOW, a_playlist, held, new_id


async def shared(store: PlaylistStore, owner: str, *members: str, deleted: bool = False) -> str:
    """A public playlist with viewers, perhaps deleted; its id."""
    head = await a_playlist(store, owner, Visibility.PUBLIC)

    async def change(writing: Writing) -> None:
        changed = replace(writing.head, deleted_at_ms=NOW if deleted else None)
        for member in members:
            changed = with_member(changed, member, Role.VIEWER, NOW)
        writing.change(changed)

    await held(store, head.playlist_id, change)
    return head.playlist_id


class AffiliationsContract:
    """Subclass it with fixtures ``playlists`` and ``affiliations`` over the same, empty store."""

    async def test_roles_and_following_tie_both_ways_and_nobody_else(
        self, playlists: PlaylistStore, affiliations: Affiliations
    ) -> None:
        one, other, third = (new_id() for _ in range(3))
        edited = await shared(playlists, one, other, third)
        followed = await shared(playlists, other, third)
        both = await shared(playlists, other, one)
        for playlist_id in (followed, both):
            await playlists.follow(playlist_id, one, NOW)
        theirs = await shared(playlists, third, one, other)
        await playlists.follow(theirs, one, NOW)
        await playlists.follow(edited, one, NOW)
        await shared(playlists, one)
        found = await affiliations.between(one, other)
        assert found == sorted(
            [Affiliation(edited, other), Affiliation(followed, one), Affiliation(both, one)],
            key=lambda affiliation: affiliation.playlist_id,
        )
        assert await affiliations.between(other, one) == found

    async def test_deleted_playlists_tie_too_for_they_can_be_recovered(
        self, playlists: PlaylistStore, affiliations: Affiliations
    ) -> None:
        one, other = new_id(), new_id()
        deleted = await shared(playlists, one, other, deleted=True)
        assert await affiliations.between(one, other) == [Affiliation(deleted, other)]

    async def test_what_was_erased_ties_nobody(
        self, playlists: PlaylistStore, affiliations: Affiliations
    ) -> None:
        one, other = new_id(), new_id()
        playlist_id = await shared(playlists, one, other)
        await playlists.follow(playlist_id, other, NOW)
        await playlists.erase(one)
        assert await affiliations.between(one, other) == []
