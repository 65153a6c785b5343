# ruff: noqa: D102 - the name of a test is its sentence
"""What every stream of a service must do at its end, for the streams that the contracts have.

A test module says how each of its streams is opened; it fails for one that the contracts have and
it does not::

    class TestStreamEnds(UserStreamEndSuite):
        package = "segue.catalog.v1"
        streams = {"ImportService.WatchImport": open_import, …}

        @pytest.fixture
        async def world(self, …): ...
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from segue.mesh.v1 import stream_end_pb2
from segue.mesh.v1.options_pb2 import MethodPolicy

from meshkit import contracts, feeds, feeds_postgres

REASON = stream_end_pb2.StreamEnd.Reason
SID = "SID-OF-STREAMS"
_WITHIN_S = 20.0


def streams_of(package: str = "") -> Mapping[str, MethodDescriptor]:
    """The RPCs that answer streams of events, by ``Service.Method``; files in pieces are none."""
    return {
        f"{service.name}.{method.name}": method
        for service in contracts.services()
        for method in service.methods
        if method.server_streaming
        and service.full_name.startswith(package)
        and method.output_type.full_name != "google.api.HttpBody"
    }


def feeds_of(package: str = "") -> Mapping[str, MethodDescriptor]:
    """Those of them that are change feeds: other services consume them from a token on."""
    return {
        name: method
        for name, method in streams_of(package).items()
        if contracts.contract_of(method).access == MethodPolicy.INTERNAL
        and "resume_token" in method.input_type.fields_by_name
    }


class World(Protocol):
    """The service under test."""

    async def drain(self) -> None:
        """Drains its server."""
        ...

    def revoke(self, sid: str) -> None:
        """Revokes a sign-in, as the feed of identity would have it."""
        ...

    def metadata(self, *, life_s: float = 300) -> Any:
        """Call metadata with a token of the sign-in ``SID``, which lives that long."""
        ...


Opener = Callable[[Any, Any], Awaitable[Any]]
"""Opens a stream of the world with call metadata; the call stays open by itself."""


class StreamEndSuite:
    """Drain, over every stream of a package in which no stream is a user's; quiet feeds."""

    package: ClassVar[str]
    streams: ClassVar[Mapping[str, Opener]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each stream; for each of users where a token is needed."""
        if "of_user" in metafunc.fixturenames:
            metafunc.parametrize("of_user", self._of_users())
        elif "stream" in metafunc.fixturenames:
            metafunc.parametrize("stream", sorted(self.streams))

    def _of_users(self) -> Sequence[str]:
        found = streams_of(self.package).items()
        return sorted(
            name
            for name, method in found
            if contracts.contract_of(method).access == MethodPolicy.USER
        )

    def test_every_stream_of_the_contracts_is_tried(self) -> None:
        assert set(self.streams) == set(streams_of(self.package))
        assert bool(self._of_users()) == isinstance(self, UserStreamEndSuite)

    async def test_a_drain_is_told_with_the_time_to_come_back(
        self, world: World, stream: str
    ) -> None:
        call = await self._opened(world, stream, world.metadata())
        draining = asyncio.create_task(world.drain())
        end = await ended(call)
        await draining
        assert REASON.Name(end.reason) == "DRAINING"
        assert end.HasField("reconnect_after")

    async def test_a_feed_that_has_told_everything_says_so_and_keeps_its_place(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feeds, "CAUGHT_UP_EVERY_S", 0.05)
        monkeypatch.setattr(feeds_postgres, "_IDLE_POLL_S", 0.05)
        for feed in feeds_of(self.package):
            opened_at, token = time.time(), ""
            call = await self._opened(world, feed, world.metadata())
            async with asyncio.timeout(_WITHIN_S):
                while not (answer := await call.read()).HasField("caught_up_at"):
                    token = answer.resume_token
            assert opened_at <= answer.caught_up_at.ToNanoseconds() / 1e9 <= time.time(), feed
            assert answer.resume_token, feed
            assert token in ("", answer.resume_token), feed
            call.cancel()

    async def _opened(self, world: World, stream: str, metadata: Any) -> Any:
        call = await self.streams[stream](world, metadata)
        await call.wait_for_connection()
        return call


class UserStreamEndSuite(StreamEndSuite):
    """Drain, and the token's end and revocation over those of the streams that are a user's."""

    async def test_the_end_of_the_token_is_told(self, world: World, of_user: str) -> None:
        call = await self._opened(world, of_user, world.metadata(life_s=2))
        end = await ended(call)
        assert REASON.Name(end.reason) == "TOKEN_EXPIRED"
        assert end.HasField("reconnect_after")

    async def test_a_revocation_is_told(self, world: World, of_user: str) -> None:
        call = await self._opened(world, of_user, world.metadata())
        world.revoke(SID)
        end = await ended(call)
        assert REASON.Name(end.reason) == "TOKEN_REVOKED"
        assert not end.HasField("reconnect_after")


async def ended(call: Any) -> stream_end_pb2.StreamEnd:
    """Why a stream ended; it must say so in its last message, in words too, and end with OK."""
    answers: list[Message] = []
    async with asyncio.timeout(_WITHIN_S):
        while (answer := await call.read()) is not grpc.aio.EOF:
            answers.append(answer)
        assert await call.code() is grpc.StatusCode.OK
    assert [answer.HasField("end") for answer in answers].index(True) == len(answers) - 1
    end: stream_end_pb2.StreamEnd = answers[-1].end  # type: ignore[attr-defined]
    assert end.message
    return end
