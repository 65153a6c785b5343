"""The process as operators start it: alone at first, killed at any moment, drained at the end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from segue.catalog.v1 import catalog_internal_service_pb2 as catalog
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    CatalogInternalServiceServicer,
    add_CatalogInternalServiceServicer_to_server,
)
from segue.identity.v1 import identity_pb2
from segue.identity.v1 import identity_service_pb2 as identity
from segue.identity.v1.identity_internal_service_pb2 import GetKeySetResponse
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    TokenInternalServiceServicer,
    add_TokenInternalServiceServicer_to_server,
)
from segue.identity.v1.identity_service_pb2_grpc import (
    PlanServiceServicer,
    add_PlanServiceServicer_to_server,
)

from meshkit.credentials import client_credentials, server_credentials
from meshkit.faults import Fault, Unavailable
from meshkit.testing.rpc import ISSUER, ServedMesh, TokenIssuer, served
from playback_svc.convert import track_summary
from tests.contracts.playback.samples import ASSET, FREE, RUNGS, TRACK, new_id
from tests.rpc.playback.harness import PUBLIC_URL, User, World, refused

_PORT = re.compile(rb'"port": ?(\d+)')


def catalogued(track_id: str) -> catalog_pb2.Track:
    return catalog_pb2.Track(
        id=track_id,
        title=TRACK.title,
        artist=TRACK.artist,
        duration_ms=TRACK.duration_ms,
        access=catalog_pb2.Track.FREE,
        artist_id=TRACK.artist_id,
        album=TRACK.album,
        album_id=TRACK.album_id,
        artwork_path=TRACK.artwork_path,
    )


class Catalog(CatalogInternalServiceServicer):
    async def LookupTracks(self, request: Any, context: Any) -> catalog.LookupTracksResponse:
        return catalog.LookupTracksResponse(tracks=map(catalogued, request.ids))

    async def GetPlayable(self, request: Any, context: Any) -> catalog.GetPlayableResponse:
        track = catalogued(request.track_id)
        rates = [
            catalog.GetPlayableResponse.RungRate(rung=rung.name, bitrate=rung.bitrate_kbps)
            for rung in RUNGS
        ]
        return catalog.GetPlayableResponse(
            track=track, descriptor_sha256=ASSET.descriptor, rungs=rates
        )


class PlanTable(PlanServiceServicer):
    async def ListPlans(self, request: Any, context: Any) -> identity.ListPlansResponse:
        free = identity_pb2.Plan(subscription_type=identity_pb2.User.FREE, rungs=sorted(FREE.rungs))
        return identity.ListPlansResponse(plans=[free])


class Keys(TokenInternalServiceServicer):
    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    async def GetKeySet(self, request: Any, context: Any) -> GetKeySetResponse:
        return GetKeySetResponse(key_set=json.dumps(self._issuer.jwks()))


@asynccontextmanager
async def neighbours(world: World) -> AsyncIterator[tuple[str, str]]:
    """The targets of a catalogue and an identity that answer."""
    plans = (add_PlanServiceServicer_to_server, PlanTable())
    keys = (add_TokenInternalServiceServicer_to_server, Keys(world.issuer))
    tracks = (add_CatalogInternalServiceServicer_to_server, Catalog())  # type: ignore[abstract]
    async with (
        served(world.tls, tracks, workload="catalog", issuer=world.issuer) as one,
        served(world.tls, plans, keys, workload="identity", issuer=world.issuer) as two,
    ):
        yield f"ipv4:127.0.0.1:{one.port}", f"ipv4:127.0.0.1:{two.port}"


class Process:
    """One ``python -m playback_svc serve``; ``rec`` is where it asks for radios."""

    def __init__(self, world: World, targets: tuple[str, str], rec: str = "") -> None:
        files = server_credentials(world.tls, "playback")
        calling = client_credentials(world.tls, "playback")
        assert world.keys
        settings = {
            "TLS_CERT_FILE": files.cert_file,
            "TLS_KEY_FILE": files.key_file,
            "TLS_CLIENT_CERT_FILE": calling.cert_file,
            "TLS_CLIENT_KEY_FILE": calling.key_file,
            "TLS_CA_FILE": files.ca_file,
            "TOKEN_ISSUER": ISSUER,
            "DATABASE_DSN": world.dsn,
            "VALKEY_URL": world.valkey_url,
            "CATALOG_TARGET": targets[0],
            "IDENTITY_TARGET": targets[1],
            "PLAYLIST_TARGET": targets[1],
            "REC_TARGET": rec or targets[1],
            "PUBLIC_URL": PUBLIC_URL,
            "CAPABILITY_KEYS_FILE": world.tls / "capability.json",
            "DRAIN_NOTICE_S": 0.1,
        }
        root = Path(__file__).parents[3]
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{root}:{root / 'gen'}",
            **{f"SEGUE_PLAYBACK_{name}": str(value) for name, value in settings.items()},
        }
        self._world = world
        self._meshes: list[ServedMesh] = []

    async def start(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "playback_svc", "serve"),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.port, lines = 0, []
        assert self._process.stdout
        while not self.port:
            line = await asyncio.wait_for(self._process.stdout.readline(), 30)
            lines.append(line)
            assert line, b"".join(lines).decode()
            found = _PORT.search(line)
            self.port = int(found[1]) if found else 0
        return self

    def user(self, user_id: str) -> User:
        mesh = ServedMesh(None, self.port, self._world.issuer, self._world.tls)  # type: ignore[arg-type]
        self._meshes.append(mesh)
        return User(mesh.channel("edge", serves_as="playback"), mesh, user_id, {})

    def kill(self) -> None:
        """Ends it at once, wherever it is; ``end`` waits until it is gone."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def end(self, number: signal.Signals) -> int:
        if self._process.returncode is None:
            self._process.send_signal(number)
        assert self._process.stdout
        await self._process.stdout.read()
        code = await asyncio.wait_for(self._process.wait(), 20)
        for mesh in self._meshes:
            await mesh.close()
        return code


