"""What docs/signals.md says is measured moves as it should when somebody imports and listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb

from player.commands.importing import start_import, watch_import
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.devices import heartbeat, open_stream, until_acknowledged
from tests.mesh.imported_music import STATE, make_songs
from tests.mesh.mesh_processes import frozen, processes, transaction, until
from tests.mesh.signals import Signals, read_signals
from tests.running_mesh import RunningMesh, running_mesh
from tests.signals_page import rows

pytestmark = pytest.mark.timeout(300)

SCANS = {"queue": "catalog.scan"}
PLAYING = "segue_playback_concurrent_streams"
EDGE_TIMED = "envoy_cluster_upstream_rq_time_count"
OF_MEDIA = {"envoy_cluster_name": "media"}
LINK = playback_pb2.Measurements
STREAMED = LINK(
    underruns=2,
    switches=1,
    start_latency_ms=420,
    slowest_fetch_ms=310,
    fetch_errors=3,
    fetch_retries=2,
    network=LINK.WIFI,
)
REPORTED = LINK(
    underruns=1,
    switches=4,
    start_latency_ms=1_700,
    slowest_fetch_ms=900,
    fetch_errors=5,
    fetch_retries=4,
    network=LINK.CELLULAR,
)


@dataclass
class Listened:
    """A mesh on which somebody listened, and its signals before, meanwhile and after."""

    mesh: RunningMesh
    before: Signals
    meanwhile: Signals
    after: Signals

    def rose(self, name: str, **labels: str) -> float:
        """By how much a series has risen."""
        return self.after(name, **labels) - self.before(name, **labels)


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured-music")
    make_songs(folder, {"Measured Twice": 12.0})
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    """A mesh of its own, on which nothing else happens; its queues are measured every second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGUE_CATALOG_WORKER_DEAD_AFTER_S", "4")
        with running_mesh(tmp_path_factory.mktemp("measured") / "mesh") as mesh:
            yield mesh


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def imported(measured: RunningMesh, music: Path) -> tuple[Signals, Signals]:
    """The signals while a job of an import waits, and when all is done."""
    worker = (await processes(measured.folder))["catalog-worker-1"].pid or 0
    async with MeshClient(measured.folder, LocalUser("operator", admin=True)) as client:
        async with transaction(measured.folder, "catalog") as held:
            with frozen(worker):
                started = await start_import(client, str(music))
                # A row that somebody holds is skipped by workers, and waits.
                query = b"SELECT id FROM procrastinate_jobs WHERE status = 'todo' FOR UPDATE"
                assert await (await held.execute(query)).fetchall()
            waiting = await until_signals(measured, "segue_jobs_waiting", 1, **SCANS)
        async for step in watch_import(client, started.id):
            last = step
    assert last.state == STATE.DONE
    return waiting, await until_signals(measured, "segue_jobs_waiting", 0, **SCANS)


async def until_signals(mesh: RunningMesh, name: str, value: float, **labels: str) -> Signals:
    """The services' signals as soon as a series has this value."""

    async def reached() -> Signals | None:
        found = await read_signals(mesh.folder, edge=False)
        return found if found(name, **labels) == value else None

    found: Signals = await until(reached, f"{name} does not come to {value}")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def listened(
    measured: RunningMesh, imported: tuple[Signals, Signals]
) -> AsyncIterator[Listened]:
    """One listens over a stream of beats, one by single beats; one searches and opens a list."""
    token = measured.token("reads")
    track_id = measured.call("GET", "/tracks", token=token).body["tracks"][0]["id"]
    before = await read_signals(measured.folder)
    async with (
        MeshClient(measured.folder, LocalUser("streams", "premium")) as streams,
        MeshClient(measured.folder, LocalUser("reports", "premium")) as reports,
    ):
        one, other = await begins(streams, track_id), await begins(reports, track_id)
        meanwhile = await listen(measured, (streams, one), (reports, other))
        await asyncio.to_thread(read_all, measured, one.stream_url, token)
        for client, session in ((streams, one), (reports, other)):
            request = pb.StopRequest(playback_id=session.playback_id)
            await until_acknowledged(client, client.playback.Stop, request)
        await until_signals(measured, PLAYING, 0)
        await until_signals(measured, "segue_delivery_unreported_batches", 0)

    async def timed() -> Signals | None:
        # The edge adds what it timed to its histograms every few seconds.
        found = await read_signals(measured.folder)
        timed_now = Listened(measured, before, meanwhile, found).rose(EDGE_TIMED, **OF_MEDIA)
        return found if timed_now == 3 else None

    after = await until(timed, "the edge did not time three requests of media")
    yield Listened(measured, before, meanwhile, after)


