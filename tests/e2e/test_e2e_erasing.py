"""A user is erased by one call: tokens end, every service forgets, and the name is another's."""

from __future__ import annotations

import time

import psycopg
import pytest
from e2e_album import SONGS, Music
from edge_calls import json_refusal, play
from playlist_callers import Caller
from test_e2e_commands import segue

from localmesh.databases import database_dsn
from meshkit.ulids import new_id
from tests.running_mesh import RunningMesh

FORGOTTEN_WITHIN_S = 60.0

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = %s AND data_type IN ('text', 'jsonb', 'bytea')
ORDER BY 1, 2
"""
# The id stays where it is to be erased from again, and in the feeds that said that it was.
KEPT = {
    "identity.erased_users.user_id",
    "identity.change_feed.id",
    "catalog.pending_erasures.user_id",
    "playback.pending_erasures.user_id",
    "playlist.pending_erasures.user_id",
    "rec.pending_erasures.user_id",
    # Whose events no file may be read for.
    "rec.erased_users.user_id",
    # What the lists of others tell their readers for 30 days.
    "playlist.change_feed.id",
    "playlist.change_feed.payload",
}


def places_of(mesh: RunningMesh, user_id: str) -> set[str]:
    """The columns of all services that hold the id anywhere, as text or within bytes."""
    found = set()
    for service in ("identity", "catalog", "playback", "playlist", "rec"):
        with psycopg.connect(database_dsn(mesh.folder, service)) as connection:
            for table, column in connection.execute(_COLUMNS, [service]).fetchall():
                held = f"{service}.{table}"
                where = f"strpos({column}::text, %s) > 0 OR strpos({column}::text, %s) > 0"
                statement = f"SELECT EXISTS (SELECT FROM {held} WHERE {where})"
                words = [user_id, user_id.encode().hex()]
                row = connection.execute(statement.encode(), words).fetchone()
                if row and row[0]:
                    found.add(f"{held}.{column}")
    return found


@pytest.fixture
def leaver(mesh: RunningMesh, music: Music, user: str) -> Caller:
    """A user who has left a trace in every service."""
    caller = Caller(mesh, mesh.token(user))
    track_id = music.id_of(SONGS[0])
    caller.add(caller.new_playlist("Mine", public=True), [track_id])
    caller.call("PUT", "/me/library/tracks", {"track_ids": [track_id]})
    caller.post("/devices", {"device_id": "phone", "name": "Phone", "request_id": new_id()})
    for _ in range(2):
        play(mesh, caller.token, track_id, "phone")
    return caller


def test_an_erased_user_is_forgotten_everywhere_and_the_name_is_another_persons(
    mesh: RunningMesh, leaver: Caller, user: str, admin: str
) -> None:
    user_id = leaver.user_id()
    before = places_of(mesh, user_id)
    assert before >= {
        "identity.users.user_id",
        "playback.devices.user_id",
        "playback.player_state.user_id",
        "playback.plays.user_id",
        "playback.change_feed.payload",
        "playlist.playlists.owner_id",
        "playlist.saved_tracks.user_id",
    }
    for _ in range(2):
        answer = mesh.call("DELETE", f"/users/{user_id}", token=admin)
        assert (answer.status, answer.body) == (200, {})
    until = time.monotonic() + FORGOTTEN_WITHIN_S
    while (left := places_of(mesh, user_id) - KEPT) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == set()
    for path in ("/me", "/me/library/tracks", "/devices"):
        refused = json_refusal(leaver.try_("GET", path))
        assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "TOKEN_REVOKED")
    another = Caller(mesh, mesh.token(user))
    assert another.user_id() != user_id
    assert another.get("/me/library/tracks")["tracks"] == []
    assert another.get("/devices")["devices"] == []


def test_the_command_line_puts_on_a_plan_and_erases(mesh: RunningMesh, user: str) -> None:
    caller = Caller(mesh, mesh.token(user))
    refused = segue(mesh.folder, "token", "--user", user, "--tier", "premium")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "ON_ANOTHER_PLAN" in refused.stderr
    put = segue(mesh.folder, "user", "plan", user, "premium", "--until", "2100-01-31")
    assert (put.returncode, put.stderr) == (0, "")
    assert put.stdout.startswith(f"{user} is on the premium plan until 2100-01-31")
    me = caller.get("/me")
    assert me["subscription_type"] == "PREMIUM"
    assert me["plan_ends_at"].startswith("2100-01-3")
    unsure = segue(mesh.folder, "user", "erase", user)
    assert (unsure.returncode, "--yes" in unsure.stderr) == (1, True)
    assert segue(mesh.folder, "user", "erase", user, "--yes").returncode == 0
    gone = segue(mesh.folder, "user", "erase", user, "--yes")
    assert (gone.returncode, "there is no user" in gone.stderr) == (1, True)
