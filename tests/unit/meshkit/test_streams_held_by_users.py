"""Streams that a process holds by tens of thousands: how each wakes up, ends, and leaves room."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import cast

import pytest
from segue.identity.v1.identity_internal_service_pb2 import WatchUsersResponse
from segue.mesh.v1.stream_end_pb2 import StreamEnd as StreamEndMessage

from meshkit.conversations import Conversation
from meshkit.faults import Fault, PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable
from meshkit.principal import Principal, current_principal
from meshkit.stream_ends import (
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    HeldStream,
    OpenStream,
    Reason,
    StreamEnd,
)
from meshkit.streams import STREAMS_PER_USER, HeldStreams, OpenStreams, served
from meshkit.tokens import TokenVerifier

SCOPES = ("playback.control",)
HOLDER = Principal("ann", "sid", "free", frozenset(SCOPES), 1_130.5, "token")
STOPPED = StreamEnd(Reason.DELETED, "removed")


class Referable(HeldStream):
    """A stream of which it can be seen that nobody keeps it."""

    __slots__ = ("__weakref__",)


class Tokens:
    """A verifier whose tokens are the ids of their sign-ins."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}
        self.revoked: set[str] = set()

    async def verify(self, token: str) -> Principal:
        if token not in self.known:
            raise Unauthenticated("no such token")
        return self.known[token]

    def revoke(self, sid: str, forget_at: float) -> None:
        self.revoked.add(sid)

    def revoke_user(self, user_id: str, forget_at: float) -> None:
        self.revoked.add(user_id)

    def is_revoked(self, principal: Principal) -> bool:
        return not self.revoked.isdisjoint((principal.sid, principal.user_id))


