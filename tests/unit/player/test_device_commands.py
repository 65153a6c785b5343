from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from segue.device.v1 import device_pb2
from segue.playback.v1 import activity_service_pb2, playback_pb2, playback_service_pb2

from player.commands.activity import bitrate_of, friend_words
from player.commands.controlling import parse_percent, parse_position, skips_left
from player.commands.device_names import DeviceNotFound, choose_device, tell_outcome
from player.commands.devices import device_table, id_of_name
from player.commands.known_names import Named
from player.commands.outcome import CommandFailed
from player.commands.performing import Stage, combined
from player.commands.playback_words import facts, what_plays
from player.commands.playing import summary
from player.commands.queueing import queue_table
from player.commands.status import picture
from player.commands.terminal_text import clock, say
from player.commands.wishes import Wish, command_of, request_of
from player.device.device import Showing
from player.device.targets import Track
from player.domain.status import PlaybackState, PlayerStatus

STATUS = playback_pb2.Playback.Status


def device(device_id: str, name: str) -> Any:
    return device_pb2.Device(device_id=device_id, name=name)


DEVICES = [
    device("k1", "Kitchen"),
    device("k2", "Kitchen radio"),
    device("b1", "Bath"),
    device("b2", "bath"),
    device("Kit", "Phone"),
]


@pytest.mark.parametrize(
    ("word", "found"),
    [("kitchen", "k1"), ("kitchen r", "k2"), ("PHO", "Kit"), ("b2", "b2"), ("Kit", "Kit")],
)
def test_a_device_goes_by_its_id_its_name_or_how_that_begins(word: str, found: str) -> None:
    assert choose_device(word, DEVICES).device_id == found


@pytest.mark.parametrize(("word", "names"), [("Bath", ["b1", "b2"]), ("ki", ["k1", "k2"])])
def test_several_devices_of_a_name_are_listed_with_their_ids(word: str, names: list[str]) -> None:
    with pytest.raises(DeviceNotFound) as caught:
        choose_device(word, DEVICES)
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines[1:]] == names


@pytest.mark.parametrize("word", ["", "Garage", "\x1b[31m"])
def test_an_unknown_device_is_said_in_plain_words(word: str) -> None:
    with pytest.raises(DeviceNotFound, match="none of your devices") as caught:
        choose_device(word, DEVICES)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "made"),
    [("Kitchen", "kitchen"), ("Ada's Living Room!", "ada-s-living-room"), ("K" * 99, "k" * 64)],
)
def test_an_id_is_made_of_a_name(name: str, made: str) -> None:
    assert id_of_name(name) == made


def test_a_name_without_letters_asks_for_an_id() -> None:
    with pytest.raises(CommandFailed, match="--id"):
        id_of_name("厨房")


@given(st.integers(0, 9 * 3600))
def test_a_position_reads_back_as_it_is_shown(seconds: int) -> None:
    assert parse_position(clock(seconds * 1000)) == seconds * 1000
    assert parse_position(str(seconds)) == seconds * 1000


@pytest.mark.parametrize(
    "word", ["", "-5", "1:", ":30", "1:2:3:4", "1.5", "x", "1:30\n", "99:99", "1:60", "1:99:00"]
)
def test_what_is_no_position_is_refused(word: str) -> None:
    with pytest.raises(CommandFailed, match="position"):
        parse_position(word)


@pytest.mark.parametrize(("word", "percent"), [("0", 0), ("40%", 40), ("100", 100)])
def test_a_volume_is_a_percentage(word: str, percent: int) -> None:
    assert parse_percent(word) == percent


@pytest.mark.parametrize("word", ["", "101", "-1", "loud", "4.5"])
def test_what_is_no_volume_is_refused(word: str) -> None:
    with pytest.raises(CommandFailed, match="0 to 100"):
        parse_percent(word)


def test_a_command_that_failed_says_why() -> None:
    failed = device_pb2.Command(status=device_pb2.Command.Status.FAILED, detail="no sound\x07")
    with pytest.raises(CommandFailed, match=r"Kitchen could not: no sound\\x07"):
        tell_outcome(failed, "Kitchen", "done")


def test_a_command_that_waits_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    pending = device_pb2.Command(status=device_pb2.Command.Status.PENDING)
    tell_outcome(pending, "Kitchen", "Kitchen is at 40 %")
    tell_outcome(device_pb2.Command(status="DONE"), "Kitchen", "Kitchen is at 40 %")
    waits, done = capsys.readouterr().out.splitlines()
    assert "not answered yet" in waits
    assert done == "Kitchen is at 40 %"


def test_skips_are_told_only_where_they_are_limited() -> None:
    limited = playback_service_pb2.SkipResponse(skips_remaining=1, seconds_until_reset=61)
    assert skips_left(limited) == "  (1 skip left for the next 2 minutes)"
    assert skips_left(playback_service_pb2.SkipResponse()) == ""


def playing(**changes: Any) -> Any:
    return playback_pb2.Playback(
        **{
            "status": STATUS.PLAYING,
            "track": {
                "id": "T",
                "title": "Blue\x1b[2J Moon",
                "artist": "Ada",
                "duration_ms": 90_000,
            },
            "position_ms": 30_000,
            "device_id": "kitchen",
            **changes,
        }
    )


def test_what_plays_is_told_in_a_line_that_moves_no_cursor() -> None:
    assert what_plays(playing()) == r"plays  Blue\x1b[2J Moon — Ada  0:30 / 1:30  on kitchen"


