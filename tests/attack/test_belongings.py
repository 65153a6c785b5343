"""What is one user's is nobody else's: every RPC that takes an id, called with those of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from ulid import ULID

from tests.attack.others import target
from tests.attack.policies import is_internal, methods, name_of
from tests.attack.principals import lasting
from tests.attack.probes import answered
from tests.attack.tallies import Tally
from tests.bound_cases import valid
from tests.e2e.edge_calls import claims_of
from tests.running_mesh import RunningMesh

# What stands in everything that the owner keeps to himself.
MARK = f"his own {ULID()}"
STANDS_S = 0.5


@dataclass(frozen=True)
class Owner:
    """Somebody, and the ids of what is his, by the names that fields have for them."""

    token: str
    ids: Mapping[str, str]

    def kept(self, mesh: RunningMesh) -> list[Any]:
        """What he finds, which nobody else may change."""
        lists = ("/playlists", "/devices", "/me", "/me/preferences", "/me/library/tracks")
        own = (f"/playlists/{self.ids['playlist_id']}", "/playback", "/me/following")
        return [mesh.call("GET", path, token=self.token).body for path in (*lists, *own)]


@pytest.fixture(scope="module")
def owner(mesh: RunningMesh, track_id: str) -> Owner:
    token = lasting(mesh, mesh.token("owner"))

    def call(verb: str, path: str, body: Any) -> Any:
        answer = mesh.call(verb, path, body, token=token)
        assert answer.status < 300, answer
        return answer.body

    made = call("POST", "/playlists", {"name": MARK, "description": MARK, "public": False})
    added = call("POST", f"/playlists/{made['playlist_id']}/tracks", {"track_ids": [track_id]})
    call("POST", "/devices", {"device_id": "owners-device", "name": MARK[:64]})
    call("PUT", "/me/library/tracks", {"track_ids": [track_id]})
    played = call("POST", "/playback/play", {"track_id": track_id, "device_id": "owners-device"})
    call("POST", "/playback/pause", {"playback_id": played["playback_id"]})
    shown = mesh.call("GET", f"/playlists/{made['playlist_id']}/tracks", token=token).body
    item = shown["tracks"][0]["item_id"]
    ids = {
        "playlist_id": made["playlist_id"],
        "snapshot_id": added["snapshot_id"],
        "item_id": item,
        "item_ids": item,
        "device_id": "owners-device",
        "playback_id": played["playback_id"],
        "user_id": claims_of(token)["sub"],
    }
    return Owner(token, ids)


def named(method: MethodDescriptor, ids: Mapping[str, str]) -> Any:
    """A request that says the ids in every field which has a name for one; None without such."""
    message, said = valid(method.input_type), []
    for field in method.input_type.fields:
        if field.name in ids and field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                getattr(message, field.name)[:] = [ids[field.name]]
            else:
                setattr(message, field.name, ids[field.name])
            said.append(field.name)
    return message if said else None


def taking(ids: Mapping[str, str]) -> Iterable[tuple[MethodDescriptor, Any]]:
    for method in methods():
        if not is_internal(method) and (message := named(method, ids)) is not None:
            yield method, message


@pytest.fixture
async def channel(mesh: RunningMesh) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(target(mesh)) as channel:
        yield channel


async def test_nobody_reads_or_changes_what_is_anothers(
    mesh: RunningMesh, owner: Owner, channel: grpc.aio.Channel, attacker: str
) -> None:
    before = owner.kept(mesh)
    tally = Tally("With another's ids", ["somebody else"])
    headers = {"authorization": f"Bearer {attacker}"}
    for method, message in taking(owner.ids):
        content = message.SerializeToString()
        outcome, told = await answered(channel, method, content, headers, stands_s=STANDS_S)
        tally.add("somebody else", "gRPC", outcome.reason or outcome.code)
        assert MARK.encode() not in told, name_of(method)
    assert owner.kept(mesh) == before
    tally.show()
    assert tally.calls > 40


async def test_the_owner_is_told_what_nobody_else_is(
    mesh: RunningMesh, owner: Owner, channel: grpc.aio.Channel
) -> None:
    headers = {"authorization": f"Bearer {owner.token}"}
    told = [
        (await answered(channel, method, message.SerializeToString(), headers, stands_s=5))[1]
        for method, message in taking(owner.ids)
        if method.name in ("GetPlaylist", "GetDevice")
    ]
    assert len(told) == 2
    assert all(MARK.encode()[:30] in one for one in told)
