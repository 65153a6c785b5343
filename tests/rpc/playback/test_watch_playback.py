"""Live views of playback over two instances."""

from __future__ import annotations

import asyncio
from typing import Any

from segue.playback.v1 import playback_pb2

from meshkit.clock import now_ms
from meshkit.faults import ResourceExhausted
from meshkit.streams import STREAMS_PER_USER
from meshkit.testing import stores
from playback_svc.adapters.valkey.positions import ValkeyPositions
from playback_svc.domain.liveness import BLIND_MS
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.expiry import Expire
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.held_calls import Call, unheld, viewing

STATUS = playback_pb2.Playback


async def shown(call: Call) -> Any:
    """What the view shows next."""
    message = await call.read()
    assert message.HasField("playback"), message
    return message.playback


async def test_a_view_follows_what_another_instance_does(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        view, player = await viewing(one.user(user_id)), two.user(user_id)
        first = await view.read()
        assert first.HasField("nothing_played")
        played = await player.play()
        playing = await shown(view)
        assert (playing.playback_id, playing.status) == (played.playback_id, STATUS.PLAYING)
        await player.call("Pause", playback_id=played.playback_id)
        assert (await shown(view)).status == STATUS.PAUSED
        await player.call("SetShuffle", shuffle=True)
        assert (await shown(view)).shuffle
        await player.play(device_id="phone")
        assert (await shown(view)).device_id == "phone"
        again = await viewing(two.user(user_id))
        assert (await shown(again)).device_id == "phone"
        view.call.cancel()
        await unheld(one)


async def test_many_changes_are_shown_in_order_up_to_the_last(user: User) -> None:
    played = await user.play()
    view = await viewing(user)
    revisions = [(await shown(view)).revision]
    seeks = (user.call("Seek", playback_id=played.playback_id, position_ms=one) for one in range(8))
    await asyncio.gather(*seeks)
    final = await user.state()
    while revisions[-1] < final.revision:
        revisions.append((await shown(view)).revision)
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == final.revision


async def test_a_session_that_fell_silent_is_shown_as_over(
    instance: Instance, user: User, world: World
) -> None:
    await user.play()
    view = await viewing(user)
    assert (await shown(view)).status == STATUS.PLAYING
    at = now_ms() + BLIND_MS + 600_000
    async with stores.valkey_client(world.valkey_url) as client:
        positions = ValkeyPositions(client, lambda: at)
        commander = Commander(
            instance.parts.store,
            positions,
            instance.parts.deliveries,
            instance.parts.events,
            lambda: at,
        )
        assert await Expire(commander)(user.user_id)
    over = await shown(view)
    assert (over.status, over.ended_by) == (STATUS.STOPPED, playback_pb2.SessionEnd.EXPIRED)


async def test_a_view_that_missed_news_looks_again(world: World) -> None:
    apart = world.without_valkey()
    async with an_instance(world) as one, an_instance(apart) as two:
        user_id = new_id()
        view = await viewing(one.user(user_id))
        await view.read()
        await two.user(user_id).play()
        one.streams.handle_gap()
        assert (await shown(view)).revision == 1


async def test_users_see_nothing_of_each_other(instance: Instance, user: User) -> None:
    view = await viewing(user)
    await view.read()
    await instance.user().play(position_ms=5)
    await user.play(position_ms=9_000)
    assert (await shown(view)).position_ms >= 9_000


async def test_views_of_a_user_are_bounded(instance: Instance, user: User) -> None:
    views = [await viewing(user) for _ in range(STREAMS_PER_USER)]
    for view in views:
        await view.read()
    fault = await refused((await viewing(user)).read())
    assert isinstance(fault, ResourceExhausted)
    assert fault.metadata == {"limit": "streams_per_user"}
    for view in views:
        view.call.cancel()
    await unheld(instance)
    await (await viewing(user)).read()
