"""Every write of playlists honours its request_id: a retry gets the first answer, and the same id
with another body is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from segue.mesh.v1 import options_pb2

from meshkit.contracts import contract_of, services
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.schema import SCHEMA
from tests.rpc.playlist.rights_stage import Stage, set_up
from tests.rpc.playlist.sharing_harness import Instance, Shared, an_instance
from tests.rpc.playlist.test_rights import BEFORE, PLAYLIST, REQUESTS, ROWS

WRITES = sorted(
    f"{service.name}/{method.name}"
    for service in services()
    if service.full_name.startswith("segue.playlist.")
    for method in service.methods
    if contract_of(method).access != options_pb2.MethodPolicy.Access.INTERNAL
    and not contract_of(method).read_only
    and not method.server_streaming
)
CODE_IS_TOLD_ONCE = "SharingService/CreateShare"


@pytest.fixture(scope="module")
async def whole(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Instance]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(Shared.of(dsn, tls)) as instance:
            yield instance


def row_of(method: str) -> str:
    return next(row for row in ROWS if "/".join(row.split("/")[:2]) == method)


async def a_stage(whole: Instance, row: str) -> tuple[Stage, dict[str, Any]]:
    """A caller whose call succeeds, and what is asked for."""
    column = next(column for column, cell in ROWS[row].items() if cell == "ok")
    stage = await set_up(whole, column)
    if row in BEFORE:
        await BEFORE[row](stage)
    return stage, REQUESTS.get(row, PLAYLIST)(stage)


def otherwise(fields: dict[str, Any]) -> dict[str, Any]:
    """The same request about something else."""
    name = "user_id" if "user_id" in fields else next(iter(fields))
    match fields[name]:
        case list(ids):
            return {**fields, name: [*ids, new_id()]}
        case str(text) if name.endswith("_id"):
            return {**fields, name: new_id() if text else ""}
        case str(text):
            return {**fields, name: f"{text}x"}
        case dict():
            return {**fields, name: {"followers": "NOBODY"}}
        case other:
            raise AssertionError(f"nothing is known to stand instead of {other!r}")


def test_all_writes_are_asked() -> None:
    assert len(WRITES) > 25
    assert CODE_IS_TOLD_ONCE in WRITES


@pytest.mark.parametrize("method", WRITES)
async def test_a_retry_gets_the_first_answer(whole: Instance, method: str) -> None:
    stage, fields = await a_stage(whole, row_of(method))
    calls = [stage.call(method, **fields, request_id="once") for _ in range(2)]
    answers: list[Message] = [*await asyncio.gather(*calls)]
    answers.append(await stage.call(method, **fields, request_id="once"))
    if method == CODE_IS_TOLD_ONCE:
        assert sorted(bool(answer.code) for answer in answers) == [False, False, True]  # type: ignore[attr-defined]
        answers = [answer.share for answer in answers]  # type: ignore[attr-defined]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("method", WRITES)
async def test_a_used_request_id_with_another_body_is_refused(whole: Instance, method: str) -> None:
    stage, fields = await a_stage(whole, row_of(method))
    await stage.call(method, **fields, request_id="once")
    assert await stage.outcome(method, **otherwise(fields), request_id="once") == (
        "REQUEST_ID_REUSED"
    )


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("request_id", ["x" * 129, "two words", "ö"])
async def test_what_is_no_request_id_is_refused(
    whole: Instance, method: str, request_id: str
) -> None:
    stage, fields = await a_stage(whole, row_of(method))
    assert await stage.outcome(method, **fields, request_id=request_id) == "wrong"


async def test_a_late_retry_of_a_deletion_deletes_nothing_again(whole: Instance) -> None:
    stage = await set_up(whole, "owner")
    named = {"playlist_id": stage.playlist_id}
    await stage.call("PlaylistService/DeletePlaylist", **named, request_id="once")
    await stage.call("PlaylistService/RecoverPlaylist", **named)
    await stage.call("PlaylistService/DeletePlaylist", **named, request_id="once")
    assert await stage.outcome("PlaylistService/GetPlaylist", **named) == "ok"


async def test_who_was_let_in_by_a_link_is_told_so_after_its_end(whole: Instance) -> None:
    stage = await set_up(whole, "private")
    accept = {"code": stage.invitation, "request_id": "once"}
    first = await stage.call("SharingService/AcceptShare", **accept)
    shares = await whole.call(
        "SharingService/ListShares", stage.owner, playlist_id=stage.playlist_id
    )
    for share in shares.shares:
        named = {"playlist_id": stage.playlist_id, "share_id": share.share_id}
        await whole.call("SharingService/RevokeShare", stage.owner, **named)  # type: ignore[arg-type]
    assert await stage.call("SharingService/AcceptShare", **accept) == first
    assert await stage.outcome("SharingService/AcceptShare", code=stage.invitation) == "invalid"


async def test_a_late_retry_of_a_block_cuts_no_tie_that_came_after_it(whole: Instance) -> None:
    stage, guest = await set_up(whole, "owner"), new_id()
    block = {"user_id": guest, "request_id": "once"}
    await stage.call("SocialService/BlockUser", **block)
    await stage.call("SocialService/UnblockUser", user_id=guest)
    member = {"playlist_id": stage.playlist_id, "user_id": guest, "role": "VIEWER"}
    await stage.call("SharingService/SetCollaborator", **member)
    await stage.call("SocialService/Follow", user_ids=[guest])
    await stage.call("SocialService/BlockUser", **block)
    relation = await stage.call("SocialService/GetRelation", user_id=guest)
    assert (relation.blocking, relation.following) == (False, True)
    listed = await stage.call("SharingService/ListCollaborators", playlist_id=stage.playlist_id)
    assert guest in {each.user.user_id for each in listed.collaborators}


async def test_a_role_is_told_as_it_was_given_first(whole: Instance) -> None:
    stage, guest = await set_up(whole, "owner"), new_id()
    member = {"playlist_id": stage.playlist_id, "user_id": guest}
    giving = {**member, "role": "VIEWER", "request_id": "once"}
    first = await stage.call("SharingService/SetCollaborator", **giving)
    await stage.call("SharingService/SetCollaborator", **member, role="EDITOR")
    assert await stage.call("SharingService/SetCollaborator", **giving) == first
    listed = await stage.call("SharingService/ListCollaborators", playlist_id=stage.playlist_id)
    roles = {each.user.user_id: each.role for each in listed.collaborators}
    assert roles[guest] != first.collaborator.role
