"""The player's beats go on whatever happens to their stream, and end when the session does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from segue.playback.v1 import playback_service_pb2

from meshkit import stream_ends
from meshkit.faults import Fault, NotFound, PermissionDenied, Unavailable
from player import kept_stream
from player.domain.status import PlaybackState, PlayerStatus
from player.heartbeats import SessionClock, StreamReporter

ANSWER = playback_service_pb2.StreamHeartbeatsResponse


class Client:
    """A mesh whose heartbeat stream does what a script says, one entry a stream."""

    def __init__(self, *script: Any) -> None:
        self._script = list(script)
        self.token_fails = False
        self.tokens = 0
        self.seen: list[Any] = []
        self.heartbeats = SimpleNamespace(StreamHeartbeats=self._stream)

    async def token(self) -> Any:
        if self.token_fails:
            raise Unavailable("identity is away")
        self.tokens += 1
        life_s = 300.0 if self.tokens > 1 else kept_stream._RENEW_BEFORE_S
        return SimpleNamespace(text="fresh", expires_at=time.time() + life_s)

    async def metadata(self) -> Any:
        return ()

    async def _stream(self, requests: AsyncIterator[Any], metadata: Any) -> AsyncIterator[Any]:
        step = self._script.pop(0) if self._script else None
        async for request in requests:
            self.seen.append(request)
            if isinstance(step, BaseException):
                raise step
            if step is not None:
                for answer in step:
                    yield answer
                return
            yield ANSWER(ack={"seq": request.heartbeat.seq})


def reporter(client: Client, ended: list[str]) -> StreamReporter:
    clock = SessionClock("P", "D", epoch=1, revision=2)
    return StreamReporter(client, clock, lambda reason, _: ended.append(reason))  # type: ignore[arg-type]


async def until(what: Any) -> None:
    async with asyncio.timeout(5):
        while not what():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "interruption",
    [Unavailable("x"), asyncio.CancelledError(), ConnectionError()],
    ids=["the edge is away", "gRPC cancelled its call", "no token"],
)
async def test_beats_go_on_over_a_new_stream(interruption: BaseException) -> None:
    client, ended = Client(interruption), []
    beats = reporter(client, ended)
    await until(lambda: client.seen)
    await beats.report(PlayerStatus(state=PlaybackState.PLAYING, position_ms=1000))
    await until(lambda: beats.acknowledged == 1)
    await beats.close()
    assert ended == []


@pytest.mark.parametrize("refusal", [NotFound, PermissionDenied])
async def test_a_session_that_is_not_ours_ends_the_beats(refusal: type[Fault]) -> None:
    ended: list[str] = []
    beats = reporter(Client(refusal("words")), ended)
    await until(lambda: ended)
    await beats.close()
    assert ended == [refusal.code]


async def test_a_takeover_is_told_once() -> None:
    ended: list[str] = []
    over = [
        ANSWER(session_end={"reason": "TAKEN_OVER", "message": "Kitchen"}),
        ANSWER(end=stream_ends.FINISHED.to_message()),
    ]
    beats = reporter(Client(over), ended)
    await until(lambda: ended)
    await beats.close()
    assert ended == ["TAKEN_OVER"]


async def test_beats_move_on_where_the_stream_ends_and_the_session_does_not() -> None:
    client, ended = Client([ANSWER(end=stream_ends.draining(0.0).to_message())]), []
    beats = reporter(client, ended)
    await until(lambda: client.seen)
    await beats.report(PlayerStatus(state=PlaybackState.PLAYING, position_ms=1000))
    await until(lambda: beats.acknowledged == 1)
    await beats.close()
    assert ended == []


async def test_a_revoked_sign_in_ends_the_beats() -> None:
    ended: list[str] = []
    beats = reporter(Client([ANSWER(end=stream_ends.TOKEN_REVOKED.to_message())]), ended)
    await until(lambda: ended)
    await beats.close()
    assert ended == ["TOKEN_REVOKED"]


async def test_a_token_that_cannot_be_renewed_stops_no_beat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_stream, "_RENEW_AGAIN_S", 0.02)
    client, ended = Client(), []
    beats = reporter(client, ended)
    await until(lambda: client.tokens == 1)
    client.token_fails = True
    await asyncio.sleep(0.06)
    await beats.report(PlayerStatus(state=PlaybackState.PLAYING, position_ms=1000))
    await until(lambda: beats.acknowledged == 1)
    client.token_fails = False
    await until(lambda: any(request.access_token == "fresh" for request in client.seen))
    await beats.close()
    assert ended == []
