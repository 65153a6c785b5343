"""Sorting the tracks of a playlist, over gRPC."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from playlist_svc.domain.access import Role
from tests.rpc.playlist.harness import Instance, User, World


async def test_sorting_is_what_people_expect(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    names = ["The Zebra", "apple", "Éclair", "banana"]
    ids = [
        await world.track(name, year=year, duration_ms=length)
        for name, year, length in zip(names, [3, 1, 2, 1], [1, 4, 3, 2], strict=True)
    ]
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=ids)

    async def sorted_by(by: str, *, descending: bool = False) -> list[str]:
        await ann.call("SortTracks", playlist_id=playlist_id, by=by, descending=descending)
        return [track.title for track in await ann.listed(playlist_id)]

    assert await sorted_by("TITLE") == ["apple", "banana", "Éclair", "The Zebra"]
    assert await sorted_by("DURATION") == ["The Zebra", "banana", "Éclair", "apple"]
    assert await sorted_by("YEAR") == ["banana", "apple", "Éclair", "The Zebra"]
    assert await sorted_by("ARTIST", descending=True) == ["The Zebra", "Éclair", "banana", "apple"]
    assert (await ann.history(playlist_id))[-1].summary == "sorted by artist"
    assert await sorted_by("ADDED_BY") == ["The Zebra", "Éclair", "banana", "apple"]


async def test_a_long_list_is_sorted_as_a_short_one_is(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    ids = await world.tracks_of("cab")
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=ids * 700)
    await ann.call("SortTracks", playlist_id=playlist_id, by="TITLE")
    titles, token = "", ""
    while not titles or token:
        page = await ann.call(
            "ListTracks", playlist_id=playlist_id, page_size=500, page_token=token
        )
        titles += "".join(track.title for track in page.tracks)
        token = page.next_page_token
    assert titles == "a" * 700 + "b" * 700 + "c" * 700


async def test_names_are_asked_for_while_nobody_waits_for_the_list(
    ann: User, ben: User, instance: Instance, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist_id = await ann.made("a")
    cyd = instance.user("cyd")
    ghost = cyd.user_id
    del world.people.known[ghost]
    for user_id in (ben.user_id, ghost):
        await world.join(playlist_id, user_id, Role.EDITOR)
    await ben.add(playlist_id, "b", position=0)
    await cyd.add(playlist_id, "c", position=0)
    names, asked = world.people.names, list[set[str]]()

    async def names_while_others_write(user_ids: Collection[str]) -> Mapping[str, str]:
        if not asked:
            asked.append(set(user_ids))
            await ben.add(playlist_id, "d")
        return await names(user_ids)

    monkeypatch.setattr(world.people, "names", names_while_others_write)
    await ann.call("SortTracks", playlist_id=playlist_id, by="ADDED_BY")
    assert asked == [{ann.user_id, ben.user_id, ghost}]
    monkeypatch.undo()
    assert await ann.titles(playlist_id) == "abdc"
