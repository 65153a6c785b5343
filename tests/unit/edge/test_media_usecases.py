"""Opening an asset: the capability first, then the store; descriptors are kept, not trusted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from media_descriptors import descriptor, rung
from segue.catalog.v1.asset_pb2 import AssetDescriptor

from edge.media.adapters.memory.denials import MemoryDenials
from edge.media.domain.denials import Denial
from edge.media.guard import masked
from edge.media.ports.object_store import LocalFile, ObjectMissing, StoreUnavailable
from edge.media.usecases.descriptor_cache import DescriptorCache
from edge.media.usecases.open_asset import AssetOpener
from meshkit.capability import Capability, CapabilityKeys
from meshkit.faults import NotFound, PermissionDenied

NOW = 1_764_000_000
KEYS = CapabilityKeys("k1", {"k1": b"1" * 32})
ASSET = descriptor(rung("128", [10, 10]), rung("320", [10, 10]), rung("flac", [5], codecs="fLaC"))


class Objects:
    """Objects in a dictionary, counting reads; ``gate`` holds them up."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def put(self, asset: AssetDescriptor) -> str:
        stored = asset.SerializeToString(deterministic=True)
        sha256 = hashlib.sha256(stored).hexdigest()
        self.held[f"descriptors/{sha256}"] = stored
        return sha256

    async def read(self, key: str) -> bytes:
        self.reads += 1
        await self.gate.wait()
        if key not in self.held:
            raise ObjectMissing(key)
        return self.held[key]

    async def size(self, key: str) -> int:
        return len(await self.read(key))

    async def open(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        raise StoreUnavailable(key)

    def local_file(self, key: str) -> LocalFile | None:
        return None


class Judge:
    """The keys at a fixed time."""

    def verify(self, text: str, resource: str) -> Capability:
        return KEYS.verify(text, resource, NOW)


def capability(resource: str, *grants: str, life_s: int = 60) -> str:
    return KEYS.mint(subject="S", grants=grants, resource=resource, expires_at=NOW + life_s)


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def denials() -> MemoryDenials:
    return MemoryDenials(10, lambda: NOW)


@pytest.fixture
def opener(objects: Objects, denials: MemoryDenials) -> AssetOpener:
    return AssetOpener(Judge(), denials, DescriptorCache(objects, 1 << 20))


async def test_only_what_is_stored_and_granted_is_served(
    objects: Objects, opener: AssetOpener
) -> None:
    sha256 = objects.put(ASSET)
    asset = await opener.open(capability(sha256, "128", "256", "flac"), sha256)
    assert [r.name for r in asset.rungs] == ["128", "flac"]
    assert "320" not in asset.master_playlist()
    assert "320" not in asset.manifest()
    for refused in (asset.media_playlist, asset.init, asset.rung):
        with pytest.raises(NotFound):
            refused("320")


@pytest.mark.parametrize("number", ["0", "3", "-1", "01", "1.5", "x", "9" * 30, "\u0661"])
async def test_segments_are_numbered_from_one(
    objects: Objects, opener: AssetOpener, number: str
) -> None:
    sha256 = objects.put(ASSET)
    asset = await opener.open(capability(sha256, "128"), sha256)
    assert asset.segment("128", "1")[0].size == 1000
    assert asset.segment("128", "2")[0].size == 2000
    with pytest.raises(NotFound):
        asset.segment("128", number)


async def test_nothing_is_read_for_a_bad_capability(objects: Objects, opener: AssetOpener) -> None:
    sha256 = objects.put(ASSET)
    with pytest.raises(PermissionDenied) as altered:
        await opener.open(capability("ab" * 32, "128"), sha256)
    assert altered.value.reason == "MEDIA_PATH_INVALID"
    with pytest.raises(PermissionDenied) as expired:
        await opener.open(capability(sha256, "128", life_s=-1), sha256)
    assert expired.value.reason == "MEDIA_PATH_EXPIRED"
    assert objects.reads == 0


async def denied(denials: MemoryDenials, *rungs: str) -> None:
    """All paths are taken back but for these rungs of theirs."""
    await denials.apply([Denial("S", 1, frozenset(rungs), NOW + 60)], "t")


async def test_nothing_is_read_for_a_path_that_was_taken_back(
    objects: Objects, opener: AssetOpener, denials: MemoryDenials
) -> None:
    sha256 = objects.put(ASSET)
    await denied(denials)
    with pytest.raises(PermissionDenied) as refused:
        await opener.open(capability(sha256, "128", "320"), sha256)
    assert refused.value.reason == "MEDIA_PATH_DENIED"
    assert objects.reads == 0


async def test_a_path_whose_plan_fell_gives_what_the_plan_has(
    objects: Objects, opener: AssetOpener, denials: MemoryDenials
) -> None:
    sha256 = objects.put(ASSET)
    await denied(denials, "128", "192", "256")
    asset = await opener.open(capability(sha256, "128", "320", "flac"), sha256)
    assert [rung.name for rung in asset.rungs] == ["128"]
    assert "320" not in asset.master_playlist()
    for name in ("320", "flac"):
        with pytest.raises(PermissionDenied) as refused:
            asset.segment(name, "1")
        assert refused.value.reason == "MEDIA_PATH_DENIED"
    with pytest.raises(NotFound):
        asset.rung("256")
    with pytest.raises(PermissionDenied):
        await opener.open(capability(sha256, "320"), sha256)


async def test_no_rung_left_is_not_found(objects: Objects, opener: AssetOpener) -> None:
    sha256 = objects.put(ASSET)
    asset = await opener.open(capability(sha256, "256"), sha256)
    with pytest.raises(NotFound):
        asset.master_playlist()
    with pytest.raises(NotFound):
        asset.manifest()


async def test_a_descriptor_that_is_gone_is_not_found(opener: AssetOpener) -> None:
    for name in ("ab" * 32, "not-a-hash"):
        with pytest.raises(NotFound):
            await opener.open(capability(name, "128"), name)


async def test_a_descriptor_is_read_once_however_many_ask(
    objects: Objects, opener: AssetOpener
) -> None:
    sha256 = objects.put(ASSET)
    objects.gate.clear()
    text = capability(sha256, "128")
    asking = [asyncio.create_task(opener.open(text, sha256)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    objects.gate.set()
    await asyncio.gather(*asking[1:])
    await opener.open(text, sha256)
    assert objects.reads == 1


async def test_a_failed_load_is_tried_again(objects: Objects) -> None:
    assets = DescriptorCache(objects, 1 << 20)
    sha256 = objects.put(ASSET)
    stored = objects.held.pop(f"descriptors/{sha256}")
    with pytest.raises(ObjectMissing):
        await assets.get(sha256)
    objects.held[f"descriptors/{sha256}"] = stored
    assert (await assets.get(sha256)).rungs[0].name == "128"


async def test_bytes_that_do_not_match_their_name_are_refused(objects: Objects) -> None:
    sha256 = objects.put(ASSET)
    objects.held[f"descriptors/{sha256}"] += b"\x00"
    with pytest.raises(StoreUnavailable, match="hash"):
        await DescriptorCache(objects, 1 << 20).get(sha256)


async def test_bytes_that_are_no_descriptor_are_refused(objects: Objects) -> None:
    stored = b"\xff\xff\xff"
    sha256 = hashlib.sha256(stored).hexdigest()
    objects.held[f"descriptors/{sha256}"] = stored
    with pytest.raises(StoreUnavailable, match="decoded"):
        await DescriptorCache(objects, 1 << 20).get(sha256)


async def test_memory_is_bounded_and_the_least_used_goes_first(objects: Objects) -> None:
    names = [objects.put(AssetDescriptor(track_id=str(n))) for n in range(3)]
    assets = DescriptorCache(objects, 2 * len(objects.held[f"descriptors/{names[0]}"]))
    for name in (names[0], names[1], names[0], names[2]):
        await assets.get(name)
    assert objects.reads == 3
    await assets.get(names[0])
    assert objects.reads == 3
    await assets.get(names[1])
    assert objects.reads == 4


def test_a_capability_is_struck_out_of_paths() -> None:
    text = capability("ab" * 32, "128")
    assert masked(f"/media/v1/{text}/abab/128/1.m4s") == "/media/v1/***/abab/128/1.m4s"
    assert masked(f"/media/v1/{text}") == "/media/v1/***"
    assert masked("/media/v1/artwork/ab") == "/media/v1/artwork/ab"
