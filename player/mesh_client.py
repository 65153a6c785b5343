"""The way from the command line to a mesh: the edge's address, tokens that stay fresh, stubs."""

from __future__ import annotations

import asyncio
import getpass
import re
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import grpc
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog
from segue.device.v1 import device_service_pb2_grpc as device
from segue.identity.v1 import (
    identity_internal_service_pb2,
    identity_internal_service_pb2_grpc,
    identity_pb2,
    identity_service_pb2_grpc,
)
from segue.playback.v1 import activity_service_pb2_grpc as activity
from segue.playback.v1 import history_service_pb2_grpc as history
from segue.playback.v1 import playback_service_pb2_grpc as playback
from segue.playback.v1 import preferences_service_pb2_grpc as preferences
from segue.playlist.v1 import library_service_pb2_grpc as library
from segue.playlist.v1 import playlist_service_pb2_grpc as playlist
from segue.playlist.v1 import sharing_service_pb2_grpc as sharing
from segue.playlist.v1 import snapshot_service_pb2_grpc as snapshot
from segue.playlist.v1 import social_service_pb2_grpc as social
from segue.playlist.v1 import transfer_service_pb2_grpc as transfer
from segue.rec.v1 import experiment_service_pb2_grpc as experiment
from segue.rec.v1 import model_service_pb2_grpc as model
from segue.rec.v1 import radio_service_pb2_grpc as radio
from segue.rec.v1 import recommendation_service_pb2_grpc as recommendation
from segue.rec.v1 import training_service_pb2_grpc as training

from localmesh.discovery import MeshAddresses, find_mesh
from localmesh.layout import Layout
from meshkit.clients import interceptors
from meshkit.credentials import client_credentials, server_name

Metadata = tuple[tuple[str, str], ...]

_RENEW_BEFORE_S = 60.0
_CALL_S = 10.0
_CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.use_local_subchannel_pool", 1),
)


def local_username() -> str:
    """The name of the local user that commands act as: this computer's user, where it is usable."""
    try:
        name = re.sub(r"[^a-z0-9._-]", "", getpass.getuser().lower()).lstrip("._-")[:32]
    except (KeyError, OSError):
        name = ""
    return name if len(name) >= 3 else "listener"


@dataclass(frozen=True, slots=True)
class LocalUser:
    """Whom the commands act as. ``tier`` is the plan if they are made; None for free, or theirs."""

    name: str
    tier: str | None = None
    admin: bool = False


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token and when it expires, in Unix seconds."""

    text: str
    expires_at: float
    user_id: str
    scopes: tuple[str, ...]


async def issue_token(folder: Path | None, mesh: MeshAddresses, user: LocalUser) -> IssuedToken:
    """A token for a local user, from identity itself, by the certificate in the mesh's folder.

    Raises faults of identity, and OSError for who may not read the folder.
    """
    files = client_credentials(Layout.at(folder).tls, "cli")
    channel = grpc.aio.secure_channel(
        mesh.services["identity"][0],
        grpc.ssl_channel_credentials(
            files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
        ),
        options=[("grpc.ssl_target_name_override", server_name("identity"))],
        interceptors=interceptors(_CALL_S),
    )
    tiers = identity_pb2.User.SubscriptionType
    request = identity_internal_service_pb2.IssueLocalTokenRequest(
        username=user.name,
        subscription_type=tiers.Value(user.tier.upper()) if user.tier else 0,  # type: ignore[arg-type]
        admin=user.admin,
    )
    async with channel:
        stub: Any = identity_internal_service_pb2_grpc.TokenInternalServiceStub(channel)
        answer = await stub.IssueLocalToken(request)
    return IssuedToken(
        answer.access_token,
        answer.expires_at.ToMilliseconds() / 1000,
        answer.user_id,
        tuple(answer.scopes),
    )


class MeshClient:
    """Talks gRPC to the edge of the mesh in ``folder`` on behalf of a local user."""

    def __init__(self, folder: Path | None, user: LocalUser) -> None:
        self._folder = folder
        self._user = user
        self._token: IssuedToken | None = None
        self._renewing = asyncio.Lock()
        self.mesh = find_mesh(folder)
        self._channel = grpc.aio.insecure_channel(
            urlsplit(self.mesh.edge).netloc,
            options=_CHANNEL_OPTIONS,
            interceptors=interceptors(_CALL_S),
        )
        self.catalog: Any = catalog.CatalogServiceStub(self._channel)
        self.search: Any = catalog.SearchServiceStub(self._channel)
        self.imports: Any = catalog.ImportServiceStub(self._channel)
        self.playback: Any = playback.PlaybackServiceStub(self._channel)
        self.heartbeats: Any = playback.HeartbeatServiceStub(self._channel)
        self.devices: Any = device.DeviceServiceStub(self._channel)
        self.history: Any = history.HistoryServiceStub(self._channel)
        self.activity: Any = activity.ActivityServiceStub(self._channel)
        self.preferences: Any = preferences.PreferencesServiceStub(self._channel)
        self.users: Any = identity_service_pb2_grpc.UserServiceStub(self._channel)
        self.playlists: Any = playlist.PlaylistServiceStub(self._channel)
        self.snapshots: Any = snapshot.SnapshotServiceStub(self._channel)
        self.sharing: Any = sharing.SharingServiceStub(self._channel)
        self.transfer: Any = transfer.TransferServiceStub(self._channel)
        self.library: Any = library.LibraryServiceStub(self._channel)
        self.social: Any = social.SocialServiceStub(self._channel)
        self.experiments: Any = experiment.ExperimentServiceStub(self._channel)
        self.radios: Any = radio.RadioServiceStub(self._channel)
        self.recommendations: Any = recommendation.RecommendationServiceStub(self._channel)
        self.trainings: Any = training.TrainingServiceStub(self._channel)
        self.models: Any = model.ModelServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channel.close()

    async def token(self) -> IssuedToken:
        """An access token that is good for at least a minute."""
        async with self._renewing:
            held = self._token
            if held is None or held.expires_at - time.time() < _RENEW_BEFORE_S:
                held = self._token = await issue_token(self._folder, self.mesh, self._user)
            return held

    @property
    def username(self) -> str:
        """The local user on whose behalf it talks."""
        return self._user.name

    @property
    def device_folder(self) -> Path:
        """Where this computer's devices keep what they remember."""
        return Layout.at(self._folder).root / "devices"

    async def metadata(self) -> Metadata:
        """What every call carries."""
        return (("authorization", f"Bearer {(await self.token()).text}"),)

    async def call(self, method: Any, request: Any, timeout_s: float | None = None) -> Any:
        """Makes a unary call; raises the service's own fault where it fails."""
        return await method(request, metadata=await self.metadata(), timeout=timeout_s)


def acting_as(folder: Path | None, name: str | None) -> MeshClient:
    """A client for the local user of a name; None: this computer's user."""
    return MeshClient(folder, LocalUser(name or local_username()))
