"""A person and a short track look the same in every message, so that one change is one change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor
from segue.catalog.v1.track_summary_pb2 import TrackSummary

from meshkit import contracts

SHORT_TRACK = {field.name: field.number for field in TrackSummary.DESCRIPTOR.fields}
"""The numbers of what every message that shows a track flat says of it."""

ACCOUNTS = {
    # What a person is to themselves: the fields of a Person, at a Person's numbers, and more.
    "segue.identity.v1.User",
    "segue.identity.v1.Person",
}


def everything() -> Iterator[Descriptor]:
    """Each message that any RPC takes or answers, once."""
    pending = [
        message
        for service in contracts.services()
        for method in service.methods
        for message in (method.input_type, method.output_type)
    ]
    seen = set()
    while pending:
        message = pending.pop()
        if message.full_name in seen or not message.full_name.startswith("segue."):
            continue
        seen.add(message.full_name)
        yield message
        pending += [field.message_type for field in message.fields if field.message_type]


MESSAGES = {message.full_name: message for message in everything()}
TRACKS = sorted(
    name
    for name, message in MESSAGES.items()
    if {"title", "artist", "duration"} <= set(message.fields_by_name)
    # The catalogue's own record of a track is what short tracks are made of.
    and name != "segue.catalog.v1.Track"
)


def numbers(message: Descriptor) -> dict[str, int]:
    return {field.name: field.number for field in message.fields}


@pytest.mark.parametrize(
    "name",
    ["segue.playlist.v1.PlaylistTrack", "segue.playlist.v1.ListSavedTracksResponse.SavedTrack"],
)
def test_entries_of_playlists_and_saved_tracks_are_whole_short_tracks(name: str) -> None:
    assert name in TRACKS
    assert set(SHORT_TRACK) <= set(MESSAGES[name].fields_by_name)


@pytest.mark.parametrize("name", TRACKS)
def test_a_short_track_has_the_same_numbers_in_every_message(name: str) -> None:
    has = numbers(MESSAGES[name])
    shown = {field: number for field, number in has.items() if field in SHORT_TRACK}
    assert shown == {field: SHORT_TRACK[field] for field in shown}
    beside = {number for field, number in has.items() if field not in SHORT_TRACK}
    assert beside.isdisjoint(SHORT_TRACK.values())


def test_what_says_no_more_than_a_short_track_is_one() -> None:
    alike = [name for name in TRACKS if set(numbers(MESSAGES[name])) <= set(SHORT_TRACK)]
    assert alike == [TrackSummary.DESCRIPTOR.full_name]


@pytest.mark.parametrize(
    "name",
    ["Playback", "QueueEntry", "HistoryEntry", "FriendActivity", "PlayResponse", "SkipResponse"],
)
def test_what_plays_waits_or_was_heard_can_be_drawn(name: str) -> None:
    track = MESSAGES[f"segue.playback.v1.{name}"].fields_by_name["track"]
    assert track.message_type.full_name == TrackSummary.DESCRIPTOR.full_name


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() - ACCOUNTS))
def test_no_message_repeats_a_person_by_hand(name: str) -> None:
    assert not {"user_id", "username"} <= set(MESSAGES[name].fields_by_name)


@pytest.mark.parametrize("name", sorted(ACCOUNTS))
def test_an_account_is_a_person_first(name: str) -> None:
    assert {"user_id": 1, "username": 2}.items() <= numbers(MESSAGES[name]).items()
