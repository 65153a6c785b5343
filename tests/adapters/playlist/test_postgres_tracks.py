"""The replica of the catalogue's tracks in PostgreSQL under its contracts."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from meshkit import postgres
from meshkit.faults import NotFound, Unavailable
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.adapters.postgres.tracks import HELD_S, PostgresTracks
from playlist_svc.domain.rules import Ordering, Rule, RuleMatch, require_valid_rule
from playlist_svc.ports.tracks import Track
from tests.contracts.playlist.tracks_rules_suite import RulesContract
from tests.contracts.playlist.tracks_suite import TrackReplicaContract, TracksContract
from tests.contracts.playlist.tracks_world import (
    NOW,
    OWNER,
    ScriptedCatalogue,
    TracksUnderTest,
    a_track,
    catalogues,
    libraries,
    removed,
    rules,
    told,
)
from tests.profiles import examples


@pytest.fixture
def world(pool: postgres.Pool) -> TracksUnderTest:
    catalogue = ScriptedCatalogue()
    # Nothing stays in memory, so that every question is the store's to answer.
    tracks = PostgresTracks(pool, catalogue, held=0)

    async def save(owner_id: str, saved_at: dict[str, int]) -> None:
        async with pool.connection() as connection:
            for track_id, at_ms in saved_at.items():
                await connection.execute(
                    "INSERT INTO saved_tracks VALUES (%s, %s, %s)",
                    [owner_id, track_id, datetime.fromtimestamp(at_ms / 1000, UTC)],
                )

    return TracksUnderTest(tracks, PostgresCatalogueReplica(pool), catalogue, save)


class TestPostgresTracks(TracksContract):
    """Tracks by id."""


class TestPostgresCatalogueReplica(TrackReplicaContract):
    """What the feed tells."""


class TestPostgresRules(RulesContract):
    """What rules choose."""


@settings(
    max_examples=examples(200),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tracks=catalogues(), saved=libraries(), rule=rules())
async def test_rules_choose_the_same_in_postgresql_and_in_memory(
    pool: postgres.Pool,
    world: TracksUnderTest,
    tracks: list[Track],
    saved: dict[str, int],
    rule: Rule,
) -> None:
    require_valid_rule(rule)
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE tracks, saved_tracks")
    memory = MemoryTracks(world.catalogue, lambda _: saved)
    await world.save(OWNER, saved)
    for copy in (memory, world.copy):
        await copy.apply([told(track) for track in tracks], "")
    expected = await memory.select(rule, OWNER, NOW)
    assert await world.tracks.select(rule, OWNER, NOW) == expected
    ids = [track.track_id for track in tracks]
    assert await world.tracks.named(ids) == await memory.named(ids)


async def test_a_name_is_held_for_a_minute_and_read_again_after_it(
    pool: postgres.Pool, world: TracksUnderTest
) -> None:
    clock = [100.0]
    tracks = PostgresTracks(pool, world.catalogue, now_s=lambda: clock[0])
    old = a_track("Old")
    new = replace(old, title="New")
    await world.tell(old)
    assert await tracks.named([old.track_id]) == {old.track_id: old}
    await world.tell(new, version=2)
    clock[0] += HELD_S - 0.001
    assert await tracks.named([old.track_id]) == {old.track_id: old}
    clock[0] += 0.001
    assert await tracks.named([old.track_id]) == {old.track_id: new}


async def test_what_can_be_added_is_read_anew_though_its_name_is_held(
    pool: postgres.Pool, world: TracksUnderTest
) -> None:
    tracks = PostgresTracks(pool, world.catalogue, now_s=lambda: 100.0)
    stays, leaves = a_track("Stays"), a_track("Leaves")
    ids = [stays.track_id, leaves.track_id]
    await world.tell(stays, leaves)
    there = await tracks.require(ids)
    assert there == {stays.track_id: stays, leaves.track_id: leaves}
    await world.copy.apply([removed(leaves, 2)], "t2")
    with pytest.raises(NotFound) as refused:
        await tracks.require(ids)
    assert refused.value.metadata == {"resource": "track", "id": leaves.track_id}
    gone = replace(leaves, available=False)
    assert await tracks.named(ids) == {stays.track_id: stays, leaves.track_id: gone}
    await world.copy.apply([told(leaves, 3)], "t3")
    assert await tracks.require(ids) == there
    assert world.catalogue.asked == []


async def test_consumers_that_overlap_end_at_the_newest_versions(pool: postgres.Pool) -> None:
    tracks = [a_track() for _ in range(30)]
    chance = random.Random(7)
    history = [
        [removed(track, version) if chance.random() < 0.2 else told(_at(track, version), version)]
        for version in range(1, 9)
        for track in tracks
    ]

    async def consume(seed: int) -> None:
        replica = PostgresCatalogueReplica(pool)
        order = random.Random(seed).sample(history, len(history))
        for at in range(0, len(order), 40):
            await replica.apply([c for part in order[at : at + 40] for c in part], f"{seed}")

    await asyncio.gather(*map(consume, range(4)))
    found = await PostgresTracks(pool, ScriptedCatalogue()).named([t.track_id for t in tracks])
    last = {change.id: change for [change] in history}
    for track in tracks:
        change = last[track.track_id]
        if change.track is None:
            assert track.track_id not in found or not found[track.track_id].available
        else:
            assert found[track.track_id] == change.track


async def test_questions_and_the_feed_at_once_end_in_what_the_feed_told(
    pool: postgres.Pool,
) -> None:
    tracks = [a_track() for _ in range(300)]
    catalogue = ScriptedCatalogue({track.track_id: track for track in tracks})
    ids = [track.track_id for track in tracks]
    asking = [PostgresTracks(pool, catalogue).require(ids[::step]) for step in (1, -1, 2)]
    copy = PostgresCatalogueReplica(pool)
    feed = copy.apply([told(_at(track, 1), 1) for track in reversed(tracks)], "t")
    await asyncio.gather(*asking, feed)
    found = await PostgresTracks(pool, catalogue).named(ids)
    assert found == {track.track_id: _at(track, 1) for track in tracks}


async def test_a_store_that_is_away_is_unavailable() -> None:
    async with postgres.open_pool(
        "host=/nonexistent dbname=none", schema="playlist", acquire_timeout_s=0.1
    ) as pool:
        tracks = PostgresTracks(pool, ScriptedCatalogue())
        rule = Rule(RuleMatch.ALL, (), 1, Ordering.ADDED, descending=False)
        for call in (tracks.named(["x"]), tracks.require(["x"]), tracks.select(rule, OWNER, NOW)):
            with pytest.raises(Unavailable):
                await call


def _at(track: Track, version: int) -> Track:
    return replace(track, title=f"Version {version}")
