"""A mesh that ran before the contracts settled goes on with what it had stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from segue.catalog.v1 import asset_pb2

from catalog_svc import schema as catalog
from catalog_svc.adapters.postgres import title_backfill
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.domain.listings import TrackQuery, TrackSort, track_place
from edge.identity import schema as identity
from edge.identity.adapters.postgres.accounts import PostgresAccounts
from meshkit import feeds_postgres, postgres
from meshkit.clock import now_ms
from meshkit.faults import OutOfRange
from meshkit.migrations import migrate
from meshkit.testing import stores
from playback_svc import schema as playback
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.plays import PostgresPlays
from playlist_svc import schema as playlist
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.postgres.library import PostgresSavedTracks
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from tests.upgrades.stored import STORED, fill_as_then

ADA = "01M8P9KDCWZR1MH4TR4B0A7CAQ"
HARBOUR_1 = "01M8P9KDFR0DBTDZMMVBKNJNQA"
SUNDAY = "01M8P9KXHCXV0KSMJHVV9ET8DA"
SCHEMAS = {one.SCHEMA.name: one.SCHEMA for one in (catalog, identity, playback, playlist)}


@asynccontextmanager
async def upgraded(dsn: str, schema: str) -> AsyncIterator[postgres.Pool]:
    """A pool on the schema as it was then, brought up to date."""
    await fill_as_then(dsn, schema, SCHEMAS[schema].sources)
    await migrate(dsn, schema=schema, sources=SCHEMAS[schema].sources)
    async with stores.open_pool(dsn, schema=schema, application_name="upgrade", max_size=2) as pool:
        yield pool


def count(dsn: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(dsn) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() or (0,)
    return int(found)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_feed_of_then_is_told_anew(database_dsn: str, schema: str) -> None:
    await fill_as_then(database_dsn, schema, SCHEMAS[schema].sources)
    async with (
        stores.open_pool(database_dsn, schema=schema, application_name="then", max_size=2) as pool,
        feeds_postgres.open_feed(database_dsn, schema=schema, pool=pool) as feed,
    ):
        token = await feed.head()
        await migrate(database_dsn, schema=schema, sources=SCHEMAS[schema].sources)
        stop = asyncio.Event()
        with pytest.raises(OutOfRange) as refused:
            async for _ in feed.watch(token, stop=stop):
                stop.set()
        assert refused.value.reason == "RESUME_TOKEN_EXPIRED"
        assert count(database_dsn, f"{schema}.change_feed") == 0


@pytest.mark.parametrize(
    ("schema", "table"),
    [
        ("catalog", "request_answers"),
        ("identity", "request_answers"),
        ("playback", "answers"),
        ("playlist", "request_answers"),
    ],
)
async def test_no_answer_of_then_is_given_again(database_dsn: str, schema: str, table: str) -> None:
    name = f"{schema}.{table}"
    await fill_as_then(database_dsn, schema, SCHEMAS[schema].sources)
    assert count(database_dsn, name) > 0
    await migrate(database_dsn, schema=schema, sources=SCHEMAS[schema].sources)
    assert count(database_dsn, name) == 0


async def test_tracks_of_then_are_listed(database_dsn: str) -> None:
    async with upgraded(database_dsn, "catalog") as pool:
        tracks = await PostgresCatalogue(pool, JobQueue()).tracks(after=None, limit=10)
    assert sorted(track.title for track in tracks) == ["Harbour 1", "Harbour 2", "Harbour 3"]
    assert {track.artist for track in tracks} == {"Tide"}
    assert all(track.duration_ms > 30_000 for track in tracks)


async def test_tracks_of_then_are_listed_by_title(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(title_backfill, "_ROWS", 2)
    async with upgraded(database_dsn, "catalog") as pool:
        await title_backfill.fold_titles(pool)
        reads = PostgresCatalogue(pool, JobQueue())
        query = TrackQuery(TrackSort.TITLE)
        whole = await reads.tracks(query, after=None, limit=10)
        place = track_place(TrackSort.TITLE, whole[0])
        assert await reads.tracks(query, after=place, limit=10) == whole[1:]
    assert [track.title for track in whole] == ["Harbour 1", "Harbour 2", "Harbour 3"]


async def test_users_of_then_are_known(database_dsn: str) -> None:
    async with upgraded(database_dsn, "identity") as pool:
        found = await PostgresAccounts(pool).find_named("ben")
    assert found is not None
    assert found.email == "ben@example.org"


async def test_what_played_then_can_be_resumed(database_dsn: str) -> None:
    async with upgraded(database_dsn, "playback") as pool:
        found = await PostgresPlayerStates(pool).read(ADA, None, now_ms())
        (play,) = await PostgresPlays(pool).page(ADA, None, 10, distinct=False)
    assert found.state is not None
    assert (found.state.status.name, *found.state.version) == ("PAUSED", 1, 3)
    assert found.state.rung == "256"
    assert [device.device_id for device in found.devices] == ["kitchen"]
    assert found.preferences.bitrate.name == "AAC_320"
    assert found.preferences.share_activity
    assert (play.track_id, play.heard_ms, play.counted) == (HARBOUR_1, 17_216, True)


async def test_lists_of_then_have_their_tracks_and_versions(database_dsn: str) -> None:
    async with upgraded(database_dsn, "playlist") as pool:
        store = PostgresPlaylists(pool, ContentCache(1 << 20), MemoryHeads())
        head = await store.head(SUNDAY)
        assert head is not None
        contents = [await store.content(head, revision) for revision in (1, 2, 3)]
        versions = await store.snapshots(SUNDAY, None, 10)
        saved = await PostgresSavedTracks(pool).page(ADA, None, 10)
    assert head.title == "Sunday"
    assert [len(content.order) for content in contents] == [0, 1, 2]
    assert [version.revision for version in versions] == [3, 2, 1]
    assert [one.thing for one in saved.found] == [HARBOUR_1]


def test_a_descriptor_of_then_says_the_same() -> None:
    descriptor = asset_pb2.AssetDescriptor.FromString((STORED / "descriptor.binpb").read_bytes())
    assert (descriptor.format_version, descriptor.track_id) == (1, HARBOUR_1)
    assert [rung.name for rung in descriptor.rungs] == ["128", "192", "256", "320", "flac"]
    first = descriptor.rungs[0]
    assert (first.codecs, first.timescale, first.encoder_delay) == ("mp4a.40.2", 44100, 1024)
    assert [segment.object.size for segment in first.segments][:2] == [161_944, 163_019]
    assert [fragment.offset for fragment in first.segments[0].fragments][:2] == [0, 31_435]


def test_numbers_of_a_descriptors_fields_never_change() -> None:
    """Descriptors are stored under their own hash: what a number means is for ever."""
    numbers = {
        message.name: {field.name: field.number for field in message.fields}
        for message in asset_pb2.DESCRIPTOR.message_types_by_name.values()
    }
    assert numbers == {
        "AssetDescriptor": {
            "format_version": 1,
            "track_id": 2,
            "duration_ms": 3,
            "sample_rate_hz": 4,
            "channels": 5,
            "num_samples": 6,
            "rungs": 7,
        },
        "Rung": {
            "name": 1,
            "codecs": 2,
            "bitrate": 3,
            "peak_bps": 4,
            "average_bps": 5,
            "timescale": 6,
            "encoder_delay": 7,
            "end_padding": 8,
            "init": 9,
            "segments": 10,
        },
        "StoredObject": {"sha256": 1, "size": 2},
        "Segment": {"object": 1, "duration": 2, "fragments": 3},
        "Fragment": {"offset": 1, "size": 2, "duration": 3},
    }
