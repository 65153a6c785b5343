"""Playlists through a whole mesh: loading and editing 10,000 tracks, many small lists at once.

The lists are made of an invented catalogue that is written into the service's copy of it. Latency
is taken one call at a time, over gRPC at the service and as JSON through the edge. The mix is nine
reads to one edit over many lists; beside it pgbench runs the bare statements of the same mix.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import uvloop
from segue.playlist.v1 import playlist_service_pb2
from ulid import ULID

from bench import processor, supysonic
from bench.invented_catalogue import invent
from bench.keepalive import KeepAlive
from bench.playlist_calls import AsJson, Direct, direct_calls
from bench.playlist_long import LONG, Long, figure, rules, times_ms
from bench.report import Figure
from localmesh.databases import database_dsn
from localmesh.discovery import find_mesh
from localmesh.programs import postgres_programs
from meshkit import postgres
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.ports.tracks import Track, TrackChange
from tests.running_mesh import RunningMesh, running_mesh

TRACKS = 100_000
LISTS = 200
IN_FLIGHT = 32
INSTANCES = 2
MIX_S = 6.0
PEER_FILES = 2_000
MIX_LIMIT = 2_000

# What one edit and one read of the mix cost PostgreSQL, without any service around them.
_BARE = {
    "edit@1": """
\\set n random(1, 200)
BEGIN;
SELECT * FROM playlists WHERE playlist_id = (SELECT id FROM bare_lists WHERE n = :n)
    FOR NO KEY UPDATE;
INSERT INTO bare_snapshots SELECT id, nextval('bare_revisions'), 'EDIT', now(), 'added', '\\x00'
    FROM bare_lists WHERE n = :n;
UPDATE playlists SET version = version + 1, modified_at = now()
    WHERE playlist_id = (SELECT id FROM bare_lists WHERE n = :n);
INSERT INTO change_feed (entity, id, version, op, payload)
    VALUES ('bench', 'bench', 1, 'UPSERT', convert_to(repeat('x', 400), 'UTF8'));
COMMIT;
""",
    "read@9": """
