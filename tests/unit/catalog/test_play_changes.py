"""What the playback service tells of plays, as the domain sees it."""

from __future__ import annotations

import pytest
from segue.playback.v1 import history_service_pb2
from segue.playback.v1 import playback_internal_service_pb2 as pb

from catalog_svc.adapters.grpc.play_changes import play_of
from catalog_svc.domain.plays import Play, Streams, sum_streams
from meshkit.ulids import new_id


def test_a_play_is_told_by_its_id_and_its_track() -> None:
    play_id, track_id = new_id(), new_id()
    play = history_service_pb2.Play(play_id=play_id, track_id=track_id, counted=True)
    message = pb.WatchPlaysResponse(resume_token="t", play=play, user_id=new_id())
    assert play_of(message) == Play(play_id, track_id)


def test_a_play_that_does_not_count_is_left_out() -> None:
    skipped = history_service_pb2.Play.SKIPPED
    play = history_service_pb2.Play(
        play_id=new_id(), track_id=new_id(), outcome=skipped, heard_ms=2_000
    )
    assert play_of(pb.WatchPlaysResponse(resume_token="t", play=play)) is None


def test_a_message_of_a_token_alone_tells_no_play() -> None:
    assert play_of(pb.WatchPlaysResponse(resume_token="t")) is None


@pytest.mark.parametrize(
    ("play_id", "track_id"),
    [("", new_id()), (new_id(), "x"), ("8" * 26, "")],
    ids=["no play", "no track's id", "no play's id"],
)
def test_a_play_that_nobody_can_read_is_left_out(play_id: str, track_id: str) -> None:
    play = history_service_pb2.Play(play_id=play_id, track_id=track_id, counted=True)
    assert play_of(pb.WatchPlaysResponse(resume_token="t", play=play)) is None


def test_plays_are_summed_by_track_and_each_only_once() -> None:
    plays = [Play(play_id, track_id) for play_id, track_id in ("1b", "2a", "1b", "3b", "4a")]
    assert sum_streams(plays, {"1", "2", "3"}) == [Streams("a", 1), Streams("b", 2)]
    assert sum_streams(plays, set()) == []