@dataclass
class Clock:
    """Unix seconds that stand still unless moved."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Rig:
    """What a process holds, with a clock of its own."""

    def __init__(self) -> None:
        self.tokens, self.clock = Tokens(), Clock()
        verifier = cast("TokenVerifier", self.tokens)
        self.streams = OpenStreams(verifier, spread_s=2, clock=self.clock)
        self.counted = Counter[str]()
        self.held: HeldStreams[HeldStream] = HeldStreams("test", self.streams, self.count)

    def count(self, kind: str, difference: int) -> None:
        self.counted[kind] += difference

    def hold(self, holder: Principal = HOLDER) -> HeldStream:
        stream = HeldStream(holder)
        self.held.add(stream)
        return stream


@pytest.fixture
async def rig() -> Rig:
    return Rig()


async def waiting(stream: HeldStream) -> asyncio.Task[None]:
    task = asyncio.create_task(stream.idle())
    await asyncio.sleep(0)
    assert stream.listening
    return task


async def test_a_nudge_wakes_a_stream_that_waits_and_no_other() -> None:
    stream = HeldStream(HOLDER)
    stream.nudge()
    for _ in range(3):
        task = await waiting(stream)
        await asyncio.sleep(0)
        assert not task.done()
        stream.nudge()
        stream.nudge()
        await task


async def test_an_end_wakes_a_stream_and_the_first_one_stands() -> None:
    stream = HeldStream(HOLDER)
    task = await waiting(stream)
    stream.finish(STOPPED)
    stream.finish(TOKEN_REVOKED)
    await task
    assert stream.end is STOPPED


async def test_a_nudge_for_a_call_that_was_just_cancelled_harms_nobody() -> None:
    stream = HeldStream(HOLDER)
    task = await waiting(stream)
    task.cancel()
    stream.nudge()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stream.listening


async def test_a_stream_that_closed_is_let_go_of_before_its_token_expires(rig: Rig) -> None:
    streams = [Referable(HOLDER) for _ in range(2)]
    for stream in streams:
        rig.held.add(stream)
    rig.held.remove(streams[0])
    known = weakref.ref(streams.pop(0))
    del stream
    gc.collect()
    assert known() is None
    rig.streams.end_expired(1_131)
    assert streams[0].end is TOKEN_EXPIRED


async def test_streams_that_are_ending_leave_room_but_not_without_bound(rig: Rig) -> None:
    for one in range(2 * STREAMS_PER_USER):
        stream = rig.hold()
        if one < STREAMS_PER_USER:
            stream.finish(STOPPED)
    with pytest.raises(ResourceExhausted) as refused:
        rig.hold()
    assert refused.value.metadata == {"limit": "streams_per_user"}
    assert refused.value.retry_after_s
    rig.hold(replace(HOLDER, user_id="bob"))
    for stream in rig.held.of_user("ann"):
        stream.finish(STOPPED)
    with pytest.raises(ResourceExhausted):
        rig.hold()
    assert rig.counted == {"test": 2 * STREAMS_PER_USER + 1}
    assert rig.streams.held == 2 * STREAMS_PER_USER + 1
    for stream in rig.held:
        rig.held.remove(stream)
    assert (rig.counted["test"], rig.held.held, rig.streams.held) == (0, 0, 0)
    assert rig.held.of_user("ann") == ()


async def test_who_comes_while_streams_drain_is_sent_on(rig: Rig) -> None:
    streams = [rig.hold(replace(HOLDER, user_id=user_id)) for user_id in "ab"]
    await rig.streams.drain()
    streams.append(rig.hold())
    for stream in streams:
        assert stream.end is not None
        assert stream.end.reason is Reason.DRAINING
        assert stream.end.reconnect_after_s is not None
        assert 0 <= stream.end.reconnect_after_s <= 2


async def test_a_drain_of_many_lets_others_work_in_between(rig: Rig) -> None:
    streams = [rig.hold(replace(HOLDER, user_id=str(one), sid=str(one))) for one in range(1_001)]
    draining = asyncio.create_task(rig.streams.drain(over_s=0.01))
    await asyncio.sleep(0)
    assert 0 < sum(stream.end is not None for stream in streams) < 1_001
    await draining
    assert all(stream.end is not None for stream in streams)


async def test_a_revoked_sign_in_ends_its_streams_alone(rig: Rig) -> None:
    streams = [rig.hold(replace(HOLDER, sid=sid)) for sid in ("a", "b", "a")]
    rig.streams.revoke("a", 2_000)
    assert [stream.end for stream in streams] == [TOKEN_REVOKED, None, TOKEN_REVOKED]
    assert rig.hold(replace(HOLDER, sid="a")).end is TOKEN_REVOKED


async def test_a_user_who_was_erased_has_no_streams(rig: Rig) -> None:
    held = [(user_id, sid) for user_id, sid in (("ada", "a"), ("bob", "b"), ("ada", "c"))]
    streams = [rig.hold(replace(HOLDER, user_id=user, sid=sid)) for user, sid in held]
    rig.streams.revoke_user("ada", 2_000)
    assert [stream.end for stream in streams] == [TOKEN_REVOKED, None, TOKEN_REVOKED]
    assert rig.hold(replace(HOLDER, user_id="ada", sid="d")).end is TOKEN_REVOKED


async def test_streams_end_with_their_token_unless_it_was_renewed(rig: Rig) -> None:
    kept, ended = rig.hold(), rig.hold(replace(HOLDER, user_id="bob"))
    rig.tokens.known["fresh"] = replace(HOLDER, sid="other", expires_at=1_200.0)
    rig.streams.end_expired(1_130.9)
    assert ended.end is None
    await rig.streams.renew(kept, "fresh", SCOPES)
    assert current_principal() is kept.holder
    rig.streams.end_expired(1_132.0)
    assert ended.end is TOKEN_EXPIRED
    assert kept.end is None
    rig.streams.revoke("sid", 2_000)
    assert kept.end is None, "it goes on by another sign-in"
    rig.streams.end_expired(1_500.0)
    assert kept.end is TOKEN_EXPIRED
    rig.held.remove(kept)
    rig.held.remove(ended)
    assert rig.streams.held == 0


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ("unknown", Unauthenticated),
        ("of another", Unauthenticated),
        ("of no scope", PermissionDenied),
    ],
)
async def test_a_token_that_is_no_good_renews_nothing(
    rig: Rig, token: str, refusal: type[Fault]
) -> None:
    stream = rig.hold()
    rig.tokens.known = {
        "of another": replace(HOLDER, user_id="bob"),
        "of no scope": replace(HOLDER, scopes=frozenset()),
    }
    with pytest.raises(refusal):
        await rig.streams.renew(stream, token, SCOPES)
    assert stream.holder is HOLDER


async def test_expiry_needs_nobody_who_looks(rig: Rig) -> None:
    now_s = time.time()
    streams = OpenStreams(None, spread_s=1)
    held: HeldStreams[HeldStream] = HeldStreams("test", streams, rig.count)
    later = HeldStream(replace(HOLDER, expires_at=now_s + 300))
    soon, past = (HeldStream(replace(HOLDER, expires_at=now_s + left_s)) for left_s in (0.1, -9))
    for stream in (later, past, soon):
        held.add(stream)
    async with asyncio.timeout(20):
        await soon.idle()
    assert [one.end for one in (past, soon, later)] == [TOKEN_EXPIRED, TOKEN_EXPIRED, None]


async def test_a_stream_whose_work_is_done_says_so(rig: Rig) -> None:
    async def begin() -> HeldStream:
        return rig.hold()

    async def steps(stream: HeldStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield WatchUsersResponse(resume_token="t1")

    told = served(WatchUsersResponse, begin, steps, rig.held.remove)
    last = [answer async for answer in told][-1]
    assert (last.end.reason, last.resume_token) == (StreamEndMessage.FINISHED, "t1")
    assert rig.held.held == 0


async def talked(rig: Rig, fault: Fault | None, *, begun: bool = True) -> list[WatchUsersResponse]:
    """What a client is told that goes on speaking, where ``fault`` comes of it."""

    async def conversation() -> AsyncGenerator[WatchUsersResponse, None]:
        with Conversation(WatchUsersResponse, rig.hold(), rig.held.remove) as talk:
            if begun:
                yield WatchUsersResponse()
                talk.begun = True
            if fault is not None:
                raise fault
        if talk.last is not None:
            yield talk.last

    try:
        return [answer async for answer in conversation()]
    finally:
        assert rig.held.held == 0


async def test_a_stream_that_its_client_closes_has_no_last_message(rig: Rig) -> None:
    assert await talked(rig, None) == [WatchUsersResponse()]


async def test_a_client_that_goes_on_speaking_hears_what_it_did_wrong(rig: Rig) -> None:
    with pytest.raises(Unauthenticated):
        await talked(rig, Unauthenticated("a token of nobody"))


async def test_a_store_that_is_away_ends_the_stream_of_a_client_that_goes_on_speaking(
    rig: Rig,
) -> None:
    last = (await talked(rig, Unavailable("away", retry_after_s=7)))[-1]
    assert last.end.reconnect_after.ToMilliseconds() == 7000
    with pytest.raises(Unavailable):
        await talked(rig, Unavailable("away", retry_after_s=7), begun=False)


async def test_a_stream_that_has_ended_is_held_no_longer_while_its_last_message_is_read(
    rig: Rig,
) -> None:
    async def begin() -> HeldStream:
        return rig.hold()

    async def steps(stream: HeldStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield WatchUsersResponse()
        stream.finish(STOPPED)

    told = served(WatchUsersResponse, begin, steps, rig.held.remove)
    await anext(told)
    assert rig.held.held == 1
    assert (await anext(told)).end.message == "removed"
    assert rig.held.held == 0


async def test_users_have_as_many_served_streams_as_their_kind_allows() -> None:
    rig = Rig()
    views: HeldStreams[OpenStream] = HeldStreams("view", rig.streams, most=3)

    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield WatchUsersResponse()
        await stream.stop.wait()

    def view() -> AsyncGenerator[WatchUsersResponse, None]:
        return rig.streams.told(WatchUsersResponse, steps, principal=HOLDER, held=views)

    going = [view() for _ in range(3)]
    for one in going:
        await anext(one)
    with pytest.raises(ResourceExhausted) as refused:
        await anext(view())
    assert refused.value.metadata == {"limit": "streams_per_user"}
    await going[0].aclose()
    assert await anext(view()) == WatchUsersResponse()
