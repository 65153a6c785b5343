"""What every ``PlayerStateStore`` must give back as it was: states, answers, bodies, beats."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from playback_svc.domain import player_state
from playback_svc.domain.devices import Capabilities, DeviceKind, DeviceView
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.liveness import LivePosition, expires_at_ms, observe
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import Context, Origin, PlayQueue, Repeat
from playback_svc.domain.player_state import EndReason, PlayerState, Status, Track
from playback_svc.domain.preferences import BitratePreference, Preferences
from playback_svc.domain.radio import ShownBlock, first_block
from playback_svc.ports.answers import (
    Answer,
    DeviceDescribed,
    Done,
    Played,
    PreferencesUpdated,
    QueueEdited,
    Result,
    SkipsLeft,
    Transferred,
)
from playback_svc.ports.player_states import (
    Change,
    Checkpoint,
    DropBodies,
    PlayerStateStore,
    PutBodies,
    PutState,
)
from playback_svc.ports.upkeep import Overdue, Upkeep
from tests.contracts.playback.samples import (
    ASSET,
    MINUTE,
    NOW,
    TRACK,
    beat,
    device,
    new_id,
    playing,
    record,
    request_key,
    stored,
)
from tests.profiles import examples

WAITING = [Entry(new_id(), new_id()) for _ in range(3)]
ALBUM = PlayOrigin(ContextKind.ALBUM, new_id(), new_id())
SHOWN = PlayOrigin(shown_id=new_id())
QUEUE = PlayQueue(
    context=Context(ContextKind.PLAYLIST, new_id(), new_id(), 10_000, 9_999, new_id()),
    queued=Listing.of(WAITING).packed,
    repeat=Repeat.CONTEXT,
    shuffle=True,
    origin=Origin.QUEUE,
    item_id=new_id(),
    shown_id=new_id(),
    origins={WAITING[0].item_id: ALBUM, WAITING[1].item_id: SHOWN, WAITING[2].item_id: ALBUM},
    queued_from=ALBUM,
)


def _radios() -> list[Context]:
    """A radio that has just begun, and one that has gone far."""
    begun = first_block(new_id(), new_id(), 20)
    gone = begun.refilled(ShownBlock(new_id(), 20), 20).refilled(ShownBlock(new_id(), 7), 3)
    return [
        Context(ContextKind.RADIO, new_id(), new_id(), 20, 0, radio=begun),
        Context(ContextKind.RADIO, new_id(), new_id(), 24, 12, radio=gone),
    ]


OFTEN = settings(
    max_examples=examples(30),
    # Users are new in every example; the suite runs over more than one store.
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)
SPAN = strategies.integers(0, 200_000)
UNHEARD: dict[str, Any] = {"rung": "", "bitrate_kbps": 0}
HEARD_128: dict[str, Any] = {"rung": "128", "bitrate_kbps": 128}
HEARD_192: dict[str, Any] = {"rung": "192", "bitrate_kbps": 192}


@strategies.composite
def beaten(draw: strategies.DrawFn) -> tuple[PlayerState, LivePosition]:
    """A state in any status, and any beat of it, older ones and other versions included."""
    position_at = NOW + draw(SPAN)
    state = replace(
        playing(position_ms=draw(SPAN)),
        status=draw(strategies.sampled_from([Status.PLAYING, Status.PAUSED])),
        position_at_ms=position_at,
        heard_ms=draw(SPAN),
        last_seq=draw(strategies.integers(0, 3)),
        **draw(strategies.sampled_from([UNHEARD, HEARD_128])),
        moving=draw(strategies.booleans()),
        attended=draw(strategies.booleans()),
        offline=draw(strategies.booleans()),
    )
    if draw(strategies.booleans()):
        state = player_state.stop(state, position_at + 1)
    live = beat(
        state,
        version=state.version._replace(revision=state.version.revision - draw(_seldom())),
        seq=draw(strategies.integers(1, 4)),
        position_ms=draw(SPAN),
        position_at_ms=position_at + draw(strategies.integers(-5_000, 200_000)),
        moving=draw(strategies.booleans()),
        offline=draw(strategies.booleans()),
        **draw(strategies.sampled_from([UNHEARD, HEARD_192])),
        beat_at_ms=position_at + draw(strategies.integers(-5_000, 200_000)),
    )
    return state, live


def _seldom() -> strategies.SearchStrategy[int]:
    return strategies.sampled_from([0, 0, 0, 1])


class WholeStatesContract:
    """Subclass it with a fixture ``store`` that is empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_no_field_of_a_state_is_lost(self, store: PlayerStateStore, user: str) -> None:
        state = replace(
            playing(queue=QUEUE),
            track=Track(new_id(), "Nöte", "Ö", 1, premium=True),
            status=Status.STOPPED,
            position_ms=1,
            heard_ms=77,
            private=True,
            attended=True,
            begun_ms=88,
            carried_ms=66,
            skips_count=3,
            moving=False,
            ended_by=EndReason.FINISHED,
            last_beat_at_ms=NOW + 3,
            last_seq=9,
            **HEARD_192,
            offline=True,
            client_play_id="a-play-of-mine!",
            sid=new_id(),
            play_started_at_ms=NOW + 2,
        )
        plain = playing()
        values = [(one.name, attrgetter(one.name)) for one in fields(state)]
        same = [name for name, value in values if value(state) == value(plain)]
        assert same == ["version", "device_id", "asset", "position_at_ms", "started_at_ms"]
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        assert (await store.read(user, None, NOW)).state == state

    async def test_every_queue_is_read_back_whole(self, store: PlayerStateStore, user: str) -> None:
        held = playing()
        assert await store.commit(Change(user, (PutState(held, None),)), NOW)
        context = QUEUE.context
        assert context is not None
        queues = [
            QUEUE,
            replace(QUEUE, context=None, queued=b"", origins={}),
            replace(QUEUE, origins={}, queued_from=NOWHERE),
            replace(QUEUE, queued_from=SHOWN),
            replace(QUEUE, context=replace(context, order_id=None, cursor=-1), shuffle=False),
            *(replace(QUEUE, context=context) for context in _radios()),
            *(replace(QUEUE, repeat=repeat) for repeat in Repeat),
            *(replace(QUEUE, origin=origin, item_id="") for origin in Origin),
            *(replace(QUEUE, context=replace(context, kind=kind)) for kind in ContextKind),
            PlayQueue(),
        ]
        for queue in queues:
            after = player_state.requeue(held, queue)
            assert await store.commit(Change(user, (PutState(after, held.version),)), NOW)
            held = after
            assert (await store.read(user, None, NOW)).state == after

    async def test_no_field_of_an_answer_is_lost(self, store: PlayerStateStore, user: str) -> None:
        state = playing()
        played = Played(TRACK, ASSET, new_id(), 7, SkipsLeft(2, 99), ended=True)
        able = Capabilities(("128",), ("flac",), ("org.w3.clearkey",), True)
        described = device(
            "kitchen",
            kind=DeviceKind.TV,
            capabilities=able,
            controllable=True,
            volume_percent=30,
            last_number=9,
            last_applied=8,
        )
        results: list[Result] = [
            played,
            replace(played, skips=SkipsLeft(None, 0)),
            replace(played, skips=None, ended=False),
            QueueEdited((new_id(), new_id()), removed_count=4),
            PreferencesUpdated(Preferences(BitratePreference.FLAC, normalize=False, version=3)),
            DeviceDescribed(DeviceView(described, online=True, active=False)),
            Transferred(played, state, queue_count=6),
            Done(),
        ]
        assert {type(result) for result in results} == set(get_args(Result))
        for number, result in enumerate(results):
            kept = Answer(state.session_id, state.version, 5, "kitchen", 12, result=result)
            key = request_key(user, f"r{number}")
            said = replace(stored(key, state), answer=kept)
            held = (await store.read(user, None, NOW)).state
            version = held.version if held else None
            assert await store.commit(Change(user, (PutState(state, version), said)), NOW)
            assert (await store.read(user, key, NOW)).stored == said

    async def test_an_answer_needs_no_state(self, store: PlayerStateStore, user: str) -> None:
        key = request_key(user)
        said = stored(key, playing())
        assert await store.commit(Change(user, (said,)), NOW)
        found = await store.read(user, key, NOW)
        assert (found.state, found.stored) == (None, said)

    async def test_bodies_are_kept_until_they_are_dropped(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, bodies = playing(), {new_id(): b"\x00\xff" * 160_000, new_id(): b""}
        assert await store.commit(Change(user, (PutState(state, None), PutBodies(bodies))), NOW)
        for name, body in bodies.items():
            assert await store.blob(user, name) == body
            assert await store.blob(new_id(), name) is None
        after, (gone, kept), new = playing(state), bodies, new_id()
        change = Change(
            user, (PutState(after, state.version), PutBodies({new: b"new"}), DropBodies((gone,)))
        )
        assert await store.commit(change, NOW)
        found = [await store.blob(user, name) for name in (gone, kept, new)]
        assert found == [None, b"", b"new"]

    async def test_a_state_and_its_bodies_are_of_one_moment(
        self, store: PlayerStateStore, user: str
    ) -> None:
        assert await store.with_bodies(user) is None
        context = Context(ContextKind.TRACKS, "", new_id(), 1, 0, new_id())
        state = playing(queue=PlayQueue(context=context))
        named = {context.listing_id: b"list", context.order_id or "": b"order"}
        unnamed = {new_id(): b"of nobody"}
        assert await store.commit(
            Change(user, (PutState(state, None), PutBodies(named | unnamed))), NOW
        )
        assert await store.with_bodies(user) == (state, named)
        changes = 60
        writing = asyncio.create_task(self._replaced(store, user, state, changes))
        reads = 0
        while not writing.done():
            found = await store.with_bodies(user)
            assert found is not None
            held = found[0].queue.context
            assert held is not None
            assert found[1].keys() == {held.listing_id, held.order_id} - {None}
            reads += 1
        last = await writing
        assert reads > 0
        assert (await store.read(user, None, NOW)).state == last

    async def _replaced(
        self, store: PlayerStateStore, user: str, state: PlayerState, times: int
    ) -> PlayerState:
        """Puts another context, and its bodies, in the place of the present one so many times."""
        for number in range(times):
            held = state.queue.context
            assert held is not None
            order_id = new_id() if number % 2 else None
            context = Context(ContextKind.TRACKS, "", new_id(), 1, 0, order_id)
            after = playing(state, queue=PlayQueue(context=context))
            change = Change(
                user,
                (
                    PutState(after, state.version),
                    PutBodies({name: b"body" for name in (context.listing_id, order_id) if name}),
                    DropBodies(tuple(name for name in (held.listing_id, held.order_id) if name)),
                ),
            )
            assert await store.commit(change, NOW)
            state = after
        return state

    async def test_a_change_that_is_refused_drops_no_body(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = playing()
        assert await store.commit(
            Change(user, (PutState(state, None), PutBodies({"b": b"body"}))), NOW
        )
        assert not await store.commit(
            Change(user, (PutState(playing(), None), DropBodies(("b",)))), NOW
        )
        assert await store.blob(user, "b") == b"body"

    @pytest.mark.parametrize("attended", [True, False])
    async def test_who_gave_no_sign_yet_is_overdue_when_the_domain_says_so(
        self, store: PlayerStateStore, upkeep: Upkeep, user: str, attended: bool
    ) -> None:
        state = playing(attended=attended)
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        over_at_ms = expires_at_ms(state)
        assert over_at_ms is not None
        assert Overdue(over_at_ms, user) not in await upkeep.overdue(over_at_ms, 100)
        assert Overdue(over_at_ms, user) in await upkeep.overdue(over_at_ms + 1, 100)

    @OFTEN
    @given(beaten())
    async def test_a_checkpoint_leaves_what_the_domain_makes_of_the_beat(
        self, store: PlayerStateStore, upkeep: Upkeep, case: tuple[PlayerState, LivePosition]
    ) -> None:
        (state, live), user = case, new_id()
        assert await store.commit(Change(user, (PutState(state, None), record(state))), NOW)
        held = await store.checkpoint([Checkpoint(user, live)])
        expected = observe(state, live) if live.version == state.version else state
        assert held == [live.version == state.version]
        assert (await store.read(user, None, NOW)).state == expected
        over_at_ms = expires_at_ms(expected)
        if over_at_ms is not None and held == [True]:
            assert Overdue(over_at_ms, user) not in await upkeep.overdue(over_at_ms, 100)
            assert Overdue(over_at_ms, user) in await upkeep.overdue(over_at_ms + 1, 100)

    async def test_a_checkpoint_is_told_by_the_log(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = playing()
        await store.commit(Change(user, (PutState(state, None), record(state, skips_count=2))), NOW)
        found = await store.session(user, state.session_id)
        assert found is not None
        assert found.skips_count == 2
        ended = record(state, skips_count=3, track_id=new_id(), ended_by=EndReason.FINISHED)
        ended = replace(ended, ended_at_ms=NOW + MINUTE, status=Status.STOPPED)
        assert await store.commit(
            Change(user, (PutState(playing(state), state.version), ended)), NOW
        )
        assert await store.session(user, state.session_id) == ended
