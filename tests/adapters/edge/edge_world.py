"""The world of the edge's tests: Envoy, real mesh servers behind it, keys and media."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from edge_playlists import Playlists, Sharing, Transfer
from edge_process import Edge, IdentityHttp, running_edge
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from media_origin import Origin, free_port
from segue.catalog.v1 import catalog_internal_service_pb2 as internal
from segue.catalog.v1 import catalog_internal_service_pb2_grpc as internal_grpc
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog_grpc
from segue.identity.v1 import identity_service_pb2 as identity
from segue.identity.v1 import identity_service_pb2_grpc as identity_grpc
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1 import playback_service_pb2_grpc as playback_grpc
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playback.v1 import preferences_service_pb2_grpc as preferences_grpc
from segue.playlist.v1.playlist_service_pb2_grpc import add_PlaylistServiceServicer_to_server
from segue.playlist.v1.sharing_service_pb2_grpc import add_SharingServiceServicer_to_server
from segue.playlist.v1.transfer_service_pb2_grpc import add_TransferServiceServicer_to_server
from ulid import ULID

from meshkit import faults, status, stream_ends
from meshkit.certificates import ensure_certificates
from meshkit.principal import current_principal
from meshkit.server import Context
from meshkit.testing.rpc import ISSUER, TokenIssuer, served
from tests.plain_http import PLAIN

USER_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
TRACK_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9V"
PLAYLIST_ID = "01JD4Q8Z7Y1V9K2M5N6P7R8S9W"
# Ids by which a test says what is to happen: these words, and the reasons of the errors contract.
_WORDS = {f"{n:026}": word for n, word in enumerate(("missing", "slow", *status.reason_specs()))}
ID_OF = {word: number for number, word in _WORDS.items()}


class Catalog(catalog_grpc.CatalogServiceServicer):
    """Answers with what it was asked."""

    async def GetTrack(
        self, request: catalog.GetTrackRequest, context: Context
    ) -> catalog.GetTrackResponse:
        word = _WORDS.get(request.id)
        if word == "missing":
            raise faults.NotFound("no such track", metadata={"resource": "track", "id": request.id})
        if word == "slow":
            await asyncio.sleep(30)
        if word is not None:
            raise faults.Fault("words for people", reason=word, retry_after_s=2.0)
        track = catalog_pb2.Track(id=request.id, title=current_principal().user_id)
        return catalog.GetTrackResponse(track=track)


class CatalogInternal(internal_grpc.CatalogInternalServiceServicer):
    """Answers whoever reaches it."""

    async def GetPlayable(
        self, request: internal.GetPlayableRequest, context: Context
    ) -> internal.GetPlayableResponse:
        return internal.GetPlayableResponse(descriptor_sha256="ab")


class Search(catalog_grpc.SearchServiceServicer):
    """Finds the types that were asked for; suggests many times what was typed, or a header."""

    async def Search(
        self, request: catalog.SearchRequest, context: Context
    ) -> catalog.SearchResponse:
        names = [catalog.SearchRequest.Type.Name(kind) for kind in request.type]
        results = [catalog.SearchResponse.ArtistResult(id=request.q, name=name) for name in names]
        return catalog.SearchResponse(artists=results)

    async def Suggest(
        self, request: catalog.SuggestRequest, context: Context
    ) -> catalog.SuggestResponse:
        headers = {key: str(value) for key, value in context.invocation_metadata() or ()}
        found = catalog.SuggestResponse.Suggestion(text=headers.get(request.q, request.q))
        return catalog.SuggestResponse(suggestions=[found] * 50)


class Imports(catalog_grpc.ImportServiceServicer):
    """Watches: two messages, then waits to be released."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def WatchImport(
        self, request: catalog.WatchImportRequest, context: Context
    ) -> AsyncIterator[catalog.WatchImportResponse]:
        word = _WORDS.get(request.id)
        if word == "missing":
            raise faults.NotFound("no such import")
        if word is not None:
            raise faults.Fault("words for people", reason=word, retry_after_s=2.0)
        for _ in range(2):
            yield catalog.WatchImportResponse(import_run=catalog_pb2.Import(id=request.id))
        await self.released.wait()
        yield catalog.WatchImportResponse(end=stream_ends.FINISHED.to_message())


class Heartbeats(playback_grpc.HeartbeatServiceServicer):
    """Acknowledges each beat by its own number."""

    async def StreamHeartbeats(
        self, request_iterator: AsyncIterator[playback.StreamHeartbeatsRequest], context: Context
    ) -> AsyncIterator[playback.StreamHeartbeatsResponse]:
        async for message in request_iterator:
            answer = playback.StreamHeartbeatsResponse()
            answer.ack.seq = message.heartbeat.seq
            yield answer

    async def ReportHeartbeat(
        self, request: playback.ReportHeartbeatRequest, context: Context
    ) -> playback.ReportHeartbeatResponse:
        return playback.ReportHeartbeatResponse()


class Preferences(preferences_grpc.PreferencesServiceServicer):
    """Answers with what it was given."""

    async def UpdatePreferences(
        self, request: preferences.UpdatePreferencesRequest, context: Context
    ) -> preferences.UpdatePreferencesResponse:
        return preferences.UpdatePreferencesResponse(preferences=request.preferences)