async def begins(client: MeshClient, track_id: str) -> Any:
    request = pb.PlayRequest(track_id=track_id, device_id="measured-player")
    return await until_acknowledged(client, client.playback.Play, request)


async def listen(
    mesh: RunningMesh, streaming: tuple[MeshClient, Any], reporting: tuple[MeshClient, Any]
) -> Signals:
    """Two sessions beat for two seconds, each in its way; the signals while both play.

    What the one that reports plays is in files of its own.
    """
    stream = await open_stream(*streaming, "measured-player")
    await stream.hello()
    await stream.beat(1, 0, measurements=STREAMED)
    await report(*reporting, 1, 0, REPORTED)
    await asyncio.sleep(2.0)
    await stream.beat(2, 2_000)
    await report(*reporting, 2, 2_000, None)
    playing = await until_signals(mesh, PLAYING, 2)
    await stream.close()
    return playing


async def report(
    client: MeshClient, session: Any, seq: int, position_ms: int, measurements: Any
) -> None:
    beat = heartbeat(session, seq, position_ms, rung="320", measurements=measurements, offline=True)
    request = pb.ReportHeartbeatRequest(
        playback_id=session.playback_id, device_id="measured-player", heartbeat=beat
    )
    assert (await client.call(client.heartbeats.ReportHeartbeat, request)).HasField("ack")


def read_all(mesh: RunningMesh, stream_url: str, token: str) -> None:
    """Two parts of a track and one that is not there; a search; a playlist."""
    for name, status in (("init.mp4", 200), ("1.m4s", 200), ("9999.m4s", 404)):
        url = stream_url.replace("master.m3u8", f"128/{name}")
        assert mesh.call("GET", url).status == status
    assert mesh.call("GET", "/search?q=measured", token=token).status == 200
    made = mesh.call("POST", "/playlists", {"name": "Measured"}, token=token).body["playlist_id"]
    assert mesh.call("GET", f"/playlists/{made}", token=token).status == 200


async def test_every_series_that_the_page_names_is_told_by_the_process_that_it_names(
    listened: Listened,
) -> None:
    told = listened.after.told
    missing = [
        (row.series, process)
        for row in rows()
        for process in row.told_by
        if row.family not in set().union(*(told[one] for one in told if one.startswith(process)))
    ]
    assert missing == []


async def test_start_latency_is_told_by_tier_and_network(listened: Listened) -> None:
    name = "segue_playback_start_latency_seconds"
    for network, seconds in (("wifi", 0.42), ("cellular", 1.7)):
        labels = {"tier": "premium", "network": network}
        assert listened.rose(f"{name}_count", **labels) == 1
        assert listened.rose(f"{name}_sum", **labels) == pytest.approx(seconds)
    play = "/segue.playback.v1.PlaybackService/Play"
    server = "grpc_server_call_duration_seconds_count"
    assert listened.rose(server, grpc_method=play, grpc_status="OK") >= 2


async def test_underruns_switches_errors_and_retries_add_up_and_streams_are_counted(
    listened: Listened,
) -> None:
    sums = {
        "underruns": 3,
        "switches": 5,
        "fetch_errors": 8,
        "fetch_retries": 6,
        "streams_begun": 2,
    }
    rose = {name: listened.rose(f"segue_playback_{name}_total") for name in sums}
    assert rose == sums


async def test_plays_are_counted_by_whether_they_came_from_the_devices_own_files(
    listened: Listened,
) -> None:
    name = "segue_playback_plays_total"
    assert [listened.rose(name, offline=offline) for offline in ("true", "false")] == [1, 1]


