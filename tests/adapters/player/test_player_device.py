"""A device obeys what it is sent, each command once and in order, and goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from device_mesh import DEVICE, KIND, LENGTH_MS, STATUS, FakeMesh, served_mesh
from hls_asset import RATE, SAMPLES, Origin
from pcm_compare import cut, frames, misalignment
from player_bench import Bench
from segue.device.v1 import device_pb2, device_service_pb2

from meshkit.faults import FailedPrecondition
from meshkit.stream_ends import Reason, StreamEnd
from player import kept_stream
from player.adapters.shared_sink import SharedSink
from player.deck import Deck
from player.device.device import Device
from player.device.link import Description, DeviceLink, LinkEnd
from player.device.memory import DeviceMemory
from player.device.own_commands import OwnCommands
from player.device.plan import Motion
from player.domain.status import PlaybackState

SAID = device_pb2.Command.Status


class Kitchen:
    """A running device and all that belongs to it."""

    def __init__(self, mesh: FakeMesh, client: Any, bench: Bench, folder: Path) -> None:
        self.mesh = mesh
        self.client = client
        self.bench = bench
        self.told: list[str] = []
        shared = SharedSink(bench.sink, bench.clock)
        deck = Deck(
            bench.sink,
            lambda refresh, beats: bench.player(
                refresh=refresh, reporter=beats, sink=shared.track()
            ),
            bench.clock.speed,
        )
        self.device = Device(client, deck, DEVICE, self.told.append)
        self.folder = folder
        self._running: asyncio.Task[LinkEnd] | None = None

    def connect(self) -> asyncio.Task[LinkEnd]:
        memory = DeviceMemory(self.folder, "ada", DEVICE)
        link = DeviceLink(
            self.client, self.device, Description("Kitchen"), memory, self.told.append
        )
        self._running = asyncio.create_task(link.run())
        return self._running

    async def until(self, what: Callable[[], Any]) -> None:
        async with asyncio.timeout(60):
            while not what():
                await asyncio.sleep(0.01)

    async def obeyed(self, number: int) -> str:
        await self.until(lambda: number in self.mesh.applied)
        return str(SAID.Name(self.mesh.applied[number].status))

    @property
    def state(self) -> PlaybackState:
        assert self.device.player is not None
        return self.device.player.status().state

    @property
    def position_ms(self) -> int:
        assert self.device.player is not None
        return self.device.player.status().position_ms

    async def play(self, **changes: Any) -> int:
        session = {"playback_id": "S", "epoch": self.mesh.playback.epoch + 1}
        number = self.mesh.send(KIND.PLAY, self.mesh.new_play(**session, **changes), stream=True)
        said = await self.obeyed(number)
        assert said == "DONE", self.mesh.applied[number]
        return number

    async def disconnect(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def close(self) -> None:
        await self.disconnect()
        await self.device.close()


@pytest.fixture
async def kitchen(origin: Origin, bench: Bench, tmp_path: Path) -> AsyncIterator[Kitchen]:
    bench.slow_down(4.0)
    async with served_mesh(origin.master) as (mesh, client):
        made = Kitchen(mesh, client, bench, tmp_path)
        yield made
        await made.close()


@pytest.fixture
async def connected(kitchen: Kitchen) -> Kitchen:
    kitchen.connect()
    await kitchen.until(lambda: "connected" in kitchen.told)
    return kitchen


async def test_it_says_who_it_is(connected: Kitchen) -> None:
    hello = connected.mesh.hellos[0]
    assert (hello.device_id, hello.name, hello.last_applied) == (DEVICE, "Kitchen", 0)
    assert (hello.capabilities.volume, hello.state.volume_percent) == (True, 100)


async def test_every_command_is_heard(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    await connected.until(lambda: connected.state is PlaybackState.PLAYING)
    paused = mesh.send(KIND.PAUSE, mesh.state(status=STATUS.PAUSED))
    assert await connected.obeyed(paused) == "DONE"
    assert connected.state is PlaybackState.PAUSED
    jumped = mesh.send(KIND.SEEK, mesh.state(position_ms=12_000))
    assert await connected.obeyed(jumped) == "DONE"
    assert (connected.position_ms, connected.state) == (12_000, PlaybackState.PAUSED)
    resumed = mesh.send(KIND.RESUME, mesh.state(status=STATUS.PLAYING))
    assert await connected.obeyed(resumed) == "DONE"
    await connected.until(lambda: connected.position_ms > 13_000)
    skipped = mesh.send(KIND.SKIP, mesh.new_play(), stream=True)
    assert await connected.obeyed(skipped) == "DONE"
    assert connected.device.track.title == "Track 2"
    assert connected.position_ms < 12_000
    louder = mesh.send(KIND.VOLUME, volume_percent=40)
    assert await connected.obeyed(louder) == "DONE"
    assert connected.device.deck.volume_percent == 40
    ended = mesh.send(KIND.STOP, mesh.state(status=STATUS.STOPPED))
    assert await connected.obeyed(ended) == "DONE"
    assert (connected.state, connected.device.playing) == (PlaybackState.STOPPED, False)


async def test_a_command_of_a_state_that_is_known_does_nothing(connected: Kitchen) -> None:
    mesh = connected.mesh
    older = mesh.state(status=STATUS.PAUSED, device_id=DEVICE)
    await connected.play()
    assert await connected.obeyed(mesh.send(KIND.PAUSE, older)) == "SUPERSEDED"
    assert connected.state is not PlaybackState.PAUSED


async def test_beats_carry_the_revision_that_was_applied(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    paused = mesh.state(status=STATUS.PAUSED)
    await connected.obeyed(mesh.send(KIND.PAUSE, paused))
    await connected.until(lambda: mesh.beats[-1][1].status == STATUS.PAUSED)
    beat = mesh.beats[-1][1]
    assert (beat.epoch, beat.revision) == (paused.epoch, paused.revision)
    seen = [each.seq for _, each in mesh.beats]
    assert seen == sorted(set(seen))


async def test_a_new_session_has_a_stream_of_beats_of_its_own(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    await connected.until(lambda: mesh.beats)
    moved = mesh.new_play(playback_id="S2", epoch=mesh.playback.epoch + 1)
    await connected.obeyed(mesh.send(KIND.PLAY, moved, stream=True))
    await connected.until(lambda: mesh.beats[-1][0] == "S2")
    assert next(each.seq for name, each in mesh.beats if name == "S2") == 1
    assert {each.epoch for name, each in mesh.beats if name == "S"} == {moved.epoch - 1}


async def test_at_the_end_of_a_track_the_next_one_follows(connected: Kitchen) -> None:
    connected.mesh.tracks = 3
    await connected.play(position_ms=LENGTH_MS - 2_000)
    await connected.until(lambda: connected.device.track.title == "Track 2")
    await connected.until(lambda: connected.position_ms > 0)
    assert connected.mesh.calls == ["Advance"]
    # Whichever comes first, the answer or the command of the same advance: it is loaded once.
    assert await connected.obeyed(2) in ("DONE", "SUPERSEDED")
    assert len(connected.bench.players) == 2
    assert len({name for name, _ in connected.mesh.beats}) == 1


@pytest.mark.parametrize("answers", [None, asyncio.Event()], ids=["by its answer", "by beats"])
async def test_after_everything_was_heard_it_is_silent(connected: Kitchen, answers: Any) -> None:
    connected.mesh.advance_answers = answers
    await connected.play(position_ms=LENGTH_MS - 1_000)
    await connected.until(lambda: connected.device.ended and connected.device.player)
    assert getattr(connected.device.ended, "reason", "") == "FINISHED"
    assert connected.state is PlaybackState.ENDED
    assert connected.mesh.calls == ["Advance"]


async def test_an_end_that_the_service_does_not_believe_is_told_again(connected: Kitchen) -> None:
    connected.mesh.refusals.append(FailedPrecondition("not yet", reason="TRACK_NOT_ENDED"))
    await connected.play(position_ms=LENGTH_MS - 1_000)
    await connected.until(lambda: not connected.device.playing)
    assert connected.mesh.calls == ["Advance", "Advance"]


async def test_without_skips_it_is_held_at_the_end_and_goes_on_when_there_are_some(
    connected: Kitchen,
) -> None:
    mesh, used_up = connected.mesh, "You've used all skips for 30 min."
    mesh.tracks = 2
    left = {"limit": "3", "seconds_until_reset": "61"}
    fault = FailedPrecondition(used_up, reason="SKIP_LIMIT_REACHED", metadata=left)
    mesh.refusals += [fault, fault]
    await connected.play(position_ms=LENGTH_MS - 1_000)
    words = "held at the end: You've used all skips for 30 min; more in 2 min"
    await connected.until(lambda: words in connected.told)
    assert mesh.calls == ["Advance", "Pause"]
    assert (connected.device.playing, connected.device.known.motion) == (True, Motion.PAUSED)
    assert connected.state is PlaybackState.ENDED
    resumed = mesh.state(status=STATUS.PLAYING)
    assert await connected.obeyed(mesh.send(KIND.RESUME, resumed)) == "DONE"
    await connected.until(lambda: connected.told.count(words) == 2)
    resumed = mesh.state(status=STATUS.PLAYING)
    mesh.send(KIND.RESUME, resumed)
    await connected.until(lambda: connected.device.track.title == "Track 2")
    await connected.until(lambda: connected.state is PlaybackState.PLAYING)
    assert mesh.calls == ["Advance", "Pause", "Advance", "Pause", "Advance"]


async def test_addresses_that_were_taken_back_end_the_session_as_who_ended_it_would(
    connected: Kitchen, origin: Origin
) -> None:
    origin.answer = lambda path: 403 if path.endswith("2.m4s") else None
    ended = {"ended_by": "TAKEN_OVER"}
    connected.mesh.refusals.append(
        FailedPrecondition("It plays elsewhere.", reason="SESSION_NOT_CURRENT", metadata=ended)
    )
    await connected.play()
    await connected.until(lambda: connected.device.ended)
    assert connected.device.ended
    assert connected.device.ended.reason == "TAKEN_OVER"
    assert (connected.device.playing, connected.device.failure) == (False, None)
    assert connected.mesh.calls == ["Resume"]


async def test_a_track_that_broke_stops_the_session(connected: Kitchen, origin: Origin) -> None:
    origin.answer = lambda path: 400
    target = connected.mesh.new_play(playback_id="S", epoch=1)
    number = connected.mesh.send(KIND.PLAY, target, stream=True)
    assert await connected.obeyed(number) == "FAILED"
    assert "400" in connected.mesh.applied[number].detail
    await connected.until(lambda: "Stop" in connected.mesh.calls)
    assert not connected.device.playing


async def test_a_cut_stream_is_opened_again_and_nothing_is_done_twice(connected: Kitchen) -> None:
    mesh = connected.mesh
    number = await connected.play()
    mesh.say(RuntimeError("UNAVAILABLE"))
    await connected.until(lambda: not mesh.streams)
    paused = mesh.send(KIND.PAUSE, mesh.state(status=STATUS.PAUSED))
    await connected.until(lambda: len(mesh.hellos) == 2)
    assert mesh.hellos[1].last_applied == number
    # The greeting told the state already, so that the command of it had nothing left to do.
    assert await connected.obeyed(paused) == "SUPERSEDED"
    assert connected.state is PlaybackState.PAUSED
    assert len(connected.bench.players) == 1


async def test_a_device_that_was_started_again_takes_up_what_plays(kitchen: Kitchen) -> None:
    mesh = kitchen.mesh
    kitchen.connect()
    await kitchen.until(lambda: "connected" in kitchen.told)
    number = await kitchen.play()
    await kitchen.close()
    mesh.state(position_ms=15_000)
    again = Kitchen(mesh, kitchen.client, kitchen.bench, kitchen.folder)
    again.connect()
    await again.until(lambda: again.device.player)
    assert mesh.hellos[-1].last_applied == number
    assert again.position_ms >= 15_000
    await again.close()


async def test_a_number_that_was_never_given_is_forgotten(kitchen: Kitchen) -> None:
    DeviceMemory(kitchen.folder, "ada", DEVICE).keep(57)
    kitchen.mesh.refusals.append(RuntimeError("INVALID_ARGUMENT"))
    kitchen.connect()
    await kitchen.until(lambda: kitchen.mesh.streams)
    assert [hello.last_applied for hello in kitchen.mesh.hellos] == [57, 0]
    assert DeviceMemory(kitchen.folder, "ada", DEVICE).last_applied == 0


async def test_when_an_instance_drains_the_device_moves_and_plays_on(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    end = StreamEnd(Reason.DRAINING, "This server goes away.", 0.1)
    mesh.say(device_service_pb2.ConnectResponse(end=end.to_message()))
    await connected.until(lambda: len(mesh.hellos) == 2)
    # What was sent while it was away waits for it.
    paused = mesh.send(KIND.PAUSE, mesh.state(status=STATUS.PAUSED))
    # The welcome that is on its way may tell of it before the command does.
    assert await connected.obeyed(paused) in ("DONE", "SUPERSEDED")
    assert connected.state is PlaybackState.PAUSED
    assert not any("lost" in words for words in connected.told)


@pytest.mark.parametrize("reason", ["TAKEN_OVER", "TOKEN_REVOKED", "DELETED"])
async def test_it_ends_where_it_must_not_come_back(kitchen: Kitchen, reason: str) -> None:
    running = kitchen.connect()
    await kitchen.until(lambda: kitchen.mesh.streams)
    kitchen.mesh.say(device_service_pb2.ConnectResponse(end={"reason": reason, "message": "words"}))
    async with asyncio.timeout(60):
        assert await running == LinkEnd(reason, "words")
    assert len(kitchen.mesh.hellos) == 1


async def test_a_fresh_token_is_sent_before_the_old_one_expires(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_stream, "_RENEW_AGAIN_S", 0.05)
    kitchen.client.token_life_s = kept_stream._RENEW_BEFORE_S + 0.2
    kitchen.connect()
    await kitchen.until(lambda: kitchen.mesh.tokens)
    assert kitchen.mesh.tokens[0] != "token-1"
    assert len(kitchen.mesh.hellos) == 1


async def test_its_own_pause_is_told_first_and_comes_back_as_known(connected: Kitchen) -> None:
    await connected.play()
    await OwnCommands(connected.client, connected.device).pause()
    assert connected.state is PlaybackState.PAUSED
    # Whichever of the answer and the command came first was obeyed, the other one was known.
    assert await connected.obeyed(2) in ("DONE", "SUPERSEDED")
    assert connected.told.count("paused") == 1
    assert connected.mesh.calls == ["Pause"]


async def test_an_own_command_waits_for_what_came_before_it(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    # A jump that somebody asked for a moment ago has not been delivered yet.
    jump = mesh.state(position_ms=20_000)
    mesh.send, deliver = lambda *_, **__: 0, mesh.send  # type: ignore[method-assign]
    await OwnCommands(connected.client, connected.device).pause()
    mesh.send = deliver  # type: ignore[method-assign]
    assert connected.state is not PlaybackState.PAUSED
    await connected.obeyed(mesh.send(KIND.SEEK, jump))
    await connected.obeyed(mesh.send(KIND.PAUSE, mesh.playback))
    assert connected.state is PlaybackState.PAUSED
    assert connected.position_ms >= 20_000


async def test_a_session_taken_elsewhere_is_silent_here(connected: Kitchen) -> None:
    mesh = connected.mesh
    await connected.play()
    elsewhere = mesh.state(device_id="phone", playback_id="S2", epoch=mesh.playback.epoch + 1)
    assert await connected.obeyed(mesh.send(KIND.STOP, elsewhere)) == "DONE"
    assert not connected.device.playing
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connected.device.player.wait(), 1)  # type: ignore[union-attr]
    assert connected.state is PlaybackState.STOPPED


async def test_the_next_track_begins_at_the_very_sample_after_the_last_one(
    connected: Kitchen, decoded: dict[str, bytes]
) -> None:
    connected.mesh.tracks = 2
    start_ms = LENGTH_MS - 3_000
    await connected.play(position_ms=start_ms)
    await connected.until(lambda: connected.device.track.title == "Track 2")
    await connected.until(lambda: connected.position_ms > 500)
    recorded = connected.bench.sink.recorded
    end = SAMPLES - start_ms * RATE // 1000
    head = RATE // 10
    heard = cut(recorded, end, end + head), cut(recorded, end - head, end)
    source = decoded["source"]
    expected = cut(source, 0, head), cut(source, SAMPLES - head, SAMPLES)
    assert [misalignment(*pair) for pair in zip(heard, expected, strict=True)] == [0, 0]


async def test_a_jump_back_from_the_last_moment_moves_nothing_on(connected: Kitchen) -> None:
    mesh = connected.mesh
    mesh.tracks = 2
    mesh.refusals += [FailedPrecondition("not yet", reason="TRACK_NOT_ENDED")] * 4
    await connected.play(position_ms=LENGTH_MS - 2_000)
    await connected.until(lambda: "Advance" in mesh.calls)
    assert await connected.obeyed(mesh.send(KIND.SEEK, mesh.state(position_ms=5_000))) == "DONE"
    mesh.refusals.clear()
    asked = len(mesh.calls)
    await connected.until(lambda: connected.position_ms > 6_000)
    assert connected.device.track.title == "Track 1"
    assert len(mesh.calls) == asked


async def test_the_last_track_is_heard_to_its_end(connected: Kitchen) -> None:
    start_ms = LENGTH_MS - 2_000
    await connected.play(position_ms=start_ms)
    # Between the two the device has let go of the player.
    await connected.until(lambda: connected.device.ended and connected.device.player)
    assert frames(connected.bench.sink.recorded) == SAMPLES - start_ms * RATE // 1000
    assert connected.state is PlaybackState.ENDED
