"""If-Match becomes the version that a write says it was made on, or is refused."""

from __future__ import annotations

from typing import Any

import pytest
from segue.catalog.v1 import catalog_service_pb2 as catalog
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playlist.v1 import playlist_service_pb2 as playlist

from meshkit.contracts import all_contracts
from meshkit.faults import InvalidArgument
from meshkit.interceptors.preconditions import HEADER, Precondition

SNAPSHOT = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
LISTS = "/segue.playlist.v1.PlaylistService/"
PREFERENCES = "/segue.playback.v1.PreferencesService/UpdatePreferences"


def applied(path: str, request: Any, told: str) -> Any:
    Precondition(all_contracts()[path]).apply(request, {HEADER: told})
    return request


def refusal(path: str, request: Any, told: str) -> str:
    with pytest.raises(InvalidArgument) as refused:
        applied(path, request, told)
    assert refused.value.metadata["field"] == HEADER
    return refused.value.message


@pytest.mark.parametrize("name", ["AddTracks", "RemoveTracks", "MoveTracks", "ReplaceTracks"])
def test_an_edit_is_made_on_the_version_of_the_tag(name: str) -> None:
    request = getattr(playlist, f"{name}Request")()
    assert applied(LISTS + name, request, f' "{SNAPSHOT}" ').snapshot_id == SNAPSHOT


def test_a_version_may_stand_in_the_resource() -> None:
    request = applied(f"{LISTS}UpdatePlaylist", playlist.UpdatePlaylistRequest(), f'"{SNAPSHOT}"')
    assert request.playlist.snapshot_id == SNAPSHOT


@pytest.mark.parametrize("version", [0, 7])
def test_a_version_may_be_a_number(version: int) -> None:
    request = preferences.UpdatePreferencesRequest()
    applied(PREFERENCES, request, f'"{version}"')
    assert request.HasField("based_on_version")
    assert request.based_on_version == version


def test_the_same_version_may_be_said_twice_and_another_not() -> None:
    request = playlist.AddTracksRequest(snapshot_id=SNAPSHOT)
    assert applied(f"{LISTS}AddTracks", request, f'"{SNAPSHOT}"').snapshot_id == SNAPSHOT
    assert "another version" in refusal(f"{LISTS}AddTracks", request, '"other"')
    zero = preferences.UpdatePreferencesRequest(based_on_version=0)
    assert "another version" in refusal(PREFERENCES, zero, '"1"')


@pytest.mark.parametrize("told", [f'W/"{SNAPSHOT}"', SNAPSHOT, '"a", "b"', "", '"', '"a b"'])
def test_what_is_no_one_strong_tag_is_refused(told: str) -> None:
    assert "one strong tag" in refusal(f"{LISTS}AddTracks", playlist.AddTracksRequest(), told)


@pytest.mark.parametrize("told", ['"x"', '"-1"', '"99999999999"', '""'])
def test_a_number_is_asked_for_where_the_version_is_one(told: str) -> None:
    assert "number" in refusal(PREFERENCES, preferences.UpdatePreferencesRequest(), told)


def test_a_write_without_versions_refuses_the_condition() -> None:
    request = playlist.CreatePlaylistRequest()
    assert "take a version" in refusal(f"{LISTS}CreatePlaylist", request, '"x"')


def test_any_version_and_reads_are_no_condition() -> None:
    create = playlist.CreatePlaylistRequest()
    assert applied(f"{LISTS}CreatePlaylist", create, "*") == playlist.CreatePlaylistRequest()
    read = catalog.GetTrackRequest(id=SNAPSHOT)
    applied("/segue.catalog.v1.CatalogService/GetTrack", read, '"x"')
    assert read == catalog.GetTrackRequest(id=SNAPSHOT)
