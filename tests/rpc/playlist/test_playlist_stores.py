"""The service as its process puts it together: PostgreSQL, Valkey, and neighbours that are away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from meshkit.faults import Unavailable
from meshkit.process import service_process
from meshkit.testing import stores
from meshkit.testing.rpc import served_mesh
from meshkit.testing.stores import PostgresServer
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.assembly import assemble
from playlist_svc.ports.tracks import TrackChange
from playlist_svc.schema import SCHEMA
from playlist_svc.usecases import smart_refresh
from playlist_svc.wiring import connect
from tests.rpc.playlist.assembled import playlist_settings
from tests.rpc.playlist.harness import Instance, User, World, a_track, refused

NOWHERE = "ipv4:127.0.0.1:9"


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The DSN of a database of this test alone."""
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        yield dsn


@pytest.fixture
async def stored(world: World, database: str, valkey_url: str) -> AsyncIterator[Instance]:
    """An instance over real stores, with two connections for writes."""
    changed = {
        "database_dsn": SecretStr(database),
        "database_pool_size": 2,
        "lookup_pool_size": 1,
        "valkey_url": valkey_url,
        "catalog_target": NOWHERE,
        "identity_target": NOWHERE,
    }
    settings = playlist_settings(world.tls).model_copy(update=changed)
    tokens = world.issuer.verifier()
    async with service_process(settings, SCHEMA, tokens=tokens) as process:
        assemble(process, settings, await connect(process, settings))
        async with served_mesh(process, world.tls, world.issuer) as mesh:
            yield Instance(mesh, world)


@pytest.fixture
async def track_ids(database: str) -> list[str]:
    """Tracks that the copy of the catalogue was told."""
    tracks = [a_track(title) for title in "abcdefgh"]
    async with stores.open_pool(database, schema=SCHEMA.name, max_size=1) as pool:
        copy = PostgresCatalogueReplica(pool)
        await copy.apply([TrackChange(one.track_id, 1, one) for one in tracks], "token")
    return [one.track_id for one in tracks]


async def test_edits_history_and_views_work_over_real_stores(
    stored: Instance, track_ids: list[str]
) -> None:
    ann = stored.user("ann")
    playlist_id = await ann.made(public=True)
    view = ann.watch(playlist_id)
    await view.read()
    fields = {"playlist_id": playlist_id, "track_ids": track_ids, "request_id": "r"}
    first = await ann.call("AddTracks", **fields)
    assert await ann.call("AddTracks", **fields) == first
    assert [one.track.title for one in (await view.read()).update.changes] == list("abcdefgh")
    await ann.call("SortTracks", playlist_id=playlist_id, by="TITLE", descending=True)
    assert await ann.titles(playlist_id) == "hgfedcba"
    await ann.call("Undo", playlist_id=playlist_id)
    assert await ann.titles(playlist_id) == "abcdefgh"
    ben = stored.user("ben")
    await ben.call("FollowPlaylist", playlist_id=playlist_id)
    (followed,) = (await ben.call("ListPlaylists", kind="FOLLOWED")).playlists
    assert (followed.playlist_id, followed.followed, followed.owner) == (playlist_id, True, "")
    smart = await ann.made(rule={"order": "TITLE", "limit": 3})
    assert await ann.titles(smart) == "abc"


async def test_edits_of_many_lists_at_once_do_not_wait_for_each_other_for_ever(
    stored: Instance, track_ids: list[str]
) -> None:
    ann = stored.user("ann")
    lists = [await ann.made() for _ in range(12)]

    async def add(playlist_id: str, track_id: str) -> None:
        fields = {
            "playlist_id": playlist_id,
            "track_ids": [track_id],
            "request_id": playlist_id + track_id,
        }
        while True:
            # A busy machine may keep an edit longer than it waits for a connection.
            with suppress(Unavailable):
                await ann.call("AddTracks", **fields)
                return

    await asyncio.gather(*(add(one, track_id) for track_id in track_ids[:3] for one in lists))
    for playlist_id in lists:
        assert sorted(await ann.titles(playlist_id)) == list("abc")


async def test_reads_are_answered_however_much_is_edited_at_once(
    stored: Instance, track_ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each read of a smart playlist evaluates its rule, and writes what it chooses then.
    monkeypatch.setattr(smart_refresh, "FRESH_MS", -1)
    ann, others = stored.user("ann"), [stored.user(f"reader {number}") for number in range(2)]
    edited = await ann.made(public=True)
    smart = await ann.made(public=True, rule={"order": "TITLE", "limit": 5})
    begun = (await ann.get(edited)).snapshot_id

    async def edit(turn: int) -> None:
        with suppress(Unavailable):
            track_id = track_ids[turn % len(track_ids)]
            await ann.call("AddTracks", playlist_id=edited, track_ids=[track_id])
            await ann.update(edited, title=f"Title {turn}")
            rule = {"order": "TITLE", "limit": 1 + turn % 5}
            await ann.update(smart, rule=rule)

    async def edits() -> None:
        for turn in range(12):
            await edit(turn)

    async def reads(user: User, method: str, **fields: Any) -> int:
        count = 0
        while not editing.done():
            # Any other fault fails the test: that there were edits is no reason to refuse a read.
            with suppress(Unavailable):
                await user.call(method, **fields)
                count += 1
        return count

    asked: list[tuple[str, dict[str, Any]]] = [
        ("GetPlaylist", {"playlist_id": edited}),
        ("ListTracks", {"playlist_id": edited, "page_size": 500}),
        ("ListSnapshots", {"playlist_id": edited}),
        ("DiffSnapshots", {"playlist_id": edited, "from_snapshot_id": begun}),
        ("GetPlaylist", {"playlist_id": smart}),
        ("ListTracks", {"playlist_id": smart}),
    ]
    async with asyncio.TaskGroup() as group:
        editing = group.create_task(edits())
        reading = [
            group.create_task(reads(user, method, **fields))
            for user in others
            for method, fields in asked
        ]
    assert min(task.result() for task in reading) > 0


async def test_a_track_that_only_the_catalogue_could_know_waits_for_it(stored: Instance) -> None:
    ann = stored.user("ann")
    playlist_id = await ann.made()
    fault = await refused(
        ann.call("AddTracks", playlist_id=playlist_id, track_ids=[a_track("x").track_id])
    )
    assert fault.code == "UNAVAILABLE"
