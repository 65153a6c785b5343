"""What a real origin sends is what playback is told, whichever of the two was away or died."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from media_origin import SESSION, Origin, environment, free_port
from origin_of_playback import an_origin, serving_playback
from packaged_asset import DURATION_S, PackagedAsset
from segue.playback.v1 import delivery_internal_service_pb2 as pb
from segue.playback.v1 import delivery_internal_service_pb2_grpc as rpc

from meshkit.faults import Unavailable
from meshkit.server import Context
from player.adapters.ffmpeg_decoder import find_ffmpeg

WHOLE_MS = round(DURATION_S * 1000)


@dataclass
class Playback(rpc.DeliveryInternalServiceServicer):
    """Counts batches once, as playback does; away when a test says so."""

    away: bool = False
    forgets_to_answer: bool = False
    batches: dict[str, pb.ReportDeliveriesRequest] = field(default_factory=dict)
    calls: int = 0

    async def ReportDeliveries(
        self, requests: AsyncIterator[pb.ReportDeliveriesRequest], context: Context
    ) -> pb.ReportDeliveriesResponse:
        self.calls += 1
        if self.away:
            raise Unavailable("away")
        answer = pb.ReportDeliveriesResponse()
        async for request in requests:
            self.batches[request.batch_id] = request
            answer.batch_ids.append(request.batch_id)
        if self.forgets_to_answer:
            raise Unavailable("cut")
        return answer

    @property
    def bytes(self) -> int:
        return sum(one.bytes for batch in self.batches.values() for one in batch.deliveries)

    @property
    def heard_ms(self) -> int:
        """The sound of all segments, each at most whole."""
        found: dict[int, tuple[int, int]] = {}
        for batch in self.batches.values():
            for part in (part for one in batch.deliveries for part in one.segments):
                held_ms, _ = found.get(part.number, (0, 0))
                found[part.number] = (held_ms + part.delivered_ms, part.duration_ms)
        return sum(min(pair) for pair in found.values())


@pytest.fixture
def playback() -> Playback:
    return Playback()


@pytest.fixture
async def settings(tmp_path: Path, playback: Playback) -> AsyncIterator[dict[str, str]]:
    """Those by which an origin reports to a served ``playback``."""
    registration = (rpc.add_DeliveryInternalServiceServicer_to_server, playback)
    async with serving_playback(tmp_path, registration) as found:
        yield {**found, "SEGUE_MEDIA_REPORT_EVERY_S": "0.1"}


async def get(origin: Origin, path: str, **headers: str) -> int:
    """How many bytes a path answers."""
    answer = await asyncio.to_thread(origin.get, f"{origin.path()}/{path}", **headers)
    assert answer.status_code in (200, 206, 304)
    return len(answer.content)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


def saved(folder: Path) -> list[Path]:
    return list((folder / "spool").glob("*/*.batch"))


async def test_playback_is_told_every_byte_and_all_the_sound(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    async with an_origin(tmp_path, asset, settings) as origin:
        names = ("init.mp4", "1.m4s", "2.m4s", "3.m4s")
        sent = sum([await get(origin, f"128/{name}") for name in names])
        await until(lambda: playback.bytes >= sent)
        assert playback.bytes == sent
        assert abs(playback.heard_ms - WHOLE_MS) < 100
        (delivery, *_) = next(iter(playback.batches.values())).deliveries
        assert (delivery.subject, delivery.descriptor_sha256) == (SESSION, asset.sha256)
        await until(lambda: not saved(tmp_path))


async def test_ranges_add_up_and_what_has_no_bytes_is_not_told(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    etag = f'"{asset.descriptor.rungs[0].segments[1].object.sha256.hex()}"'
    half = asset.descriptor.rungs[0].segments[0].object.size // 2
    async with an_origin(tmp_path, asset, settings) as origin:
        assert await get(origin, "128/2.m4s", if_none_match=etag) == 0
        sent = await get(origin, "128/1.m4s", range=f"bytes=0-{half - 1}")
        await until(lambda: playback.bytes >= sent)
        assert abs(playback.heard_ms - 5_000) < 100
        sent += await get(origin, "128/1.m4s", range=f"bytes={half}-")
        await until(lambda: playback.bytes >= sent)
        assert playback.bytes == sent
        assert abs(playback.heard_ms - 10_000) < 100


async def test_a_plain_player_that_plays_all_was_sent_all(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    async with an_origin(tmp_path, asset, settings) as origin:
        address = f"{origin.url}{origin.path('128')}/master.m3u8"
        command = [str(find_ffmpeg()), "-v", "error", "-i", address, "-f", "null", "-"]
        await asyncio.to_thread(subprocess.run, command, check=True)
        await until(lambda: abs(playback.heard_ms - WHOLE_MS) < 100)


async def test_an_answer_that_never_came_makes_nothing_count_twice(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    playback.forgets_to_answer = True
    async with an_origin(tmp_path, asset, settings) as origin:
        sent = await get(origin, "128/1.m4s")
        await until(lambda: playback.calls >= 2)
        playback.forgets_to_answer = False
        await until(lambda: not saved(tmp_path))
        assert playback.bytes == sent


async def test_what_a_killed_origin_has_saved_is_told_by_another_instance(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    playback.away = True
    names = ({**settings, "SEGUE_MEDIA_INSTANCE": name} for name in ("media-1", "media-2"))
    first, second = names
    async with an_origin(tmp_path / "first", asset, first) as origin:
        sent = await get(origin, "128/1.m4s")
        await until(lambda: saved(tmp_path))
        origin.process.kill()
        await asyncio.to_thread(origin.process.wait)
        assert saved(tmp_path)
        playback.away = False
        async with an_origin(tmp_path / "second", asset, second):
            await until(lambda: playback.bytes >= sent)
            await until(lambda: not saved(tmp_path))
    assert playback.bytes == sent


async def test_what_a_killed_origin_has_saved_is_told_by_the_next_of_its_name(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    playback.away = True
    async with an_origin(tmp_path / "first", asset, settings) as origin:
        sent = await get(origin, "128/1.m4s")
        await until(lambda: saved(tmp_path))
        origin.process.kill()
        await asyncio.to_thread(origin.process.wait)
        playback.away = False
        async with an_origin(tmp_path / "second", asset, settings):
            await until(lambda: playback.bytes >= sent)
            await until(lambda: not saved(tmp_path))
    assert playback.bytes == sent


async def test_an_origin_that_ends_tells_what_it_has_sent(
    asset: PackagedAsset, playback: Playback, settings: dict[str, str], tmp_path: Path
) -> None:
    slow = {**settings, "SEGUE_MEDIA_REPORT_EVERY_S": "600"}
    async with an_origin(tmp_path, asset, slow) as origin:
        sent = await get(origin, "128/1.m4s")
        assert playback.calls == 0
    assert playback.bytes == sent
    assert saved(tmp_path) == []


@pytest.mark.parametrize(
    "missing", ["SPOOL_DIR", "TLS_CLIENT_CERT_FILE", "TLS_CLIENT_KEY_FILE", "TLS_CA_FILE"]
)
async def test_an_origin_that_could_not_report_does_not_start(
    asset: PackagedAsset, settings: dict[str, str], tmp_path: Path, missing: str
) -> None:
    told = environment(tmp_path, asset, free_port()) | settings
    del told[f"SEGUE_MEDIA_{missing}"]
    command = [sys.executable, "-m", "edge.media", "serve"]
    done: Any = await asyncio.to_thread(
        subprocess.run, command, env=told, capture_output=True, text=True, timeout=30
    )
    assert done.returncode != 0
    assert missing.lower() in done.stderr
