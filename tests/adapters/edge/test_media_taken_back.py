"""A real origin refuses what a feed of denials has told it, and goes on without that feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from media_origin import Origin
from origin_of_playback import an_origin, serving_playback
from packaged_asset import PackagedAsset
from segue.playback.v1 import denial_internal_service_pb2 as pb
from segue.playback.v1 import denial_internal_service_pb2_grpc as rpc

from meshkit.faults import OutOfRange, Unavailable
from meshkit.server import Context
from meshkit.ulids import new_id

WITHIN_S = 30.0


@dataclass
class Playback(rpc.DenialInternalServiceServicer):
    """Tells its denials, as playback does; away when a test says so."""

    told: list[pb.Denial] = field(default_factory=list)
    listed: list[pb.Denial] = field(default_factory=list)
    away: bool = False
    restored: bool = False
    asked: list[str] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def deny(self, subject: str, *rungs: str, version: int = 1) -> None:
        denial = pb.Denial(subject=subject, version=version, rungs=rungs)
        denial.forget_at.FromSeconds(2**31)
        self.told.append(denial)
        self.grown.set()

    def cut(self) -> None:
        """Ends what is open, with a fault, and refuses what comes."""
        self.away = True
        self.grown.set()

    async def WatchDenials(
        self, request: pb.WatchDenialsRequest, context: Context
    ) -> AsyncIterator[pb.WatchDenialsResponse]:
        self.asked.append(request.resume_token)
        if self.restored and request.resume_token:
            raise OutOfRange("before a restore", reason="RESUME_TOKEN_EXPIRED")
        at = int(request.resume_token or 0)
        if not request.resume_token:
            for denial in self.listed:
                yield pb.WatchDenialsResponse(denial=denial)
            yield pb.WatchDenialsResponse(resume_token="0")
        while True:
            if self.away:
                raise Unavailable("away")
            for denial in self.told[at:]:
                at += 1
                yield pb.WatchDenialsResponse(resume_token=str(at), denial=denial)
            self.grown.clear()
            await self.grown.wait()


@pytest.fixture
def playback() -> Playback:
    return Playback()


@pytest.fixture
async def settings(tmp_path: Path, playback: Playback) -> AsyncIterator[dict[str, str]]:
    """Those by which an origin hears a served ``playback``."""
    registration = (rpc.add_DenialInternalServiceServicer_to_server, playback)
    async with serving_playback(tmp_path, registration) as found:
        yield found


@pytest.fixture
async def origin(
    tmp_path: Path, asset: PackagedAsset, settings: dict[str, str]
) -> AsyncIterator[Origin]:
    async with an_origin(tmp_path, asset, settings) as origin:
        yield origin


async def get(origin: Origin, address: str) -> httpx.Response:
    return await asyncio.to_thread(origin.get, address)


async def answered(origin: Origin, address: str, status: int) -> httpx.Response:
    """The first answer with that status, which comes in time."""
    async with asyncio.timeout(WITHIN_S):
        while (answer := await get(origin, address)).status_code != status:
            await asyncio.sleep(0.05)
    return answer


def reason_of(answer: httpx.Response) -> Any:
    return answer.json()["details"][0]["reason"]


async def test_every_path_of_a_denied_session_is_refused_and_no_other_is(
    origin: Origin, playback: Playback
) -> None:
    gone, stays = origin.path(session=new_id()), origin.path(session=new_id())
    names = ("master.m3u8", "manifest.mpd", "128/index.m3u8", "128/init.mp4", "128/1.m4s")
    for name in names:
        assert (await get(origin, f"{gone}/{name}")).status_code == 200
    playback.deny(gone.split("/")[3].split(".")[2])
    await answered(origin, f"{gone}/master.m3u8", 403)
    for name in names:
        refused = await get(origin, f"{gone}/{name}")
        assert (refused.status_code, refused.json()["code"]) == (403, 7)
        assert reason_of(refused) == "MEDIA_PATH_DENIED"
        assert refused.headers["access-control-allow-origin"] == "*"
        assert (await get(origin, f"{stays}/{name}")).status_code == 200


async def test_a_path_of_a_plan_that_fell_plays_on_below_it_and_rises_with_it(
    origin: Origin, playback: Playback
) -> None:
    session = new_id()
    path = origin.path("128", "256", session=session)
    playback.deny(session, "128")
    assert reason_of(await answered(origin, f"{path}/256/1.m4s", 403)) == "MEDIA_PATH_DENIED"
    assert (await get(origin, f"{path}/128/1.m4s")).status_code == 200
    assert "256" not in (await get(origin, f"{path}/master.m3u8")).text
    playback.deny(session, "128", "256", version=2)
    await answered(origin, f"{path}/256/1.m4s", 200)
    assert "256" in (await get(origin, f"{path}/master.m3u8")).text


async def test_an_origin_that_begins_hears_what_is_in_force(
    tmp_path: Path, asset: PackagedAsset, settings: dict[str, str], playback: Playback
) -> None:
    session = new_id()
    playback.deny(session)
    playback.listed, playback.told = playback.told, []
    async with an_origin(tmp_path, asset, settings) as origin:
        await answered(origin, f"{origin.path(session=session)}/master.m3u8", 403)


async def test_without_the_feed_what_was_told_holds_and_the_rest_goes_on(
    origin: Origin, playback: Playback
) -> None:
    first, second = new_id(), new_id()
    paths = [f"{origin.path(session=session)}/master.m3u8" for session in (first, second)]
    playback.deny(first)
    await answered(origin, paths[0], 403)
    playback.cut()
    assert [(await get(origin, path)).status_code for path in paths] == [403, 200]
    playback.deny(second)
    playback.away = False
    await answered(origin, paths[1], 403)
    assert playback.asked[-1] == "1"


async def test_after_a_restore_the_origin_lists_again(origin: Origin, playback: Playback) -> None:
    gone, stays = new_id(), new_id()
    paths = [f"{origin.path(session=session)}/master.m3u8" for session in (gone, stays)]
    playback.deny(gone)
    await answered(origin, paths[0], 403)
    playback.restored = True
    playback.deny(stays)
    playback.listed, playback.told = playback.told[1:], []
    playback.cut()
    async with asyncio.timeout(WITHIN_S):
        while "" not in playback.asked[1:]:
            await asyncio.sleep(0.05)
    playback.away = False
    await answered(origin, paths[1], 403)
    await answered(origin, paths[0], 200)