class Plans(identity_grpc.PlanServiceServicer):
    """No plans, or the reason of an error that the caller names in a header."""

    async def ListPlans(
        self, request: identity.ListPlansRequest, context: Context
    ) -> identity.ListPlansResponse:
        headers = {key: str(value) for key, value in context.invocation_metadata() or ()}
        if reason := headers.get("x-reason"):
            raise faults.Fault("words for people", reason=reason)
        return identity.ListPlansResponse()


@dataclass
class World:
    """The edge, who signs tokens, the servicers that stream, and who serves what."""

    edge: Edge
    issuer: TokenIssuer
    imports: Imports
    transfer: Transfer
    xds: Path
    ports: dict[str, int]

    def bearer(self, user_id: str = USER_ID, **claims: Any) -> dict[str, str]:
        """The header of a user."""
        return {"authorization": f"Bearer {self.issuer.token(user_id, **claims)}"}

    async def call(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """An HTTP call through the edge."""
        async with httpx.AsyncClient(base_url=self.edge.url, **PLAIN) as client:
            return await client.request(method, path, timeout=20, **rest)

    async def admin(self, path: str) -> str:
        """What the edge tells its operator."""
        async with httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(self.edge.admin)), base_url="http://admin"
        ) as client:
            return (await client.get(path)).text


@asynccontextmanager
async def open_world(folder: Path, origin: Origin, **settings: Any) -> AsyncIterator[World]:
    """Four servers, the keys over HTTP, the media origin, and Envoy before them."""
    tls = folder / "tls"
    tls.mkdir()
    ensure_certificates(tls)
    issuer, imports, transfer = TokenIssuer(), Imports(), Transfer()
    async with AsyncExitStack() as stack:
        ports = await start_servers(stack, tls, issuer, imports, transfer)
        keys = stack.enter_context(IdentityHttp(issuer.jwks()))
        edge = stack.enter_context(
            running_edge(
                folder / "envoy",
                tls,
                (free_port(), free_port()),
                {
                    **{name: [f"127.0.0.1:{port}"] for name, port in ports.items()},
                    "identity-http": [keys.address],
                    "media": [origin.url.removeprefix("http://")],
                },
                token_issuer=ISSUER,
                unary_timeout_s=5.0,
                max_json_bytes=64 * 1024,
                **settings,
            )
        )
        found = World(edge, issuer, imports, transfer, folder / "envoy" / "xds", ports)
        await until_upstreams_are_healthy(found)
        yield found


async def start_servers(
    stack: AsyncExitStack, tls: Path, issuer: TokenIssuer, imports: Imports, transfer: Transfer
) -> dict[str, int]:
    """The ports of the workloads."""
    registrations: dict[str, list[Any]] = {
        "catalog": [
            (catalog_grpc.add_CatalogServiceServicer_to_server, Catalog()),
            (internal_grpc.add_CatalogInternalServiceServicer_to_server, CatalogInternal()),
            (catalog_grpc.add_SearchServiceServicer_to_server, Search()),
            (catalog_grpc.add_ImportServiceServicer_to_server, imports),
        ],
        "playback": [
            (playback_grpc.add_HeartbeatServiceServicer_to_server, Heartbeats()),
            (preferences_grpc.add_PreferencesServiceServicer_to_server, Preferences()),
        ],
        "playlist": [
            (add_PlaylistServiceServicer_to_server, Playlists()),
            (add_SharingServiceServicer_to_server, Sharing()),
            (add_TransferServiceServicer_to_server, transfer),
        ],
        "identity": [(identity_grpc.add_PlanServiceServicer_to_server, Plans())],
    }
    return {
        workload: (
            await stack.enter_async_context(served(tls, *added, workload=workload, issuer=issuer))
        ).port
        for workload, added in registrations.items()
    }


async def until_upstreams_are_healthy(world: World) -> None:
    """Returns once Envoy's health checks have passed and it has the keys."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        track = await world.call("GET", f"/tracks/{TRACK_ID}", headers=world.bearer(str(ULID())))
        plans = await world.call("GET", "/plans")
        media = await world.call("GET", "/media/v1/artwork/none")
        share = await world.call("GET", "/s/code")
        answers = (track, plans, media, share)
        if [answer.status_code for answer in answers] == [200, 200, 404, 200]:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{track.text} {plans.text} {media.text} {share.text}")


def reason_of(answer: httpx.Response) -> str:
    """The ErrorInfo's reason in a Status in JSON."""
    told = answer.json()
    assert set(told) == {"code", "message", "details"}
    assert told["message"]
    (info,) = (d for d in told["details"] if d["@type"].endswith("google.rpc.ErrorInfo"))
    assert info["domain"] == "segue"
    return str(info["reason"])


def rich(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str]:
    """Code and reason of a gRPC error."""
    told = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert told is not None
    info = ErrorInfo()
    assert told.details[0].Unpack(info)
    assert told.code == error.code().value[0]
    return error.code(), info.reason
