"""What callers get who are nobody, somebody else, or not allowed: tokens and signed paths."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from e2e_album import SONGS, Music
from edge_calls import (
    NOT_FOUND,
    EdgeStubs,
    Refusal,
    bearer,
    capability_of,
    claims_of,
    descriptor_of,
    grpc_refusal,
    json_refusal,
    mint_token,
    play,
    unsigned_token,
)
from joserfc.jwk import ECKey
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.identity.v1 import identity_service_pb2 as identity
from segue.playback.v1 import playback_service_pb2 as playback

from localmesh.layout import Layout
from meshkit.capability import CapabilityKeys
from tests.running_mesh import RunningMesh

MISSING = Refusal("UNAUTHENTICATED", "TOKEN_MISSING")
FORGED = Refusal("UNAUTHENTICATED", "TOKEN_INVALID")
EXPIRED = Refusal("UNAUTHENTICATED", "TOKEN_EXPIRED")
REVOKED = Refusal("UNAUTHENTICATED", "TOKEN_REVOKED")
NO_SCOPE = Refusal("PERMISSION_DENIED", "SCOPE_MISSING")
PATH_EXPIRED = Refusal("PERMISSION_DENIED", "MEDIA_PATH_EXPIRED")
PATH_INVALID = Refusal("PERMISSION_DENIED", "MEDIA_PATH_INVALID")

Forge = Callable[[RunningMesh, str], str]


def signed_by_another(mesh: RunningMesh, good: str) -> str:
    return mint_token(mesh, good, key=ECKey.generate_key("P-256"))


def altered(mesh: RunningMesh, good: str) -> str:
    """The signature of one token under what another says."""
    head, _, signature = good.split(".")
    other = mint_token(mesh, good, tier="premium", sub="somebody").split(".")[1]
    return f"{head}.{other}.{signature}"


TOKENS: dict[str, tuple[Forge, Refusal]] = {
    "none": (lambda mesh, good: "", MISSING),
    "garbage": (lambda mesh, good: "abc.def.ghi", FORGED),
    "word": (lambda mesh, good: "letmein", FORGED),
    "immense": (lambda mesh, good: good + "A" * 8_000, FORGED),
    "expired": (lambda mesh, good: mint_token(mesh, good, exp=int(time.time()) - 60), EXPIRED),
    "endless": (lambda mesh, good: mint_token(mesh, good, exp=None), FORGED),
    "other key": (signed_by_another, FORGED),
    "altered": (altered, FORGED),
    "alg none": (lambda mesh, good: unsigned_token(good), FORGED),
    "alg none, signed": (
        lambda mesh, good: unsigned_token(good, good.split(".")[2]),
        FORGED,
    ),
    "audience": (lambda mesh, good: mint_token(mesh, good, aud="others"), FORGED),
    "issuer": (lambda mesh, good: mint_token(mesh, good, iss="https://x.example"), FORGED),
}
each_token = pytest.mark.parametrize("kind", TOKENS)


@each_token
def test_a_bad_token_is_refused_as_json(mesh: RunningMesh, free: str, kind: str) -> None:
    forge, refusal = TOKENS[kind]
    token = forge(mesh, free) or None
    for method, path in (("GET", "/me"), ("POST", "/playback/play"), ("GET", "/search?q=x")):
        answer = mesh.call(method, path, {} if method == "POST" else None, token=token)
        assert (answer.status, json_refusal(answer)) == (401, refusal)


@each_token
async def test_a_bad_token_is_refused_as_grpc(
    mesh: RunningMesh, free: str, stubs: EdgeStubs, kind: str
) -> None:
    forge, refusal = TOKENS[kind]
    token = forge(mesh, free)
    metadata = bearer(token) if token else ()
    for call in (
        stubs.users.GetMe(identity.GetMeRequest(), metadata=metadata),
        stubs.playback.Play(playback.PlayRequest(), metadata=metadata),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert grpc_refusal(refused.value) == refusal
    stream = stubs.heartbeats.StreamHeartbeats(metadata=metadata)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await anext(aiter(stream))
    assert grpc_refusal(refused.value) == refusal


def test_the_token_that_the_forged_ones_are_made_of_is_good(mesh: RunningMesh, free: str) -> None:
    assert mesh.call("GET", "/me", token=free).body["user_id"] == claims_of(free)["sub"]
    assert mesh.call("GET", "/me", token=mint_token(mesh, free)).status == 200


async def test_who_lacks_a_scope_is_told_which(
    mesh: RunningMesh, free: str, stubs: EdgeStubs
) -> None:
    answer = mesh.call("POST", "/imports", {"path": "/srv/music"}, token=free)
    assert (answer.status, json_refusal(answer)) == (403, NO_SCOPE)
    assert answer.body["details"][0]["metadata"] == {"scope": "catalog.import"}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        request = catalog.CreateImportRequest(path="/srv/music")
        await stubs.imports.CreateImport(request, metadata=bearer(free))
    assert grpc_refusal(refused.value) == NO_SCOPE


def test_a_token_that_allows_nothing_can_be_given_up(mesh: RunningMesh, user: str) -> None:
    nothing = mint_token(mesh, mesh.token(user), scope="")
    assert json_refusal(mesh.call("GET", "/me", token=nothing)) == NO_SCOPE
    answer = mesh.call("POST", "/me/sign-out", {"request_id": "bye"}, token=nothing)
    assert (answer.status, answer.body) == (200, {})


async def test_a_signed_out_token_is_refused_everywhere(
    mesh: RunningMesh, user: str, stubs: EdgeStubs
) -> None:
    token = mesh.token(user)
    assert mesh.call("GET", "/search?q=x", token=token).status == 200
    assert mesh.call("POST", "/me/sign-out", {}, token=token).status == 200
    for path in ("/search?q=x", "/playback", "/me"):
        deadline = time.monotonic() + 15
        while (answer := mesh.call("GET", path, token=token)).status == 200:
            assert time.monotonic() < deadline, f"{path} still serves a signed-out user"
            await asyncio.sleep(0.05)
        assert (answer.status, json_refusal(answer)) == (401, REVOKED)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stubs.playback.GetPlayback(playback.GetPlaybackRequest(), metadata=bearer(token))
    assert grpc_refusal(refused.value) == REVOKED
    assert mesh.call("GET", "/search?q=x", token=mesh.token(user)).status == 200


@pytest.fixture
def session(mesh: RunningMesh, music: Music, free: str) -> Any:
    return play(mesh, free, music.id_of(SONGS[0]))


def minted(mesh: RunningMesh, session: Any, *, descriptor: str = "", life_s: int = 600) -> str:
    """A capability like that of the session, signed with the mesh's own key."""
    path = Layout.at(mesh.folder).secrets / "capability-keys.json"
    keys = CapabilityKeys.from_json(path.read_text())
    text = keys.mint(
        subject=session["playback_id"],
        grants=["128"],
        resource=descriptor or descriptor_of(session["stream_url"]),
        expires_at=int(time.time()) + life_s,
    )
    mesh.secrets.add(text)
    return text


