"""What the rungs of tracks weigh, for whoever keeps them offline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as pb

from catalog_svc.adapters.files.media_objects import HashedObjects
from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.asset import Asset, Fragment, Rung, Segment, StoredObject
from catalog_svc.domain.edits import TrackEdit
from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.faults import InvalidArgument, PermissionDenied, Unavailable
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import memory_stores, publication
from tests.rpc.catalog.assembled import assembled
from tests.rpc.catalog.test_catalog_service import Catalog

OBJECT = bytes(32)


def rung(name: str, kbps: int, *sizes: int) -> Rung:
    """A rung of an initialisation segment of 700 bytes and media segments of these sizes."""
    segments = tuple(
        Segment(StoredObject(OBJECT, size), 480_000, (Fragment(0, size, 480_000),))
        for size in sizes
    )
    init = StoredObject(OBJECT, 700)
    return Rung(name, "mp4a.40.2", kbps, kbps * 1100, kbps * 1000, 48_000, 1024, 0, init, segments)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    ensure_certificates(tmp_path, workloads=(*WORKLOADS, "sync"))
    store, objects = MemoryStore(), HashedObjects((tmp_path / "objects").as_uri())
    async with assembled(tmp_path, store, descriptors=objects) as mesh:
        yield Catalog(mesh, memory_stores(store), objects)


async def ready(catalog: Catalog, track_id: str) -> str:
    """Have two rungs of a track be READY: the descriptor."""
    rungs = (rung("128", 128, 160_000, 40_000), rung("320", 320, 400_000, 90_000))
    asset = Asset(track_id, 12_500, 48_000, 2, 600_000, rungs)
    descriptor = await catalog.objects.put_asset(asset)
    for source_id in await catalog.stores.source_ids():
        begun = await catalog.stores.preparation.begin(source_id)
        if begun is not None and begun[0].track_id == track_id:
            done = replace(publication(source_id, track_id), descriptor=descriptor)
            assert await catalog.stores.preparation.publish(done)
    return descriptor


async def lookup(catalog: Catalog, *track_ids: str) -> list[pb.LookupAssetsResponse.Asset]:
    request = pb.LookupAssetsRequest(track_ids=track_ids)
    return list((await catalog.internal("sync").LookupAssets(request)).assets)


async def test_a_track_is_told_with_what_its_rungs_weigh(catalog: Catalog) -> None:
    first, second = await catalog.fill(2)
    descriptor = await ready(catalog, first.id)
    (told,) = await lookup(catalog, first.id, second.id, new_id(), first.id)
    assert (told.track_id, told.descriptor_sha256) == (first.id, descriptor)
    assert [(one.rung, one.bitrate, one.size_bytes) for one in told.rungs] == [
        ("128", 128, 200_700),
        ("320", 320, 490_700),
    ]
    assert await lookup(catalog) == []


async def test_the_version_is_that_of_the_feed_and_rises_with_each_change(
    catalog: Catalog,
) -> None:
    (track,) = await catalog.fill(1)
    await ready(catalog, track.id)
    (before,) = await lookup(catalog, track.id)
    token = await catalog.stores.feed.head()
    await catalog.stores.edits.edit_track(track.id, TrackEdit(title="Uno"), None)
    (after,) = await lookup(catalog, track.id)
    assert after.version > before.version
    assert [one.version for one in await catalog.stores.changes_after(token)] == [after.version]
    await catalog.stores.edits.edit_track(track.id, TrackEdit(hidden=True), None)
    assert await lookup(catalog, track.id) == []


async def test_500_tracks_are_looked_up_at_once_and_no_more(catalog: Catalog) -> None:
    assert await lookup(catalog, *(new_id() for _ in range(500))) == []
    fault = await refused(lookup(catalog, *(new_id() for _ in range(501))))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == "track_ids"


async def test_a_track_whose_descriptor_is_lost_is_left_out_and_no_other(
    catalog: Catalog, tmp_path: Path
) -> None:
    gone, other, kept = await catalog.fill(3)
    descriptors = tmp_path / "objects" / "descriptors"
    (descriptors / await ready(catalog, gone.id)).unlink()
    (descriptors / await ready(catalog, other.id)).write_bytes(b"something else")
    await ready(catalog, kept.id)
    (told,) = await lookup(catalog, gone.id, other.id, kept.id)
    assert told.track_id == kept.id


async def test_a_store_that_does_not_answer_is_no_empty_answer(
    catalog: Catalog, tmp_path: Path
) -> None:
    (track,) = await catalog.fill(1)
    await ready(catalog, track.id)
    descriptors = tmp_path / "objects" / "descriptors"
    descriptors.rename(tmp_path / "elsewhere")
    descriptors.write_bytes(b"no folder")
    assert isinstance(await refused(lookup(catalog, track.id)), Unavailable)
    descriptors.unlink()
    (tmp_path / "elsewhere").rename(descriptors)
    assert len(await lookup(catalog, track.id)) == 1


async def test_nobody_but_sync_asks(catalog: Catalog) -> None:
    call = catalog.internal("playlist").LookupAssets(pb.LookupAssetsRequest())
    assert isinstance(await refused(call), PermissionDenied)
