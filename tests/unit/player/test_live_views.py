"""Live views over streams that end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from segue.playback.v1 import activity_service_pb2, playback_pb2, playback_service_pb2

from player.commands import live as live_views
from player.commands.live import live
from player.commands.outcome import CommandFailed

REASON = playback_pb2.SessionEnd.Reason


class Streams:
    """The streams that a server answers with, one after the other."""

    def __init__(self, *streams: list[Any]) -> None:
        self._streams = iter(streams)

    def __call__(self, request: Any, metadata: Any) -> Any:
        return Stream(next(self._streams))


class Stream:
    def __init__(self, answers: list[Any]) -> None:
        self._answers = answers

    async def __aiter__(self) -> AsyncIterator[Any]:
        for answer in self._answers:
            yield answer

    def cancel(self) -> None:
        """Nothing goes on."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, each time."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(live_views, "asyncio", SimpleNamespace(sleep=sleep))
    return waited


@pytest.fixture
def client() -> Any:
    async def metadata() -> tuple[tuple[str, str], ...]:
        return ()

    return SimpleNamespace(metadata=metadata)


def ends(answer: Any, reason: REASON.ValueType, after_ms: int | None = None) -> Any:
    """The last message of a stream of such answers."""
    last = answer(end=playback_pb2.SessionEnd(reason=reason))
    if after_ms is not None:
        last.reconnect_after.CopyFrom(Duration(nanos=after_ms * 1_000_000))
    return last


@pytest.mark.parametrize(
    "answer",
    [playback_service_pb2.WatchPlaybackResponse, activity_service_pb2.WatchActivityResponse],
)
async def test_a_view_comes_back_when_the_server_says(
    answer: Any, waits: list[float], client: Any
) -> None:
    streams = Streams(
        [answer(), ends(answer, REASON.DRAINING, 900)],
        [answer(), ends(answer, REASON.TOKEN_EXPIRED)],
        [answer(), ends(answer, REASON.TOKEN_REVOKED)],
    )
    seen = []
    with pytest.raises(CommandFailed):
        async for one in live(client, streams, None):
            seen.append(one)  # noqa: PERF401
    assert seen == [answer()] * 3
    assert waits == [0.9, 0.5]
