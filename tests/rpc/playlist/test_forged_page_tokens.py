"""Every list RPC of the service answers page tokens that callers made with PAGE_TOKEN_INVALID."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from meshkit.contracts import contract_of, services
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.schema import SCHEMA
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.playlist.harness import refused
from tests.rpc.playlist.rights_stage import Stage, set_up
from tests.rpc.playlist.sharing_harness import MESSAGES, Shared, an_instance

LISTS = [
    f"{service.name}/{method.name}"
    for service in services()
    if service.full_name.startswith("segue.playlist.")
    for method in service.methods
    if "page_token" in method.input_type.fields_by_name
    and "edge" in contract_of(method).allowed_callers
]


@pytest.fixture
async def stage(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Stage]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(Shared.of(dsn, tls)) as instance:
            yield await set_up(instance, "owner")


def request_of(stage: Stage, method: str) -> Any:
    """A request of the owner that is answered."""
    service, _, name = method.partition("/")
    request = getattr(MESSAGES[service][0], f"{name}Request")()
    fields = {
        "playlist_id": stage.playlist_id,
        "user_id": stage.owner,
        "from_snapshot_id": stage.snapshot_id,
    }
    for field in fields.keys() & request.DESCRIPTOR.fields_by_name.keys():
        setattr(request, field, fields[field])
    return request


async def call(stage: Stage, method: str, body: bytes) -> Any:
    request = request_of(stage, method)
    token = forged(f"/segue.playlist.v1.{method}", request, body)
    fields = {descriptor.name: value for descriptor, value in request.ListFields()}
    return await stage.call(method, page_token=token, **fields)


def test_there_are_lists() -> None:
    assert len(LISTS) >= 12


@pytest.mark.parametrize("method", LISTS)
async def test_what_no_list_said_is_refused(stage: Stage, method: str) -> None:
    for body in (*FOREIGN, b'[1,1,"zz"]', f'[1,1,"{new_id()}"]'.encode(), b'[1,"zz"]'):
        assert (await refused(call(stage, method, body))).reason == "PAGE_TOKEN_INVALID", body


@pytest.mark.parametrize("method", ["PlaylistService/ListTracks", "SnapshotService/DiffSnapshots"])
async def test_a_version_is_pinned_by_its_own_revision_alone(stage: Stage, method: str) -> None:
    await stage.call(
        "PlaylistService/AddTracks", playlist_id=stage.playlist_id, track_ids=[stage.track_id]
    )
    await call(stage, method, f'[1,1,"{stage.snapshot_id}"]'.encode())
    fault = await refused(call(stage, method, f'[2,1,"{stage.snapshot_id}"]'.encode()))
    assert fault.reason == "PAGE_TOKEN_INVALID"
