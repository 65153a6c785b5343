"""From the playback service's feed to the streams of tracks: a served feed and the followers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from segue.playback.v1 import history_service_pb2
from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import (
    HistoryInternalServiceServicer,
    add_HistoryInternalServiceServicer_to_server,
)

from catalog_svc import wiring
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.postgres.play_counts import PostgresPlayCounts
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from meshkit import postgres
from meshkit.faults import OutOfRange
from meshkit.stream_ends import draining
from meshkit.testing.rpc import served
from meshkit.ulids import new_id
from tests.adapters.catalog.processes import catalog_process
from tests.contracts.catalog.stores import ROOT, found, new_import, tagged


class History(HistoryInternalServiceServicer):
    """A playback service that knows only its feed; tokens are "1", "2" and so on.

    Who resumes is told the last message again: the feed says each at least once.
    """

    def __init__(self) -> None:
        self.plays: list[history_service_pb2.Play] = []
        self.asked: list[str] = []
        self.expired: set[str] = set()
        self.ended = asyncio.Event()

    async def WatchPlays(
        self, request: pb.WatchPlaysRequest, context: Any
    ) -> AsyncIterator[pb.WatchPlaysResponse]:
        self.asked.append(request.resume_token)
        if request.resume_token in self.expired:
            raise OutOfRange("too old", reason="RESUME_TOKEN_EXPIRED")
        yield pb.WatchPlaysResponse(resume_token=request.resume_token or "0")
        place = max(0, int(request.resume_token or "0") - 1)
        ended = self.ended
        while not ended.is_set():
            for play in self.plays[place:]:
                place += 1
                yield pb.WatchPlaysResponse(resume_token=str(place), play=play, user_id=new_id())
            await asyncio.sleep(0.005)
        yield pb.WatchPlaysResponse(resume_token=str(place), end=draining(0.0).to_message())

    def play(self, track_id: str, count: int = 1) -> None:
        """Enter plays of a track."""
        self.plays += [
            history_service_pb2.Play(play_id=new_id(), track_id=track_id, counted=True)
            for _ in range(count)
        ]

    def end(self) -> None:
        """Ends every watch; the next goes on."""
        self.ended.set()
        self.ended = asyncio.Event()


@dataclass
class Followed:
    """The playback service, and the catalogue that two instances count for."""

    service: History
    track_id: str
    pool: postgres.Pool

    async def streams(self) -> int:
        track = await PostgresCatalogue(self.pool, JobQueue()).track(self.track_id)
        assert track is not None
        return track.streams_total

    async def followed_to(self, token: str) -> None:
        """Returns when the place in the feed is there."""
        plays = PostgresPlayCounts(self.pool)

        async def there() -> bool:
            return await plays.resume_token() == token

        await until(there)


@pytest.fixture
async def followed(
    tmp_path: Path, catalog_dsn: str, pool: postgres.Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Followed]:
    monkeypatch.setattr(wiring, "_GATHER_PLAYS_S", 0.001)
    run = new_import()
    await PostgresImports(pool, JobQueue()).create(run, None)
    scans = PostgresScanStore(pool, JobQueue())
    await scans.record(run.id, ROOT, [found("a.flac", tagged("Song"))])
    (track,) = await PostgresCatalogue(pool, JobQueue()).tracks(after=None, limit=9)
    service = History()  # type: ignore[abstract]
    async with AsyncExitStack() as stack:
        mesh = await stack.enter_async_context(
            served(
                tmp_path,
                (add_HistoryInternalServiceServicer_to_server, service),
                workload="playback",
            )
        )
        target = f"127.0.0.1:{mesh.port}"
        for _ in range(2):
            process = await stack.enter_async_context(catalog_process(tmp_path, catalog_dsn))
            await wiring.count_plays(process, target)
            await stack.enter_async_context(process.served())
        yield Followed(service, track.id, pool)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns when it holds; the test's own time limit ends a wait in vain."""
    while not await condition():
        await asyncio.sleep(0.01)


async def test_plays_are_counted_as_they_are_told(followed: Followed) -> None:
    followed.service.play(followed.track_id, 3)
    await followed.followed_to("3")
    followed.service.play(followed.track_id, 2)
    await followed.followed_to("5")
    assert await followed.streams() == 5
    assert followed.service.asked == [""]


async def test_an_interrupted_watch_goes_on_and_counts_nothing_twice(followed: Followed) -> None:
    followed.service.play(followed.track_id, 3)
    await followed.followed_to("3")
    followed.service.end()
    followed.service.play(followed.track_id)
    await followed.followed_to("4")
    assert await followed.streams() == 4
    assert followed.service.asked == ["", "3"]


async def test_a_token_too_old_has_all_that_is_kept_told_again_and_counted_once(
    followed: Followed,
) -> None:
    followed.service.play(followed.track_id, 3)
    await followed.followed_to("3")
    followed.service.expired.add("3")
    followed.service.play(followed.track_id)
    followed.service.end()
    await followed.followed_to("4")
    assert await followed.streams() == 4
    assert followed.service.asked == ["", "3", ""]


async def test_a_play_that_nobody_can_read_holds_up_no_other(followed: Followed) -> None:
    followed.service.plays.append(
        history_service_pb2.Play(play_id="?", track_id=followed.track_id, counted=True)
    )
    followed.service.play(followed.track_id)
    await followed.followed_to("2")
    assert await followed.streams() == 1
