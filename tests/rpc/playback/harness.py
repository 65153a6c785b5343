"""Instances of the playback service over real stores; catalogue and plans in memory."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
from grpc.aio import AioRpcError
from pydantic import SecretStr
from segue.device.v1 import device_service_pb2 as device_pb
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.playback.v1 import delivery_internal_service_pb2 as delivery_pb
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.activity_service_pb2_grpc import ActivityServiceStub
from segue.playback.v1.delivery_internal_service_pb2_grpc import DeliveryInternalServiceStub
from segue.playback.v1.history_service_pb2_grpc import HistoryServiceStub
from segue.playback.v1.playback_service_pb2_grpc import HeartbeatServiceStub, PlaybackServiceStub
from segue.playback.v1.preferences_service_pb2_grpc import PreferencesServiceStub

from meshkit import status
from meshkit.capability import KeyFile
from meshkit.process import service_process
from meshkit.testing.rpc import ServedMesh, TokenIssuer, next_message, served_mesh, service_settings
from meshkit.testing.rpc import refused as refused
from meshkit.testing.stores import PATIENCE_S, PostgresServer
from playback_svc.adapters.addresses import SignedAddresses
from playback_svc.adapters.memory.clients import MemoryCatalogue, MemoryPlans, MemoryPlaylists
from playback_svc.adapters.memory.radios import MemoryRadios
from playback_svc.adapters.postgres.user_records import PostgresUserRecords
from playback_svc.assembly import Ongoing, Parts, assemble
from playback_svc.ports.radios import Radios
from playback_svc.ports.user_records import UserRecords
from playback_svc.schema import SCHEMA
from playback_svc.settings import Settings
from playback_svc.streams.heartbeats import Heartbeats
from playback_svc.streams.streams import Streams
from playback_svc.wiring import stored_parts
from tests.contracts.playback.play_fields import play_fields
from tests.contracts.playback.samples import ASSET, FREE, PLAYABLE, PREMIUM, TRACK, new_id

PUBLIC_URL = "http://music.test:8080"
PLAYING = playback_pb2.Playback.PLAYING


@dataclass(frozen=True)
class World:
    """What the instances of a test share."""

    tls: Path
    dsn: str
    valkey_url: str
    catalogue: MemoryCatalogue
    plans: MemoryPlans
    playlists: MemoryPlaylists = field(default_factory=MemoryPlaylists)
    radios: Radios = field(default_factory=MemoryRadios)
    issuer: TokenIssuer = field(default_factory=TokenIssuer)
    presence_wait_s: float = PATIENCE_S

    def without_valkey(self) -> World:
        """The same for instances that do not reach Valkey, and do not wait for it."""
        return replace(self, valkey_url="unix:///nowhere.sock", presence_wait_s=0.1)

    @property
    def keys(self) -> KeyFile:
        path = self.tls / "capability.json"
        if not path.exists():
            key = base64.b64encode(b"k" * 32).decode()
            path.write_text(json.dumps({"current": "k1", "keys": {"k1": key}}))
        return KeyFile(path)

    def settings(self, **overrides: Any) -> Settings:
        plain = service_settings(self.tls, "playback", **overrides).model_dump()
        return Settings(
            **plain,
            database_dsn=SecretStr(self.dsn),
            database_wait_s=PATIENCE_S,
            valkey_url=self.valkey_url,
            valkey_connect_s=PATIENCE_S,
            valkey_command_s=PATIENCE_S,
            presence_wait_s=self.presence_wait_s,
            catalog_target="unused",
            identity_target="unused",
            playlist_target="unused",
            rec_target="unused",
            public_url=PUBLIC_URL,
            capability_keys_file=self.tls / "capability.json",
        )


@asynccontextmanager
async def a_world(postgres_server: PostgresServer, valkey_url: str, tls: Path) -> Any:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    catalogue = MemoryCatalogue({TRACK.track_id: PLAYABLE})
    plans = MemoryPlans({"free": FREE, "premium": PREMIUM})
    with postgres_server.database(template) as dsn:
        yield World(tls, dsn, valkey_url, catalogue, plans)


@dataclass
class Instance:
    """One running instance, called as the edge calls it."""

    mesh: ServedMesh
    ongoing: Ongoing
    parts: Parts
    records: UserRecords

    @property
    def streams(self) -> Streams:
        """The streams that the instance holds."""
        return self.ongoing.streams

    @property
    def heartbeats(self) -> Heartbeats:
        """The instance's streams of beats."""
        return self.streams.heartbeats

    def revoke(self, sid: str) -> None:
        """As if identity had told that a sign-in was revoked."""
        self.mesh.server.streams.revoke(sid, time.time() + 600)

    def user(self, user_id: str | None = None, **claims: Any) -> User:
        channel = self.mesh.channel("edge", serves_as="playback")
        return User(channel, self.mesh, user_id or new_id(), claims)


@asynccontextmanager
async def an_instance(world: World, **overrides: Any) -> AsyncIterator[Instance]:
    keys = world.keys
    settings = world.settings(**overrides)
    tokens = world.issuer.verifier()
    async with service_process(settings, SCHEMA, tokens=tokens) as process:
        parts = stored_parts(
            process,
            settings,
            await process.valkey(world.valkey_url, settings),
            catalogue=world.catalogue,
            playlists=world.playlists,
            radios=world.radios,
            friends=world.playlists,
            plans=world.plans,
            addresses=SignedAddresses(PUBLIC_URL, keys, settings.urls_live_s),
        )
        ongoing = assemble(process, settings, parts)
        async with served_mesh(process, world.tls, world.issuer) as mesh:
            yield Instance(mesh, ongoing, parts, PostgresUserRecords(process.pool))


