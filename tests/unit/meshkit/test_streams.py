"""Every stream ends by one rule: its last message says why, and whether to come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest
from segue.identity.v1.identity_internal_service_pb2 import WatchUsersResponse
from segue.mesh.v1 import stream_end_pb2

from meshkit.faults import NotFound, Unavailable
from meshkit.principal import Principal
from meshkit.stream_ends import (
    FINISHED,
    LAPSED,
    SERVICE,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    OpenStream,
    Reason,
    StreamEnd,
    StreamEnded,
    draining,
    require_going_on,
    unavailable,
    unless_stopped,
)
from meshkit.streams import CONSUMERS_SPREAD_S, OpenStreams
from meshkit.testing.rpc import TokenIssuer
from meshkit.tokens import TokenVerifier

SPREAD_S = 60.0


def user(sid: str = "sid", life_s: float = 300) -> Principal:
    return Principal("user", sid, "free", frozenset(), time.time() + life_s, "token")


@pytest.fixture
def tokens() -> TokenVerifier:
    return TokenIssuer().verifier()


@pytest.fixture
def streams(tokens: TokenVerifier) -> OpenStreams:
    return OpenStreams(tokens, spread_s=SPREAD_S)


def step(token: str) -> WatchUsersResponse:
    return WatchUsersResponse(resume_token=token)


async def quiet(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
    """One message, and then nothing until it is to stop."""
    yield step("t1")
    await stream.stop.wait()


def held(streams: OpenStreams, holder: Principal = SERVICE) -> OpenStream:
    """A stream that the server holds."""
    stream = OpenStream(holder)
    streams.hold(stream)
    return stream


def reason_of(answer: WatchUsersResponse) -> str:
    return stream_end_pb2.StreamEnd.Reason.Name(answer.end.reason)


def test_every_reason_of_the_contract_is_known_by_name() -> None:
    names = set(stream_end_pb2.StreamEnd.Reason.keys()) - {"REASON_UNSPECIFIED"}
    assert {reason.value for reason in Reason} == names


async def test_a_drain_ends_streams_spread_over_time(streams: OpenStreams) -> None:
    told = [streams.told(WatchUsersResponse, quiet, principal=user()) for _ in range(20)]
    for one in told:
        assert (await anext(one)).resume_token == "t1"
    await streams.drain()
    lasts = [await anext(one) for one in told]
    assert {reason_of(last) for last in lasts} == {"DRAINING"}
    waits = {last.end.reconnect_after.ToMilliseconds() for last in lasts}
    assert len(waits) > 10
    assert max(waits) <= SPREAD_S * 1000
    assert {last.resume_token for last in lasts} == {"t1"}
    for one in told:
        assert await anext(one, None) is None


async def test_consumers_come_back_sooner_than_users(streams: OpenStreams) -> None:
    told = [streams.told(WatchUsersResponse, quiet) for _ in range(20)]
    for one in told:
        await anext(one)
    await streams.drain()
    waits = [(await anext(one)).end.reconnect_after.ToMilliseconds() for one in told]
    assert max(waits) <= CONSUMERS_SPREAD_S * 1000


async def test_a_stream_that_is_opened_while_the_server_drains_ends_at_once(
    streams: OpenStreams,
) -> None:
    await streams.drain()
    stream = held(streams)
    assert stream.end is not None
    assert stream.end.reason is Reason.DRAINING


async def test_the_end_of_a_token_ends_its_streams(streams: OpenStreams) -> None:
    told = streams.told(WatchUsersResponse, quiet, principal=user(life_s=0.01))
    answers = [answer async for answer in told]
    assert reason_of(answers[-1]) == "TOKEN_EXPIRED"
    assert answers[-1].end.HasField("reconnect_after")


async def test_a_revocation_ends_the_streams_of_its_sign_in_alone(
    streams: OpenStreams, tokens: TokenVerifier
) -> None:
    one, other = held(streams, user("one")), held(streams, user("other"))
    streams.revoke("one", time.time() + 60)
    assert one.end == TOKEN_REVOKED
    assert not other.stop.is_set()
    assert tokens.is_revoked(user("one"))


async def test_a_sign_in_that_was_revoked_before_its_stream_was_found_ends_it(
    streams: OpenStreams, tokens: TokenVerifier
) -> None:
    tokens.revoke("sid", time.time() + 60)
    assert held(streams, user()).end == TOKEN_REVOKED


async def test_the_first_end_stands(streams: OpenStreams) -> None:
    stream = held(streams, user())
    stream.finish(StreamEnd(Reason.DELETED, "gone"))
    await streams.drain()
    assert stream.end is not None
    assert stream.end.reason is Reason.DELETED


async def test_what_has_come_to_its_end_says_so(streams: OpenStreams) -> None:
    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield step("t1")

    answers = [answer async for answer in streams.told(WatchUsersResponse, steps)]
    assert reason_of(answers[-1]) == "FINISHED"
    assert not answers[-1].end.HasField("reconnect_after")


async def test_a_feed_that_told_nothing_resumes_where_it_was_asked_to(
    streams: OpenStreams,
) -> None:
    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        await stream.stop.wait()
        return
        yield

    await streams.drain()
    told = streams.told(WatchUsersResponse, steps, resume_token="t0")
    assert [answer.resume_token async for answer in told] == ["t0"]


async def test_what_fails_before_the_first_message_is_the_status_of_the_call(
    streams: OpenStreams,
) -> None:
    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        raise NotFound("nothing there")
        yield

    with pytest.raises(NotFound):
        await anext(streams.told(WatchUsersResponse, steps))


@pytest.mark.parametrize("error", [Unavailable("the store is away"), RuntimeError("a bug")])
async def test_what_fails_later_is_told_and_only_what_nobody_foresaw_is_raised(
    streams: OpenStreams, error: Exception
) -> None:
    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield step("t1")
        raise error

    told = streams.told(WatchUsersResponse, steps)
    await anext(told)
    last = await anext(told)
    assert reason_of(last) == "UNAVAILABLE"
    assert last.end.HasField("reconnect_after")
    assert "bug" not in last.end.message
    if isinstance(error, Unavailable):
        assert await anext(told, None) is None
    else:
        with pytest.raises(RuntimeError):
            await anext(told)


async def test_a_store_says_when_to_come_back(streams: OpenStreams) -> None:
    assert unavailable(7.0).reconnect_after_s == 7.0


@pytest.mark.parametrize(
    ("end", "comes_back"),
    [
        (FINISHED, False),
        (TOKEN_REVOKED, False),
        (TOKEN_EXPIRED, True),
        (LAPSED, True),
        (draining(1.0), True),
        (unavailable(), True),
    ],
    ids=lambda value: str(getattr(value, "reason", value)),
)
def test_a_consumer_reads_the_reason_and_whether_to_come_back(
    end: StreamEnd, comes_back: bool
) -> None:
    with pytest.raises(StreamEnded) as ended:
        require_going_on(WatchUsersResponse(end=end.to_message()))
    assert ended.value.reason == end.reason
    assert (ended.value.reconnect_after_s is not None) == comes_back
    # What people read of it, in a log too, are the service's words.
    assert end.message
    assert ended.value.message == str(ended.value) == end.message


def test_an_end_without_words_is_shown_by_its_reason() -> None:
    end = stream_end_pb2.StreamEnd(reason=stream_end_pb2.StreamEnd.LAPSED)
    with pytest.raises(StreamEnded) as ended:
        require_going_on(WatchUsersResponse(end=end))
    assert ended.value.message == str(ended.value) == "LAPSED"


def test_a_reason_of_a_later_contract_is_shown_as_its_number() -> None:
    later = WatchUsersResponse(end=stream_end_pb2.StreamEnd(reason=99))  # type: ignore[arg-type]
    with pytest.raises(StreamEnded, match="99"):
        require_going_on(later)


def test_a_stream_goes_on_with_every_other_message() -> None:
    require_going_on(step("t1"))


async def test_a_stream_that_its_caller_left_is_held_no_longer(streams: OpenStreams) -> None:
    told = streams.told(WatchUsersResponse, quiet, principal=user())
    await anext(told)
    assert streams.held == 1
    await told.aclose()
    assert streams.held == 0


async def test_steps_are_closed_when_the_caller_leaves(streams: OpenStreams) -> None:
    closed = asyncio.Event()

    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        try:
            yield step("t1")
        finally:
            closed.set()

    told = streams.told(WatchUsersResponse, steps)
    await anext(told)
    await told.aclose()
    assert closed.is_set()


async def numbers(upto: int, hold: asyncio.Event | None = None) -> AsyncGenerator[int, None]:
    """Numbers from 1; after the last of them it holds."""
    for number in range(1, upto + 1):
        yield number
    if hold is not None:
        await hold.wait()
        yield -1


async def test_work_that_nobody_stops_comes_to_its_end() -> None:
    assert [one async for one in unless_stopped(asyncio.Event(), numbers(3))] == [1, 2, 3]


async def test_work_is_cut_where_it_waits() -> None:
    stop, seen = asyncio.Event(), []
    async for one in unless_stopped(stop, numbers(2, hold=asyncio.Event())):
        seen.append(one)
        if one == 2:
            stop.set()
    assert seen == [1, 2]


async def test_a_failure_of_work_is_raised() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        yield 1
        raise Unavailable("the store is away")

    with pytest.raises(Unavailable):
        async for _ in unless_stopped(asyncio.Event(), failing()):
            pass


async def test_work_is_left_where_its_caller_leaves() -> None:
    left = asyncio.Event()

    async def long() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            left.set()

    work = unless_stopped(asyncio.Event(), long())
    await anext(work)
    await work.aclose()
    assert left.is_set()


async def test_work_that_is_done_ends_as_finished_whatever_came_before(
    streams: OpenStreams,
) -> None:
    async def steps(stream: OpenStream) -> AsyncGenerator[WatchUsersResponse, None]:
        yield step("t1")
        await stream.stop.wait()
        stream.conclude()
        yield step("t2")

    told = streams.told(WatchUsersResponse, steps)
    await anext(told)
    await streams.drain()
    assert [reason_of(answer) async for answer in told] == ["REASON_UNSPECIFIED", "FINISHED"]