def test_everything_else_is_told_in_another() -> None:
    ref = {"kind": "PLAYLIST", "id": "P"}
    context = {"ref": ref, "track_count": 1200, "played_count": 3}
    told = facts(playing(context=context, shuffle=True, repeat="CONTEXT", queue_count=2))
    assert told == "3 of 1,200 from a playlist, shuffled, repeats the context, 2 in the queue"
    named = Named("Kitchen", "Sunday")
    assert facts(playing(context=context), named) == "3 of 1,200 from the playlist Sunday"
    radio = {"ref": {"kind": "RADIO", "id": "R"}, "track_count": 40, "played_count": 23}
    assert facts(playing(context=radio)) == "23 from a radio"
    assert facts(playing(context=radio), Named("", "Teardrop radio")) == "23 from Teardrop radio"
    assert what_plays(playing(), named).endswith("on Kitchen")
    assert facts(playing()) == ""
    assert facts(playing(status=STATUS.STOPPED, ended_by="TAKEN_OVER")) == "taken over"


def drawn(renderable: Any) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(renderable)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "age_s", "shown"),
    [(STATUS.PLAYING, 12.0, "0:42"), (STATUS.PAUSED, 12.0, "0:30"), (STATUS.PLAYING, 999, "1:30")],
)
def test_a_live_view_advances_while_it_plays(status: Any, age_s: float, shown: str) -> None:
    assert drawn(picture(playing(status=status), age_s)).splitlines()[1].startswith(shown)


def test_what_is_queued_is_marked_and_numbered() -> None:
    entries = [
        playback_pb2.QueueEntry(kind="QUEUED", track={"id": "A", "title": "One"}),
        playback_pb2.QueueEntry(kind="CONTEXT", track={"id": "GONE"}),
    ]
    lines = drawn(queue_table(entries)).splitlines()[1:]
    assert lines[0].split() == ["1", "One", "0:00", "queue"]
    assert lines[1].split() == ["2", "GONE"]


def test_devices_are_told_by_what_can_be_done_with_them() -> None:
    shown = [
        device_pb2.Device(name="A", online=True, active=True, controllable=True, volume_percent=7),
        device_pb2.Device(name="B", controllable=True, kind="TV"),
        device_pb2.Device(device_id="C"),
    ]
    first, second, third = drawn(device_table(shown)).splitlines()[1:]
    assert ("plays" in first, "7 %" in first) == (True, True)
    assert ("tv" in second, "offline" in second) == (True, True)
    assert "takes no commands" in third


def test_a_friend_is_told_in_a_line() -> None:
    friend = activity_service_pb2.FriendActivity(
        user={"username": "eve"}, track={"title": "Song"}, playing=True, at=Timestamp(seconds=0)
    )
    assert friend_words(friend).startswith("eve listens to Song since ")
    friend.playing = False
    assert friend_words(friend).startswith("eve listened to Song until ")
    friend.hidden = True
    assert friend_words(friend) == "eve shares no more"


@pytest.mark.parametrize(
    ("word", "value"), [(None, 0), ("unlimited", 1), ("128", 128), ("320", 320), ("flac", 1411)]
)
def test_a_bitrate_is_one_of_the_contract(word: str | None, value: int) -> None:
    assert bitrate_of(word) == value


@pytest.mark.parametrize("make", [request_of, lambda *of: command_of(*of).play])
def test_a_wish_asks_for_the_same_here_and_elsewhere(make: Callable[..., Any]) -> None:
    source = {"start_track_id": "T", "album_id": "A"}
    made = make(Wish("x", {"source": source, "shuffle": False}), "kitchen")
    assert (made.source.start_track_id, made.source.album_id) == ("T", "A")
    assert made.HasField("shuffle")


def status_at(position_ms: int, **changes: Any) -> PlayerStatus:
    state = PlaybackState.PLAYING
    return PlayerStatus(state, position_ms=position_ms, **{"rung_kbps": 128, **changes})


def test_counts_of_several_tracks_are_added_up() -> None:
    both = combined(
        [
            status_at(5, switches=1, underruns=2, start_latency_ms=80, rung_seconds={128: 2.0}),
            status_at(9, switches=2, start_latency_ms=300, rung_seconds={128: 1.0, 320: 4.0}),
        ]
    )
    assert (both.switches, both.underruns, both.start_latency_ms) == (3, 2, 80)
    assert both.rung_seconds == {128: 3.0, 320: 4.0}
    assert both.position_ms == 9


def test_without_a_terminal_only_changes_are_lines() -> None:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    stage = Stage(console, "null sink")
    track = Track("T", "Song", "Ada", 10_000)
    with stage.lit():
        for status in (status_at(100), status_at(200), status_at(300, rung_kbps=320)):
            stage.show(Showing(1, track, status))
        stage.show(Showing(2, track, status_at(400)))
        stage.show(None)
        stage.tell("paused\x1b[2J")
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split("rung")[-1].split()[0] for line in lines[:3]] == ["128", "320", "128"]
    assert lines[3:] == [r"paused\x1b[2J"]
    assert stage.heard_ms == 700


def test_what_was_heard_is_summed_up_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    status = PlayerStatus(rung_seconds={128: 2.0, 256: 1.0}, switches=1, start_latency_ms=124)
    say(summary(status))
    assert capsys.readouterr().out == (
        "started after 124 ms; heard 128 kbps 2 s, 256 kbps 1 s; 1 rung change, 0 underruns\n"
    )
