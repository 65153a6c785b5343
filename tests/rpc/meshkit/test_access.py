"""Who may call: by certificate, token and scope, for unary calls and streams alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from segue.catalog.v1 import catalog_internal_service_pb2 as internal
from segue.catalog.v1 import catalog_internal_service_pb2_grpc as internal_grpc
from segue.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from segue.mesh.v1.options_pb2 import MethodPolicy
from segue.playlist.v1 import playlist_service_pb2, playlist_service_pb2_grpc

from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.contracts import MethodContract, all_contracts
from meshkit.credentials import server_name
from meshkit.principal import (
    current_caller,
    current_method,
    current_principal,
    principal_or_none,
)
from meshkit.server import Context
from meshkit.status import fault_of
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served
from meshkit.ulids import new_id

USER = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"

REQUEST = playlist_service_pb2.GetPlaylistRequest(playlist_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9T")


class Playlists(playlist_service_pb2_grpc.PlaylistServiceServicer):
    async def GetPlaylist(self, request: Any, context: Context) -> Any:
        answer = playlist_service_pb2.GetPlaylistResponse()
        answer.playlist.playlist_id = current_principal().user_id
        answer.playlist.title = current_caller()
        answer.playlist.description = current_method()
        return answer


class CatalogInternal(internal_grpc.CatalogInternalServiceServicer):
    async def WatchChanges(self, request: Any, context: Context) -> AsyncIterator[Any]:
        yield internal.WatchChangesResponse(
            resume_token="none" if principal_or_none() is None else "a user"
        )


class Plans(identity_service_pb2_grpc.PlanServiceServicer):
    async def ListPlans(self, request: Any, context: Context) -> Any:
        return identity_service_pb2.ListPlansResponse()


class Tokens(identity_service_pb2_grpc.TokenServiceServicer):
    async def RevokeSession(self, request: Any, context: Context) -> Any:
        return identity_service_pb2.RevokeSessionResponse()


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedMesh]:
    tls = tmp_path_factory.mktemp("tls")
    ensure_certificates(tls, workloads=(*WORKLOADS, "sync"))
    async with served(
        tls,
        (playlist_service_pb2_grpc.add_PlaylistServiceServicer_to_server, Playlists()),
        (internal_grpc.add_CatalogInternalServiceServicer_to_server, CatalogInternal()),
        (identity_service_pb2_grpc.add_PlanServiceServicer_to_server, Plans()),
        (identity_service_pb2_grpc.add_TokenServiceServicer_to_server, Tokens()),
    ) as mesh:
        yield mesh


async def get_playlist(mesh: ServedMesh, metadata: Any, caller: str = "edge") -> Any:
    stub: Any = playlist_service_pb2_grpc.PlaylistServiceStub(mesh.channel(caller))
    return await stub.GetPlaylist(REQUEST, metadata=metadata)


async def sign_out(mesh: ServedMesh, metadata: Any) -> None:
    stub: Any = identity_service_pb2_grpc.TokenServiceStub(mesh.channel())
    await stub.RevokeSession(identity_service_pb2.RevokeSessionRequest(), metadata=metadata)


async def refusal(mesh: ServedMesh, metadata: Any, caller: str = "edge") -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await get_playlist(mesh, metadata, caller)
    return caught.value.code().name, fault_of(caught.value).reason


async def test_a_user_is_known_by_the_token_and_the_caller_by_its_certificate(
    mesh: ServedMesh,
) -> None:
    answer = await get_playlist(mesh, mesh.token(USER), "sync")
    assert answer.playlist.playlist_id == USER
    assert answer.playlist.title == "sync"


async def test_a_served_call_knows_its_method(mesh: ServedMesh) -> None:
    answer = await get_playlist(mesh, mesh.token(USER))
    assert answer.playlist.description == "/segue.playlist.v1.PlaylistService/GetPlaylist"


async def test_a_call_without_a_token_is_refused(mesh: ServedMesh) -> None:
    assert await refusal(mesh, ()) == ("UNAUTHENTICATED", "TOKEN_MISSING")


@pytest.mark.parametrize("header", ["Bearer", "Basic abc", "Bearer ", "bearer a.b.c", ""])
async def test_a_malformed_token_is_refused(mesh: ServedMesh, header: str) -> None:
    code, reason = await refusal(mesh, (("authorization", header),))
    assert code == "UNAUTHENTICATED"
    assert reason in ("TOKEN_MISSING", "TOKEN_INVALID")


async def test_an_expired_token_is_refused(mesh: ServedMesh) -> None:
    assert await refusal(mesh, mesh.token(life_s=-60)) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")


async def test_a_token_signed_by_somebody_else_is_refused(mesh: ServedMesh) -> None:
    forged = TokenIssuer().token(USER)
    answer = await refusal(mesh, (("authorization", f"Bearer {forged}"),))
    assert answer == ("UNAUTHENTICATED", "TOKEN_INVALID")


@pytest.mark.parametrize("claims", [{"iss": "https://evil.test"}, {"aud": "other"}])
async def test_a_token_for_somebody_else_is_refused(
    mesh: ServedMesh, claims: dict[str, str]
) -> None:
    assert await refusal(mesh, mesh.token(**claims)) == ("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_an_unsigned_token_is_refused(mesh: ServedMesh) -> None:
    payload = mesh.issuer.token(USER).split(".")[1]
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    answer = await refusal(mesh, (("authorization", f"Bearer {unsigned}"),))
    assert answer == ("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_a_token_without_the_scope_is_refused(mesh: ServedMesh) -> None:
    answer = await refusal(mesh, mesh.token(scopes=["playback.read"]))
    assert answer == ("PERMISSION_DENIED", "SCOPE_MISSING")


@pytest.mark.parametrize("scopes", [["catalog.read"], []], ids=str)
async def test_a_token_can_be_given_up_whatever_its_scopes(
    mesh: ServedMesh, scopes: list[str]
) -> None:
    await sign_out(mesh, mesh.token(scopes=scopes))


async def test_without_a_token_there_is_nothing_to_give_up(mesh: ServedMesh) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sign_out(mesh, ())
    assert fault_of(caught.value).reason == "TOKEN_MISSING"


async def test_who_is_delegated_to_passes_a_token_on_whatever_its_scopes(mesh: ServedMesh) -> None:
    other = mesh.token(scopes=["playback.control"])
    await get_playlist(mesh, other, "sync")
    assert await refusal(mesh, other, "edge") == ("PERMISSION_DENIED", "SCOPE_MISSING")
    assert await refusal(mesh, (), "sync") == ("UNAUTHENTICATED", "TOKEN_MISSING")


async def test_a_revoked_sign_in_is_refused(mesh: ServedMesh) -> None:
    metadata = mesh.token(sid="REVOKED-SID")
    await get_playlist(mesh, metadata)
    mesh.server._tokens.revoke("REVOKED-SID", 4e9)  # type: ignore[union-attr]
    assert await refusal(mesh, metadata) == ("UNAUTHENTICATED", "TOKEN_REVOKED")


async def test_a_user_who_was_erased_is_refused_whatever_the_sign_in(mesh: ServedMesh) -> None:
    user_id = new_id()
    tokens = [mesh.token(user_id=user_id, sid=sid) for sid in ("ONE", "OTHER")]
    await get_playlist(mesh, tokens[0])
    mesh.server.streams.revoke_user(user_id, 4e9)
    for token in tokens:
        assert await refusal(mesh, token) == ("UNAUTHENTICATED", "TOKEN_REVOKED")
    await get_playlist(mesh, mesh.token())


async def test_a_workload_that_the_contract_does_not_name_is_refused(mesh: ServedMesh) -> None:
    answer = await refusal(mesh, mesh.token(), "media")
    assert answer == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")


async def test_a_caller_without_a_certificate_does_not_connect(
    mesh: ServedMesh, tmp_path: Path
) -> None:
    authority = (mesh.tls / "ca.pem").read_bytes()
    async with grpc.aio.secure_channel(
        f"127.0.0.1:{mesh.port}",
        grpc.ssl_channel_credentials(authority),
        options=[("grpc.ssl_target_name_override", server_name("catalog"))],
    ) as channel:
        stub: Any = identity_service_pb2_grpc.PlanServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListPlans(identity_service_pb2.ListPlansRequest(), timeout=2)
    assert caught.value.code() in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )


async def test_a_public_call_needs_no_token(mesh: ServedMesh) -> None:
    stub: Any = identity_service_pb2_grpc.PlanServiceStub(mesh.channel())
    await stub.ListPlans(identity_service_pb2.ListPlansRequest())


async def test_an_internal_stream_is_for_the_named_workloads_alone(mesh: ServedMesh) -> None:
    request = internal.WatchChangesRequest()
    allowed: Any = internal_grpc.CatalogInternalServiceStub(mesh.channel("playback"))
    answers = [answer.resume_token async for answer in allowed.WatchChanges(request)]
    assert answers == ["none"]
    refused: Any = internal_grpc.CatalogInternalServiceStub(mesh.channel("edge"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in refused.WatchChanges(request, metadata=mesh.token()):
            pass
    assert fault_of(caught.value).reason == "CALLER_NOT_ALLOWED"


async def test_a_method_that_is_not_served_is_unimplemented(mesh: ServedMesh) -> None:
    stub: Any = identity_service_pb2_grpc.UserServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetMe(identity_service_pb2.GetMeRequest(), metadata=mesh.token())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_health_is_told_to_every_workload_by_service(mesh: ServedMesh) -> None:
    stub: Any = health_pb2_grpc.HealthStub(mesh.channel("media"))
    for name in ("", "segue.playlist.v1.PlaylistService", "segue.identity.v1.PlanService"):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_channelz_is_for_the_operator_alone(mesh: ServedMesh) -> None:
    request = channelz_pb2.GetServersRequest()
    operator: Any = channelz_pb2_grpc.ChannelzStub(mesh.channel("cli"))
    assert len((await operator.GetServers(request)).server) >= 1
    other: Any = channelz_pb2_grpc.ChannelzStub(mesh.channel("edge"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await other.GetServers(request)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_the_operator_may_call_what_is_internal_and_nothing_for_users(
    mesh: ServedMesh,
) -> None:
    operator: Any = internal_grpc.CatalogInternalServiceStub(mesh.channel("cli"))
    answers = [one async for one in operator.WatchChanges(internal.WatchChangesRequest())]
    assert [answer.resume_token for answer in answers] == ["none"]
    refused = await refusal(mesh, mesh.token(), "cli")
    assert refused == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")


@pytest.mark.parametrize("contract", all_contracts().values(), ids=lambda one: one.path)
def test_the_operator_is_admitted_exactly_where_that_is_internal(contract: MethodContract) -> None:
    internal_call = contract.access == MethodPolicy.INTERNAL
    assert contract.admits("cli") == (internal_call or "cli" in contract.allowed_callers)
    # On a user's behalf alone: then with the token of one, whatever its scopes.
    by_user = contract.access == MethodPolicy.USER
    assert contract.needs_user("cli") == (by_user or not contract.allowed_callers)
    assert contract.needs_scope("cli") == (by_user and not contract.any_scope)
