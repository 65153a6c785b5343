"""What callers see of the edge: calls in JSON and in gRPC, and how both are refused."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from joserfc import jwt
from joserfc.jwk import ECKey
from segue.catalog.v1 import catalog_service_pb2_grpc as catalog
from segue.device.v1 import device_service_pb2_grpc as device
from segue.identity.v1 import identity_service_pb2_grpc as identity
from segue.playback.v1 import history_service_pb2_grpc as history
from segue.playback.v1 import playback_service_pb2_grpc as playback
from segue.playback.v1 import preferences_service_pb2_grpc as preferences

from localmesh.layout import Layout
from tests.running_mesh import Answer, RunningMesh

HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "UNAVAILABLE": 503,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A canonical code and the reason that goes with it."""

    code: str
    reason: str


INVALID = Refusal("INVALID_ARGUMENT", "INVALID_FIELD")
NOT_FOUND = Refusal("NOT_FOUND", "NOT_FOUND")


def json_refusal(answer: Answer) -> Refusal:
    """The google.rpc.Status of an answer; fails unless it is one."""
    assert answer.status >= 400, answer
    assert answer.headers["content-type"].startswith("application/json"), answer
    status = answer.body
    assert set(status) == {"code", "message", "details"}, answer
    assert status["message"], answer
    assert "Traceback" not in answer.text
    infos = [d for d in status["details"] if d["@type"].endswith("/google.rpc.ErrorInfo")]
    assert [info["domain"] for info in infos] == ["segue"], answer
    return Refusal(code_pb2.Code.Name(status["code"]), infos[0]["reason"])


def grpc_refusal(error: grpc.RpcError) -> Refusal:
    """Code and reason of a failed gRPC call; fails unless it carries a rich status."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None, error
    assert status.message, error
    info = ErrorInfo()
    assert status.details[0].Unpack(info), error
    assert info.domain == "segue"
    return Refusal(code_pb2.Code.Name(status.code), info.reason)


class EdgeStubs:
    """Every service over one plain channel to the edge, as a native client has it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.catalog: Any = catalog.CatalogServiceStub(channel)
        self.search: Any = catalog.SearchServiceStub(channel)
        self.imports: Any = catalog.ImportServiceStub(channel)
        self.users: Any = identity.UserServiceStub(channel)
        self.tokens: Any = identity.TokenServiceStub(channel)
        self.plans: Any = identity.PlanServiceStub(channel)
        self.playback: Any = playback.PlaybackServiceStub(channel)
        self.heartbeats: Any = playback.HeartbeatServiceStub(channel)
        self.devices: Any = device.DeviceServiceStub(channel)
        self.history: Any = history.HistoryServiceStub(channel)
        self.preferences: Any = preferences.PreferencesServiceStub(channel)


def target(mesh: RunningMesh) -> str:
    """The edge as gRPC names it."""
    return urlsplit(mesh.edge).netloc


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a call with a token."""
    return (("authorization", f"Bearer {token}"),)


def play(mesh: RunningMesh, token: str, track_id: str, device: str = "device-1") -> Any:
    """Starts a session; its addresses are noted as secrets."""
    order = {"track_id": track_id, "device_id": device}
    answer = mesh.call("POST", "/playback/play", order, token=token)
    assert answer.status == 200, answer
    mesh.secrets.add(capability_of(answer.body["stream_url"]))
    return answer.body


def capability_of(address: str) -> str:
    """The capability in a media address."""
    found = re.search(r"/media/v1/([^/]+)/", address)
    assert found, address
    return found[1]


def descriptor_of(address: str) -> str:
    """The descriptor that a media address names."""
    return urlsplit(address).path.split("/")[4]


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says, unverified."""
    body = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def mint_token(mesh: RunningMesh, like: str, *, key: ECKey | None = None, **claims: Any) -> str:
    """A token like another one but for some claims, signed with the mesh's own key by default.

    A claim that is None is left out.
    """
    pem = (Layout.at(mesh.folder).secrets / "token-signing-key.pem").read_text()
    own = ECKey.import_key(pem)
    said = {**claims_of(like), **claims}
    said = {name: value for name, value in said.items() if value is not None}
    token = jwt.encode({"alg": "ES256", "typ": "JWT", "kid": own.thumbprint()}, said, key or own)
    mesh.secrets.add(token)
    return token


def unsigned_token(like: str, signature: str = "") -> str:
    """A token like another one that says that it needs no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{like.split('.')[1]}.{signature}"