@dataclass
class User:
    """A user's calls over one channel."""

    channel: grpc.aio.Channel
    mesh: ServedMesh
    user_id: str
    claims: dict[str, Any]

    def __post_init__(self) -> None:
        self.metadata = self.mesh.token(self.user_id, **self.claims)
        self.playback: Any = PlaybackServiceStub(self.channel)
        self.beats: Any = HeartbeatServiceStub(self.channel)
        self.history: Any = HistoryServiceStub(self.channel)
        self.preferences: Any = PreferencesServiceStub(self.channel)
        self.activity: Any = ActivityServiceStub(self.channel)
        self.devices: Any = DeviceServiceStub(self.channel)

    async def call(self, method: str, **fields: Any) -> Any:
        """Calls a method of PlaybackService; raises the Fault that a rich status means."""
        request = getattr(pb, f"{method}Request")(**fields)
        return await self._sent(getattr(self.playback, method), request)

    async def on_device(self, method: str, **fields: Any) -> Any:
        """Calls a method of DeviceService as :meth:`call` does."""
        request = getattr(device_pb, f"{method}Request")(**fields)
        return await self._sent(getattr(self.devices, method), request)

    async def register(self, device_id: str = "kitchen", **fields: Any) -> Any:
        """Registers a device."""
        answer = await self.on_device("RegisterDevice", device_id=device_id, **fields)
        return answer.device

    async def update(self, device_id: str = "kitchen", request_id: str = "", **fields: Any) -> Any:
        """Says that a device is other."""
        told = {"device_id": device_id, "device": fields, "request_id": request_id}
        return (await self.on_device("UpdateDevice", **told)).device

    async def order(self, device_id: str = "kitchen", **fields: Any) -> Any:
        """Sends a command to a device."""
        return await self.on_device("SendCommand", device_id=device_id, **fields)

    async def play(self, **fields: Any) -> Any:
        """Plays TRACK, or what the fields say by the words of ``asked``."""
        fields = {"track_id": TRACK.track_id, "device_id": "kitchen", **fields}
        return await self.call("Play", **play_fields(**fields))

    async def fetch(self, playback_id: str, *numbers: int, duration_ms: int = 10_000) -> Any:
        """As if media had sent these segments, whole, to a session."""
        parts = [
            delivery_pb.DeliveredSegment(
                number=number, delivered_ms=duration_ms, duration_ms=duration_ms
            )
            for number in numbers or range(1, 19)
        ]
        sent = delivery_pb.Delivery(
            subject=playback_id,
            descriptor_sha256=ASSET.descriptor,
            rung="128",
            segments=parts,
            bytes=160_000 * len(parts),
        )
        return await report(self.mesh, a_batch(sent))

    async def state(self) -> Any:
        return (await self.call("GetPlayback")).playback

    async def report(self, playback_id: str, device_id: str = "kitchen", **beat: Any) -> Any:
        request = pb.ReportHeartbeatRequest(
            playback_id=playback_id, device_id=device_id, heartbeat=a_beat(**beat)
        )
        return await self._sent(self.beats.ReportHeartbeat, request)

    async def _sent(self, method: Any, request: Any) -> Any:
        try:
            return await method(request, metadata=self.metadata, timeout=10)
        except AioRpcError as error:
            raise status.fault_of(error) from error

    async def stream(self, playback_id: str, device_id: str = "kitchen") -> Stream:
        """An opened stream, hello sent; raises the Fault that refused it when first read."""
        stream = Stream(self.beats.StreamHeartbeats(metadata=self.metadata))
        hello = pb.StreamHeartbeatsRequest.Hello(playback_id=playback_id, device_id=device_id)
        await stream.send(hello=hello)
        return stream


def a_batch(
    *deliveries: delivery_pb.Delivery, **changed: Any
) -> delivery_pb.ReportDeliveriesRequest:
    """A batch of now."""
    batch = delivery_pb.ReportDeliveriesRequest(batch_id=new_id(), deliveries=deliveries)
    batch.delivered_at.GetCurrentTime()
    batch.MergeFrom(delivery_pb.ReportDeliveriesRequest(**changed))
    return batch


async def report(mesh: ServedMesh, *batches: delivery_pb.ReportDeliveriesRequest) -> list[str]:
    """Reports batches as media does; the ids that are counted. Raises the Fault of a refusal."""
    stub: Any = DeliveryInternalServiceStub(mesh.channel("media", serves_as="playback"))
    try:
        answer = await stub.ReportDeliveries(iter(batches), timeout=20)
    except AioRpcError as error:
        raise status.fault_of(error) from error
    return list(answer.batch_ids)


def a_beat(**fields: Any) -> playback_pb2.Heartbeat:
    plain = {"epoch": 1, "revision": 1, "seq": 1, "status": PLAYING, "rung": "192"}
    return playback_pb2.Heartbeat(**{**plain, **fields})


class Stream:
    """The device's end of a heartbeat stream."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def send(self, **message: Any) -> None:
        await self.call.write(pb.StreamHeartbeatsRequest(**message))

    async def beat(self, **fields: Any) -> Any:
        """Sends a beat and returns what the server says next."""
        await self.send(heartbeat=a_beat(**fields))
        return await self.read()

    async def read(self) -> Any:
        """The next message, None at a clean end; raises the Fault of a failed call."""
        return await next_message(self.call)

    async def ended(self) -> list[Any]:
        """What the server still says until it ends the stream, which it must do well."""
        rest = []
        while (message := await self.read()) is not None:
            rest.append(message)
        assert await self.call.code() is grpc.StatusCode.OK
        return rest