\\set n random(1, 200)
SELECT * FROM playlists WHERE playlist_id = (SELECT id FROM bare_lists WHERE n = :n);
""",
}


async def _catalogue(dsn: str) -> list[str]:
    """Fills the service's copy of the catalogue; the tracks' ids."""
    rng = random.Random(7)
    invented = invent(TRACKS, 7)
    changes: list[TrackChange] = []
    for one in invented:
        track_id = str(ULID())
        track = Track(
            track_id, one.title, one.artist, track_id, one.album, track_id, 1, 1,
            rng.randint(90_000, 400_000), rng.randint(1960, 2026), (f"genre {len(changes) % 20}",),
            0, "", len(changes),
        )  # fmt: skip
        changes.append(TrackChange(track_id, 1, track))
    async with postgres.open_pool(dsn, schema="playlist") as pool:
        copy = PostgresCatalogueReplica(pool)
        for start in range(0, len(changes), 2_000):
            await copy.apply(changes[start : start + 2_000], "")
    return [change.id for change in changes]


async def _mix(
    direct: Sequence[Direct], lists: Sequence[str], tracks: Sequence[str], pid: int
) -> list[Figure]:
    """Nine reads (playlist or first page of 50) to one edit, 32 in flight, over many lists."""
    rng = random.Random(11)
    used = processor.of_tree(pid)
    until = time.perf_counter() + MIX_S
    done = 0

    async def worker(at: Direct) -> None:
        nonlocal done
        while time.perf_counter() < until:
            playlist_id = rng.choice(lists)
            if rng.random() < 0.1:
                await at.add(playlist_id, [rng.choice(tracks)])
            elif rng.random() < 0.5:
                request = playlist_service_pb2.GetPlaylistRequest(playlist_id=playlist_id)
                await at.playlists.GetPlaylist(request, metadata=at.metadata)
            else:
                await at.page(playlist_id, 50, "")
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(worker(direct[n % len(direct)]) for n in range(IN_FLIGHT)))
    rate = done / (time.perf_counter() - began)
    cost = (processor.of_tree(pid) - used) * 1000 / done
    limit = f"must > {MIX_LIMIT:,} a node"
    words = f"{cost:.2f} ms of the mesh's processor a call; the client on the same cores"
    print(f"  mix: {rate:.0f}/s, {words}", file=sys.stderr)
    return [
        Figure("9 reads : 1 edit over 200 lists", rate, "calls/s", f"{limit}; {words}"),
        Figure(
            "the same, two cores without the client",
            2_000 / cost,
            "calls/s",
            f"{limit}; reckoned from the processor time of a call",
        ),
    ]


def _bare(dsn: str, lists: Sequence[str], scratch: Path) -> Figure:
    """pgbench with the statements alone, as many clients as the service has connections."""
    with psycopg.connect(postgres.conninfo(dsn, schema="playlist"), autocommit=True) as connection:
        connection.execute("CREATE TABLE bare_lists (n integer PRIMARY KEY, id text)")
        connection.execute(
            "CREATE TABLE bare_snapshots (id text, revision bigint, kind text,"
            " at timestamptz, summary text, delta bytea, PRIMARY KEY (id, revision))"
        )
        connection.execute("CREATE SEQUENCE bare_revisions")
        connection.execute(
            "INSERT INTO bare_lists SELECT ordinality, id FROM unnest(%s::text[])"
            " WITH ORDINALITY AS lists (id)",
            [list(lists)],
        )
    words = [str(postgres_programs() / "pgbench"), "-n", "-c", "8", "-j", "1", "-T", "5"]
    for name, script in _BARE.items():
        path = scratch / name.partition("@")[0]
        path.write_text(script)
        words += ["-f", f"{path}@{name.partition('@')[2]}"]
    done = subprocess.run(
        [*words, postgres.conninfo(dsn, schema="playlist")],
        check=True,
        capture_output=True,
        text=True,
    )
    line = next(one for one in done.stdout.splitlines() if one.startswith("tps = "))
    rate = float(line.split()[2])
    return Figure("the bare statements by pgbench", rate, "calls/s", "the same mix, no service")


async def _peer(folder: Path) -> list[Figure]:
    async with supysonic.running(folder, PEER_FILES) as peer:
        songs = await peer.songs(LONG)
        playlist_id = await peer.create("Bench", songs)
        appended = await times_ms(lambda: peer.add(playlist_id, songs[:1]), 50)
        loaded = await times_ms(lambda: peer.load(playlist_id), 1)
    return [
        figure("supysonic: a track added to 10,000", appended, "the peer, same machine and run"),
        figure("supysonic: load of 10,000", loaded, "once; it has no pages"),
    ]


async def _measure(mesh: RunningMesh, scratch: Path) -> list[Figure]:
    dsn = database_dsn(mesh.folder, "playlist")
    tracks = await _catalogue(dsn)
    async with AsyncExitStack() as stack:
        token = mesh.token()
        client = await stack.enter_async_context(KeepAlive(urlsplit(mesh.edge).netloc))
        direct = await direct_calls(stack, mesh, token)
        figures = await Long(direct, AsJson(client, token), tracks, dsn).measure()
        # A token lives five minutes.
        token = mesh.token()
        both = [await direct_calls(stack, mesh, token, n) for n in range(INSTANCES)]
        lists = [await both[0].make(tracks[100 * n : 100 * n + 100]) for n in range(LISTS)]
        await _mix(both, lists, tracks, find_mesh(mesh.folder).pid)
        figures += await rules(both[0])
        figures += await _mix(both, lists, tracks, find_mesh(mesh.folder).pid)
    figures.append(await asyncio.to_thread(_bare, dsn, lists, scratch))
    return figures


def run() -> list[Figure]:
    """Measures; about four minutes, two of them the peer's."""
    with tempfile.TemporaryDirectory() as name:
        with running_mesh(Path(name) / "mesh", [f"playlist={INSTANCES}"]) as mesh:
            figures = uvloop.run(_measure(mesh, Path(name)))
        return figures + uvloop.run(_peer(Path(name) / "peer"))