def media(mesh: RunningMesh, session: Any, capability: str, name: str = "master.m3u8") -> Any:
    descriptor = descriptor_of(session["stream_url"])
    return mesh.call("GET", f"/media/v1/{capability}/{descriptor}/{name}")


def test_a_minted_path_is_as_good_as_a_given_one(mesh: RunningMesh, session: Any) -> None:
    assert media(mesh, session, minted(mesh, session)).status == 200


@pytest.mark.parametrize("name", ["master.m3u8", "manifest.mpd", "128/index.m3u8", "128/1.m4s"])
def test_an_expired_path_is_refused_and_says_so(mesh: RunningMesh, session: Any, name: str) -> None:
    answer = media(mesh, session, minted(mesh, session, life_s=-5), name)
    assert (answer.status, json_refusal(answer)) == (403, PATH_EXPIRED)
    assert answer.body["details"][0]["reason"] == "MEDIA_PATH_EXPIRED"
    assert answer.headers["access-control-allow-origin"] == "*"


ALTERATIONS: dict[str, Callable[[str], str]] = {
    "later expiry": lambda text: text.replace(text.split(".")[1], str(int(time.time()) + 10**6)),
    "more rungs": lambda text: text.replace("128-192-256", "128-192-256-320-flac"),
    "other session": lambda text: text.replace(text.split(".")[2], "0" * 26),
    "no mac": lambda text: text.rpartition(".")[0],
    "other mac": lambda text: text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB"),
    "other key": lambda text: "k9" + text[2:],
    "longer": lambda text: text + "A",
    "garbage": lambda text: "letmein",
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_path_is_refused(mesh: RunningMesh, session: Any, alteration: str) -> None:
    capability = capability_of(session["stream_url"])
    changed = ALTERATIONS[alteration](capability)
    assert changed != capability
    for name in ("master.m3u8", "128/1.m4s"):
        answer = media(mesh, session, changed, name)
        assert (answer.status, json_refusal(answer)) == (403, PATH_INVALID)
        assert answer.body["details"][0]["reason"] == "MEDIA_PATH_INVALID"


def test_a_path_of_another_track_is_refused(
    mesh: RunningMesh, music: Music, session: Any, free: str
) -> None:
    other = play(mesh, free, music.id_of(SONGS[1]))
    answer = media(mesh, session, capability_of(other["stream_url"]))
    assert (answer.status, json_refusal(answer)) == (403, PATH_INVALID)


@pytest.mark.parametrize(
    "name",
    [
        "320/index.m3u8",
        "flac/init.mp4",
        "320/1.m4s",
        "999/index.m3u8",
        "128/0.m4s",
        "128/999.m4s",
        "128/-1.m4s",
        "128/1.mp4",
        "128/%2e%2e/%2e%2e/secrets",
    ],
)
def test_what_a_session_was_not_granted_is_not_there(
    mesh: RunningMesh, session: Any, name: str
) -> None:
    answer = media(mesh, session, capability_of(session["stream_url"]), name)
    assert (answer.status, json_refusal(answer)) == (404, NOT_FOUND)


@pytest.mark.parametrize("sha256", ["0" * 64, "nonsense", "..%2f..%2fsecrets", "%00"])
def test_artwork_that_is_not_there_is_not_found(mesh: RunningMesh, sha256: str) -> None:
    answer = mesh.call("GET", f"/media/v1/artwork/{sha256}")
    assert answer.status in (400, 404)
    assert json_refusal(answer) in (NOT_FOUND, Refusal("INVALID_ARGUMENT", "INVALID_FIELD"))


def test_media_are_only_read(mesh: RunningMesh, session: Any) -> None:
    answer = mesh.call("POST", session["stream_url"], {})
    assert (answer.status, json_refusal(answer)) == (
        405,
        Refusal("UNIMPLEMENTED", "UNIMPLEMENTED"),
    )