async def test_a_killed_process_loses_nothing_it_acknowledged(world: World) -> None:
    user_id, acknowledged = new_id(), (0, 0)
    async with neighbours(world) as targets:
        for _ in range(3):
            process = await Process(world, targets).start()
            user = process.user(user_id)
            answer = await user.play()
            before, acknowledged = acknowledged, (answer.epoch, answer.revision)
            assert acknowledged[0] == before[0] + 1
            assert acknowledged[1] > before[1]
            killing = asyncio.get_running_loop().call_later(
                0.3, process._process.send_signal, signal.SIGKILL
            )
            position = 0
            while True:
                position += 1
                try:
                    sought = await user.call(
                        "Seek", playback_id=answer.playback_id, position_ms=position
                    )
                except Fault as fault:
                    assert isinstance(fault, Unavailable)  # noqa: PT017
                    break
                acknowledged = (answer.epoch, sought.revision)
            killing.cancel()
            with_next = await Process(world, targets).start()
            state = await with_next.user(user_id).state()
            assert state.playback_id == answer.playback_id
            # The one command that was cut off may have been carried out unheard.
            assert state.revision - acknowledged[1] in (0, 1)
            acknowledged = (state.epoch, state.revision)
            assert await with_next.end(signal.SIGTERM) == 0


async def test_what_plays_and_waits_is_drawn_from_the_catalogue(world: World) -> None:
    async with neighbours(world) as targets:
        process = await Process(world, targets).start()
        user, following = process.user(new_id()), new_id()
        answer = await user.play(track_ids=[TRACK.track_id, following])
        (entry,) = (await user.call("GetQueue")).entries
        assert answer.track == track_summary(TRACK)
        assert entry.track == track_summary(replace(TRACK, track_id=following))
        assert await process.end(signal.SIGTERM) == 0


async def test_it_starts_alone_and_serves_while_its_neighbours_are_away(world: World) -> None:
    async with neighbours(world) as (_, identity):
        process = await Process(world, ("ipv4:127.0.0.1:9", identity)).start()
        user = process.user(new_id())
        # Whose keys were read once.
        assert not (await user.call("GetPlayback")).HasField("playback")
    assert not (await user.call("GetPlayback")).HasField("playback")
    assert isinstance(await refused(user.play()), Unavailable)
    assert await process.end(signal.SIGTERM) == 0


async def test_sigterm_sends_the_streams_elsewhere(world: World) -> None:
    async with neighbours(world) as targets:
        process = await Process(world, targets).start()
        user = process.user(new_id())
        stream = await user.stream((await user.play()).playback_id)
        assert (await stream.read()).HasField("ack")
        ending = asyncio.create_task(process.end(signal.SIGTERM))
        (last,) = await stream.ended()
        assert last.end.HasField("reconnect_after")
        assert last.HasField("end")
        assert await ending == 0
