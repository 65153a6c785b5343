"""Streams are followed over their ends, from where they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from segue.playlist.v1 import playlist_service_pb2

from meshkit import stream_ends
from meshkit.faults import NotFound, Unavailable
from meshkit.stream_ends import Reason, StreamEnd, StreamEnded
from player.commands import following
from player.commands.following import followed

DELETED = StreamEnd(Reason.DELETED, "The playlist was deleted.")


class ScriptedWatches:
    """Answers one script a call: messages, then perhaps an error."""

    def __init__(self, *scripts: list[Any]) -> None:
        self._scripts = list(scripts)
        self.tokens: list[str] = []
        self.asked_metadata = 0

    async def metadata(self) -> tuple[tuple[str, str], ...]:
        self.asked_metadata += 1
        return ()

    async def watch(self, request: Any, metadata: Any) -> AsyncIterator[Any]:
        self.tokens.append(request.resume_token)
        for step in self._scripts.pop(0):
            if isinstance(step, Exception):
                raise step
            yield step


def step(token: str, end: StreamEnd | None = None) -> Any:
    message = end.to_message() if end else None
    return playlist_service_pb2.WatchPlaylistResponse(resume_token=token, end=message)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, each time."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(following.asyncio, "sleep", sleep)
    return waited


async def seen(client: Any, tokens: list[str]) -> None:
    request = playlist_service_pb2.WatchPlaylistRequest()
    async for answer in followed(client, client.watch, request):
        tokens.append(answer.resume_token)  # noqa: PERF401


async def test_a_watch_goes_on_where_it_was_cut_drained_or_out_of_token(
    waits: list[float],
) -> None:
    client = ScriptedWatches(
        [step("1"), step("2"), Unavailable("cut")],
        [step("3"), step("4", StreamEnd(Reason.DRAINING, "", 0.9))],
        [step("5"), step("", stream_ends.TOKEN_EXPIRED)],
        [step("6"), step("7", stream_ends.unavailable(2.0))],
        [step("8"), step("9", DELETED)],
    )
    tokens: list[str] = []
    with pytest.raises(StreamEnded, match="deleted"):
        await seen(client, tokens)
    assert tokens == ["1", "2", "3", "5", "6", "8"]
    assert client.tokens == ["", "2", "4", "5", "7"]
    assert client.asked_metadata == 5
    assert waits == [0.5, 0.9, 0.5, 2.0]


async def test_a_watch_of_what_was_told_to_its_end_ends() -> None:
    tokens: list[str] = []
    await seen(ScriptedWatches([step("1"), step("1", stream_ends.FINISHED)]), tokens)
    assert tokens == ["1"]


@pytest.mark.parametrize("end", [stream_ends.TOKEN_REVOKED, StreamEnd(Reason.TAKEN_OVER, "Over.")])
async def test_whoever_is_not_wanted_back_stays_away(end: StreamEnd) -> None:
    with pytest.raises(StreamEnded) as ended:
        await seen(ScriptedWatches([step("1"), step("1", end)]), [])
    assert ended.value.reason == end.reason


async def test_a_watch_ends_with_the_fault_that_no_retry_mends() -> None:
    client = ScriptedWatches([step("1"), NotFound("gone")])
    with pytest.raises(NotFound, match="gone"):
        await seen(client, [])