async def test_seconds_are_told_at_the_rung_at_which_they_were_heard(listened: Listened) -> None:
    rungs = ("128", "192", "256", "320", "flac")
    heard = {rung: listened.rose("segue_playback_rung_seconds_total", rung=rung) for rung in rungs}
    assert {rung for rung, seconds in heard.items() if seconds} == {"128", "320"}
    assert heard["128"] >= 1
    assert heard["320"] >= 1


async def test_fetches_are_timed_by_clients_and_by_the_origin(listened: Listened) -> None:
    slowest = "segue_playback_slowest_fetch_seconds"
    assert listened.rose(f"{slowest}_count") == 2
    assert listened.rose(f"{slowest}_sum") == pytest.approx(1.21)
    assert listened.rose("segue_media_fetch_seconds_count", kind="segment") == 1
    assert listened.rose("segue_media_fetch_seconds_sum", kind="segment") > 0
    assert listened.rose("segue_delivered_bytes_total", rung="128") > 0


async def test_failures_of_streaming_are_told_by_the_edge_by_their_kind(listened: Listened) -> None:
    name = "envoy_cluster_upstream_rq"
    assert listened.rose(name, envoy_response_code="404", **OF_MEDIA) == 1
    assert listened.rose(name, envoy_response_code="200", **OF_MEDIA) == 2
    assert listened.rose(EDGE_TIMED, **OF_MEDIA) == 3
    assert listened.rose("envoy_cluster_upstream_rq_xx", envoy_response_code_class="5") == 0


async def test_concurrent_streams_are_those_that_play(listened: Listened) -> None:
    assert [one(PLAYING) for one in (listened.before, listened.meanwhile, listened.after)] == [
        0,
        2,
        0,
    ]
    held = {"kind": "heartbeat"}
    assert listened.meanwhile("segue_playback_held_streams", **held) == 1
    assert listened.after("segue_playback_held_streams", **held) == 0


@pytest.mark.parametrize(
    "method",
    ["/segue.playlist.v1.PlaylistService/GetPlaylist", "/segue.catalog.v1.SearchService/Search"],
)
async def test_playlists_and_searches_are_timed(listened: Listened, method: str) -> None:
    labels = {"grpc_method": method, "grpc_status": "OK"}
    assert listened.rose("grpc_server_call_duration_seconds_count", **labels) == 1
    assert listened.rose("grpc_server_call_duration_seconds_sum", **labels) > 0


async def test_a_job_that_waits_is_counted_and_its_age_told(
    imported: tuple[Signals, Signals],
) -> None:
    waiting, done = imported
    assert waiting("segue_jobs_oldest_seconds", **SCANS) > 0
    assert done("segue_jobs_oldest_seconds", **SCANS) == 0


async def test_the_index_is_current_and_told_by_who_has_one(listened: Listened) -> None:
    lag = "segue_search_index_lag_seconds"
    assert listened.after(lag) == 0
    tells = {process for process, series in listened.after.told.items() if lag in series}
    assert tells == {"catalog-1"}


async def test_feeds_of_which_nothing_new_comes_are_known_to_be_applied(
    listened: Listened,
) -> None:
    name, followed = "segue_feed_caught_up_timestamp_seconds", "revocations"
    copies = {("playlist-1", "catalog"), ("playlist-1", "identity")}
    copies |= {("catalog-1", "playlist"), ("catalog-1", "playback"), ("catalog-1", "identity")}
    copies |= {("playback-1", "identity")}
    learnt = ("catalog", "playback", "membership", "saved-tracks", "blocked-artists")
    learnt = (*learnt, "followed-artists", "outcome-plays", "outcome-saves", "identity")
    copies |= {("rec-1", feed) for feed in learnt}
    everywhere = ("catalog-1", "identity-1", "playback-1", "playlist-1", "rec-1")
    expected = copies | {(process, followed) for process in everywhere}
    begun_at = time.time()

    async def told() -> set[tuple[str, str]] | None:
        samples = (await read_signals(listened.mesh.folder, edge=False)).samples
        told = {
            (each.process, each.labels["feed"])
            for each in samples
            if each.name == name and begun_at < each.value <= time.time()
        }
        return told if told >= expected else None

    # Nobody writes meanwhile: that all is applied is said all the same.
    assert await until(told, "the followers do not say that they have everything")
