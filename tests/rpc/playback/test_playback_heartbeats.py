"""Heartbeats over the wire: what they move, how streams end, and who is told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import playback_pb2

from meshkit.clock import now_ms
from meshkit.faults import InvalidArgument, NotFound, ResourceExhausted, Unauthenticated
from meshkit.leases import Lease, MemoryLeases
from meshkit.streams import STREAMS_PER_USER
from meshkit.testing import stores
from playback_svc.adapters.valkey.positions import ValkeyPositions
from playback_svc.domain.liveness import BLIND_MS
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.expiry import Expire, Sweeper
from tests.contracts.playback.samples import TRACK, new_id
from tests.rpc.playback.harness import Instance, Stream, User, World, an_instance, refused

REASON = playback_pb2.SessionEnd
PAUSED = playback_pb2.Playback.PAUSED


async def opened(user: User, **play: Any) -> tuple[Any, Stream]:
    """A session and its stream, hello answered."""
    answer = await user.play(**play)
    stream = await user.stream(answer.playback_id, play.get("device_id", "kitchen"))
    hello = await stream.read()
    assert hello.ack.revision == answer.revision
    return answer, stream


async def settled(instance: Instance) -> None:
    """Everything that was marked is kept."""
    await instance.heartbeats.flush()


async def test_a_beat_is_acknowledged_and_moves_the_position(
    instance: Instance, user: User
) -> None:
    _, stream = await opened(user)
    ack = (await stream.beat(seq=1, position_ms=42_000)).ack
    assert (ack.seq, ack.epoch, ack.revision) == (1, 1, 1)
    await settled(instance)
    state = await user.state()
    assert 42_000 <= state.position_ms < 60_000
    assert (state.rung, state.bitrate) == ("192", 192)
    assert abs(state.last_heartbeat_at.seconds - time.time()) < 60
    await stream.call.done_writing()
    assert await stream.ended() == []


async def test_a_late_beat_and_a_repeated_one_change_nothing(
    instance: Instance, user: User
) -> None:
    _, stream = await opened(user)
    for seq, position_ms in ((5, 50_000), (4, 1_000), (5, 2_000)):
        assert (await stream.beat(seq=seq, position_ms=position_ms)).ack.seq == seq
    await settled(instance)
    assert (await user.state()).position_ms >= 50_000


async def test_a_beat_of_an_older_revision_moves_no_position(
    instance: Instance, user: User
) -> None:
    answer, stream = await opened(user)
    await user.call("Seek", playback_id=answer.playback_id, position_ms=100_000)
    ack = (await stream.beat(seq=1, position_ms=3_000)).ack
    assert ack.revision == 2
    await settled(instance)
    assert (await user.state()).position_ms >= 100_000
    await stream.beat(seq=2, revision=2, position_ms=101_000)
    await settled(instance)
    assert (await user.state()).position_ms >= 101_000


async def test_audio_that_stands_still_moves_no_position(instance: Instance, user: User) -> None:
    _, stream = await opened(user)
    await stream.beat(seq=1, position_ms=30_000, status=PAUSED)
    await settled(instance)
    assert (await user.state()).position_ms == 30_000


async def test_a_position_past_the_end_is_the_end(instance: Instance, user: User) -> None:
    _, stream = await opened(user)
    await stream.beat(seq=1, position_ms=2**31 - 1)
    await settled(instance)
    assert (await user.state()).position_ms == TRACK.duration_ms


async def test_a_stream_goes_on_where_the_one_before_left_off(
    instance: Instance, user: User
) -> None:
    answer, stream = await opened(user)
    await stream.beat(seq=9, position_ms=9_000)
    await stream.call.done_writing()
    await stream.ended()
    await settled(instance)
    again = await user.stream(answer.playback_id)
    assert (await again.read()).ack.seq == 9


async def test_the_loser_of_a_takeover_is_told_by_another_instance(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        _, stream = await opened(one.user(user_id))
        await two.user(user_id).play(device_id="phone")
        over, last = await stream.ended()
        assert over.session_end.reason == REASON.TAKEN_OVER
        assert last.end.reason == StreamEnd.FINISHED
        assert over.session_end.message == "phone plays now."


async def test_a_seek_in_another_instance_shows_in_the_next_ack(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        answer, stream = await opened(one.user(user_id))
        await two.user(user_id).call("Seek", playback_id=answer.playback_id, position_ms=5)
        seq = 1
        while (await stream.beat(seq=seq)).ack.revision != 2:
            seq += 1
            await asyncio.sleep(0.01)


async def test_a_takeover_without_valkey_is_noticed_at_the_checkpoint(world: World) -> None:
    away = world.without_valkey()
    async with an_instance(away) as one, an_instance(away) as two:
        user_id = new_id()
        _, stream = await opened(one.user(user_id))
        await two.user(user_id).play(device_id="phone")
        assert (await stream.beat(seq=1, status=PAUSED)).ack.seq == 1
        await settled(one)
        over, last = await stream.ended()
        assert over.session_end.reason == REASON.TAKEN_OVER
        assert last.end.reason == StreamEnd.FINISHED


async def test_without_valkey_beats_are_acknowledged_and_commands_go_on(world: World) -> None:
    away = world.without_valkey()
    async with an_instance(away) as instance:
        user = instance.user()
        answer, stream = await opened(user)
        assert (await stream.beat(seq=1, position_ms=20_000)).ack.seq == 1
        await stream.beat(seq=2, position_ms=21_000, status=PAUSED)
        await settled(instance)
        assert (await user.state()).position_ms == 21_000
        paused = await user.call("Pause", playback_id=answer.playback_id)
        assert paused.position_ms == 21_000


async def test_stopping_ends_the_stream(user: User) -> None:
    answer, stream = await opened(user)
    await user.call("Stop", playback_id=answer.playback_id)
    over, last = await stream.ended()
    assert over.session_end.reason == REASON.STOPPED
    assert last.end.reason == StreamEnd.FINISHED


async def test_a_stream_of_an_ended_session_ends_at_once(user: User) -> None:
    answer = await user.play()
    await user.play(device_id="phone")
    stream = await user.stream(answer.playback_id)
    over, last = await stream.ended()
    assert over.session_end.reason == REASON.TAKEN_OVER
    assert last.end.reason == StreamEnd.FINISHED


async def test_a_stream_ends_when_its_token_expires(instance: Instance) -> None:
    _, stream = await opened(instance.user(life_s=2))
    (last,) = await stream.ended()
    assert last.end.reason == StreamEnd.TOKEN_EXPIRED


async def test_a_renewed_token_keeps_the_stream(instance: Instance) -> None:
    user = instance.user(life_s=2)
    _, stream = await opened(user)
    await stream.send(access_token=instance.mesh.issuer.token(user.user_id))
    await asyncio.sleep(4)
    assert (await stream.beat(seq=1)).ack.seq == 1


@pytest.mark.parametrize("how", ["another user", "no scope", "forged", "expired"])
async def test_a_token_that_is_not_good_ends_the_stream(
    instance: Instance, user: User, how: str
) -> None:
    _, stream = await opened(user)
    issuer = instance.mesh.issuer
    token = {
        "another user": lambda: issuer.token(new_id()),
        "no scope": lambda: issuer.token(user.user_id, scopes=["catalog.read"]),
        "forged": lambda: issuer.token(user.user_id) + "x",
        "expired": lambda: issuer.token(user.user_id, life_s=-60),
    }[how]()
    await stream.send(access_token=token)
    fault = await refused(stream.read())
    assert fault.reason == {"no scope": "SCOPE_MISSING", "expired": "TOKEN_EXPIRED"}.get(
        how, "TOKEN_INVALID"
    )
    if how != "no scope":
        assert isinstance(fault, Unauthenticated)


async def test_streams_of_a_user_are_bounded(user: User) -> None:
    answer, first = await opened(user)
    held = [await user.stream(answer.playback_id) for _ in range(STREAMS_PER_USER - 1)]
    for stream in held:
        assert (await stream.read()).HasField("ack")
    one_too_many = await user.stream(answer.playback_id)
    fault = await refused(one_too_many.read())
    assert isinstance(fault, ResourceExhausted)
    assert fault.metadata == {"limit": "streams_per_user"}
    assert fault.retry_after_s
    await first.call.done_writing()
    await first.ended()
    assert (await (await user.stream(answer.playback_id)).read()).HasField("ack")


async def test_the_first_message_must_be_hello(user: User) -> None:
    await user.play()
    stream = Stream(user.beats.StreamHeartbeats(metadata=user.metadata))
    await stream.send(heartbeat=playback_pb2.Heartbeat(seq=1))
    fault = await refused(stream.read())
    assert fault.metadata["field"] == "hello"


async def test_a_session_is_beaten_for_by_its_own_device_alone(user: User) -> None:
    answer = await user.play()
    stream = await user.stream(answer.playback_id, "phone")
    assert isinstance(await refused(stream.read()), NotFound)


@pytest.mark.parametrize(
    ("beat", "field"),
    [
        ({"position_ms": -1}, "position_ms"),
        ({"epoch": -1}, "epoch"),
        ({"revision": -(2**31)}, "revision"),
        ({"bitrate_kbps": -5}, "bitrate_kbps"),
        ({"rung": "131"}, "rung"),
        ({"rung": "FLAC"}, "rung"),
        ({"bitrate_kbps": 2**31 - 1}, "bitrate_kbps"),
        ({"measurements": {"underruns": -1}}, "measurements.underruns"),
        ({"measurements": {"start_latency_ms": 2**31 - 1}}, "measurements.start_latency_ms"),
    ],
)
async def test_an_absurd_beat_is_refused_by_name(
    instance: Instance, user: User, beat: dict[str, Any], field: str
) -> None:
    answer, stream = await opened(user)
    for call in (stream.beat(seq=1, **beat), user.report(answer.playback_id, seq=1, **beat)):
        fault = await refused(call)
        assert isinstance(fault, InvalidArgument)
        assert fault.metadata["field"] == f"heartbeat.{field}"
    await settled(instance)
    assert not (await user.state()).HasField("last_heartbeat_at")


async def test_a_single_beat_follows_the_same_rules(instance: Instance, user: User) -> None:
    answer = await user.play()
    playback_id = answer.playback_id
    assert (await user.report(playback_id, seq=3, position_ms=30_000)).ack.seq == 3
    await settled(instance)
    assert (await user.report(playback_id, seq=2, position_ms=1)).ack.seq == 2
    await settled(instance)
    assert (await user.state()).position_ms >= 30_000
    assert isinstance(await refused(user.report(playback_id, "phone")), NotFound)
    await user.play(device_id="phone")
    assert (await user.report(playback_id, seq=4)).session_end.reason == REASON.TAKEN_OVER


async def test_a_silent_session_is_stopped_for_every_reader_and_swept_later(
    instance: Instance, user: User, world: World
) -> None:
    answer, stream = await opened(user)
    await stream.beat(seq=1, position_ms=40_000)
    await settled(instance)
    later = now_ms() + BLIND_MS + 40_000
    async with stores.valkey_client(world.valkey_url) as client:
        commander = replace_clock(instance, client, later)
        partition, _ = await commander.stored_answer(user.user_id, None)
        state = await commander.current(partition)
        assert state is not None
        assert (state.status, state.ended_by, state.position_ms) == ("STOPPED", "EXPIRED", 40_000)
        sweeper = Sweeper(
            instance.parts.upkeep,
            Expire(commander),
            lease=Lease(MemoryLeases(), "sweep"),
            clock=lambda: later + 60_000,
        )
        assert await sweeper.sweep() == 1
        assert await sweeper.sweep() == 0
    over, last = await stream.ended()
    assert over.session_end.reason == REASON.EXPIRED
    assert last.end.reason == StreamEnd.FINISHED
    stored = await instance.parts.store.session(user.user_id, answer.playback_id)
    assert stored is not None
    assert (stored.status, stored.ended_by) == ("STOPPED", "EXPIRED")
    fault = await refused(user.call("Pause", playback_id=answer.playback_id))
    assert fault.metadata["ended_by"] == "EXPIRED"


def replace_clock(instance: Instance, client: Any, later: int) -> Commander:
    """The instance's commander as it would be at another time."""
    positions = ValkeyPositions(client, lambda: later)
    return Commander(
        instance.parts.store,
        positions,
        instance.parts.deliveries,
        instance.parts.events,
        lambda: later,
    )


async def test_a_streamed_beat_says_whether_its_sound_is_the_devices_own(
    instance: Instance, user: User
) -> None:
    started = await user.play()
    stream = await user.stream(started.playback_id)
    await stream.read()
    for seq, offline in enumerate((False, True), 1):
        await stream.beat(seq=seq, offline=offline)
        await instance.heartbeats.flush()
        (seen,) = await instance.parts.positions.get([started.playback_id])
        assert seen.position is not None
        assert seen.position.offline is offline
    await stream.beat(seq=3, revision=0, offline=False)
    await instance.heartbeats.flush()
    (seen,) = await instance.parts.positions.get([started.playback_id])
    assert seen.position is not None
    assert (seen.position.seq, seen.position.offline) == (3, True)
