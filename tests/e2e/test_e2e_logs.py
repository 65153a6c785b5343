"""The logs of the mesh tell what happened, and no secret."""

from __future__ import annotations

import json
import time

from e2e_album import SONGS, Music
from edge_calls import capability_of, mint_token, play, unsigned_token
from leaks import leaks, secrets_of

from localmesh.layout import Layout
from tests.running_mesh import RunningMesh


def test_no_log_holds_a_token_a_capability_or_a_password(
    mesh: RunningMesh, music: Music, user: str
) -> None:
    token = mesh.token(user)
    session = play(mesh, token, music.id_of(SONGS[0]))
    assert mesh.call("GET", session["stream_url"]).status == 200
    assert mesh.call("GET", session["stream_url"] + "x").status == 404
    altered = session["stream_url"].replace("128-192", "128-320")
    assert mesh.call("GET", altered).status == 403
    assert mesh.call("GET", f"/search?q=x&access_token={token}").status >= 400
    for bad in (mint_token(mesh, token, exp=1), unsigned_token(token, token.split(".")[2])):
        assert mesh.call("GET", "/me", token=bad).status == 401
    account = {"username": user, "email": "a@b.example", "password": "correct horse 27182"}
    assert mesh.call("POST", "/users", account).status == 409
    assert mesh.call("POST", "/users", {**account, "username": f"{user}-2"}).status == 200
    mesh.secrets.add(account["password"])
    assert {capability_of(session["stream_url"]), token} <= mesh.secrets
    wait_for_log_of(mesh, "/users")
    assert len(secrets_of(mesh)) > 8
    assert leaks(mesh) == []


def wait_for_log_of(mesh: RunningMesh, path: str) -> None:
    """Returns once the edge has written what it buffered."""
    log = Layout.at(mesh.folder).logs / "envoy.log"
    deadline = time.monotonic() + 20
    while f'"path":"{path}"' not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.1)


def test_a_call_can_be_followed_by_its_request_id(mesh: RunningMesh, free: str) -> None:
    answer = mesh.call("GET", "/me", token=free)
    request_id = answer.headers["x-request-id"]
    log = Layout.at(mesh.folder).logs / "envoy.log"
    deadline = time.monotonic() + 20
    while not (lines := [row for row in log.read_text().splitlines() if request_id in row]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    row = json.loads(lines[0][lines[0].index("{") :])
    assert (row["path"], row["status"]) == ("/me", 200)
    assert row["rpc"] == "/segue.identity.v1.UserService/GetMe"


def test_a_leak_would_be_found(mesh: RunningMesh) -> None:
    planted = Layout.at(mesh.folder).logs / "planted.log"
    secret = next(iter(secrets_of(mesh)))
    planted.write_text(f"before {secret} after")
    try:
        assert leaks(mesh) == [f"planted.log: {secret[:6]}…"]
    finally:
        planted.unlink()
