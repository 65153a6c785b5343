"""A stranger's tool reads /openapi.json and tries every call of it on a running mesh."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from e2e_album import Music, Tokens
from playlist_callers import Caller

from tests.profiles import repeated
from tests.running_mesh import RunningMesh

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
BOUNDS = {
    "--checks": ",".join(CHECKS),
    "--phases": "fuzzing",
    "--max-examples": str(repeated(3, 20)),
    "--request-timeout": "10",
    "--seed": "1",
    "--workers": "2",
    "--generation-database": "none",
}
# It would end the sign-in that all other calls are made with.
NOT_TRIED = {"TokenService_RevokeSession"}
PATIENCE_S = 240

pytestmark = pytest.mark.timeout(PATIENCE_S + 30)


def operations(document: dict[str, Any]) -> dict[str, tuple[str, str, Any]]:
    """Verb, path and what is said of each operation."""
    return {
        operation["operationId"]: (verb, path, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    }


def is_watch(verb: str, operation: Any) -> bool:
    """Whether it has no end: a stream of events that is opened by a GET."""
    return verb == "get" and "text/event-stream" in operation["responses"]["200"]["content"]


def settings(document: dict[str, Any], ids: dict[str, str]) -> str:
    """What is there to be found: an id of each kind where a path asks for one.

    What deletes or gives away is tried with ids of its own.
    """
    lines = []
    for name, (verb, path, _) in operations(document).items():
        if verb == "delete" or name == "SharingService_TransferOwnership":
            continue
        kind = path.strip("/").partition("/")[0]
        found = {
            f"path.{name}": ids[key]
            for name in re.findall(r"{(\w+)}", path)
            if (key := f"{kind}.{name}" if name == "id" else name) in ids
        }
        if found:
            values = ", ".join(f'"{key}" = "{value}"' for key, value in found.items())
            lines += ["[[operations]]", f'include-operation-id = "{name}"']
            lines.append(f"parameters = {{ {values} }}")
    return "\n".join(lines) + "\n"


def things(mesh: RunningMesh, token: str, music: Music) -> dict[str, str]:
    """One of each kind that the calls are about."""
    caller = Caller(mesh, token)
    track = next(iter(music.tracks.values()))
    playlist_id, _ = caller.new_playlist("Tried"), caller.post("/devices", {"device_id": "tried"})
    added = caller.post(f"/playlists/{playlist_id}/tracks", {"track_ids": [track["id"]]})
    return {
        "tracks.id": track["id"],
        "albums.id": track["album_id"],
        "artists.id": track["artist_id"],
        "playlist_id": playlist_id,
        "snapshot_id": added["snapshot_id"],
        "device_id": "tried",
    }


def test_every_call_answers_what_the_document_says_and_never_fails_inside(
    mesh: RunningMesh, tokens: Tokens, music: Music, user: str, tmp_path: Path
) -> None:
    document = mesh.call("GET", "/openapi.json").body
    token = tokens(user)
    (tmp_path / "tried.toml").write_text(settings(document, things(mesh, token, music)))
    command = [SCHEMATHESIS, "--config-file", str(tmp_path / "tried.toml"), "--no-color", "run"]
    command += [f"{mesh.edge}/openapi.json", "--header", f"authorization: Bearer {token}"]
    command += [word for bound in BOUNDS.items() for word in bound]
    command += ["--no-shrink", "--continue-on-failure", "--warnings", "off"]
    tried = {
        name for name, (verb, _, said) in operations(document).items() if not is_watch(verb, said)
    } - NOT_TRIED
    for name in sorted(set(operations(document)) - tried):
        command += ["--exclude-operation-id", name]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(tried)}" in done.stdout, done.stdout
