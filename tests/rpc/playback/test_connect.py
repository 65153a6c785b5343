"""Streams of devices over two instances: what they are told, when, how often, and how they end."""

from __future__ import annotations

from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import World, an_instance
from tests.rpc.playback.held_calls import KIND, connected


async def test_a_command_reaches_a_device_at_another_instance(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        kitchen, welcome = await connected(one.user(user_id))
        assert (welcome.last_applied, welcome.HasField("playback")) == (0, False)
        elsewhere = two.user(user_id)
        played = await elsewhere.play()
        await elsewhere.call("Pause", playback_id=played.playback_id)
        play, pause = await kitchen.commands(2)
        assert (play.number, play.kind, pause.number, pause.kind) == (1, KIND.PLAY, 2, KIND.PAUSE)
        assert play.target.playback_id == played.playback_id
        assert (pause.target.epoch, pause.target.revision) == (1, 2)
        assert play.stream.stream_url.startswith("http://music.test:8080/media/v1/")
        assert not pause.HasField("stream")
        assert await kitchen.close() == []
