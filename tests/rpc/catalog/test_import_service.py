"""``ImportService`` behind a real server, over the memory stores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1.catalog_service_pb2_grpc import ImportServiceStub
from segue.mesh.v1.stream_end_pb2 import StreamEnd

from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.faults import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)
from meshkit.testing.rpc import ServedMesh, refused
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import ROOT, CatalogueStores, found, memory_stores, tagged
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled


@dataclass
class Imports:
    """The service under test and what is behind it."""

    mesh: ServedMesh
    stores: CatalogueStores
    music: Path

    @property
    def stub(self) -> ImportServiceStub:
        return ImportServiceStub(self.mesh.channel("edge"))

    async def create(self, path: Path | str, request_id: str = "") -> catalog_pb2.Import:
        """The answer to CreateImport."""
        request = pb.CreateImportRequest(path=str(path), request_id=request_id)
        answer = await self.stub.CreateImport(request, metadata=self.mesh.token())
        return run_of(answer)


@pytest.fixture
async def imports(tmp_path: Path) -> AsyncIterator[Imports]:
    music = tmp_path / "music"
    await asyncio.to_thread(music.mkdir)
    store = MemoryStore()
    async with assembled(tmp_path, store, import_roots=[music]) as mesh:
        yield Imports(mesh, memory_stores(store), music)


def run_of(
    answer: pb.CreateImportResponse | pb.GetImportResponse | pb.WatchImportResponse,
) -> catalog_pb2.Import:
    """The run in an answer, whose field has the name of a keyword."""
    run = answer.import_run
    assert isinstance(run, catalog_pb2.Import)
    return run


async def test_an_import_begins_by_scanning(imports: Imports) -> None:
    run = await imports.create(imports.music)
    assert (run.state, run.path) == (catalog_pb2.Import.SCANNING, str(imports.music))
    answer = await imports.stub.GetImport(
        pb.GetImportRequest(id=run.id), metadata=imports.mesh.token()
    )
    assert run_of(answer) == run


async def test_a_retry_makes_no_second_import(imports: Imports) -> None:
    first = await imports.create(imports.music, "once")
    assert await imports.create(imports.music, "once") == first
    inside = imports.music / "inside"
    await asyncio.to_thread(inside.mkdir)
    fault = await refused(imports.create(inside, "once"))
    assert fault.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("path", ["", "music", "./music", "/mus\0ic"])
async def test_a_path_that_is_not_absolute_is_refused(imports: Imports, path: str) -> None:
    fault = await refused(imports.create(path))
    assert isinstance(fault, InvalidArgument)
    assert [violation.field for violation in fault.violations] == ["path"]


async def test_a_path_outside_the_roots_is_refused(imports: Imports) -> None:
    link = imports.music / "link"
    os.symlink("/etc", link)
    outside = [
        imports.music.parent,
        "/etc",
        link,
        f"{imports.music}/../ca.pem",
        f"{imports.music}2",
    ]
    for path in outside:
        fault = await refused(imports.create(str(path)))
        assert isinstance(fault, PermissionDenied)
        assert fault.reason == "IMPORT_PATH_NOT_ALLOWED"


async def test_a_path_that_is_not_there_is_refused(imports: Imports) -> None:
    fault = await refused(imports.create(imports.music / "missing"))
    assert isinstance(fault, FailedPrecondition)
    assert fault.reason == "IMPORT_PATH_UNREADABLE"


async def test_an_unknown_import_is_not_found(imports: Imports) -> None:
    token, unknown = imports.mesh.token(), new_id()
    get = imports.stub.GetImport(pb.GetImportRequest(id=unknown), metadata=token)
    files = imports.stub.ListImportFiles(pb.ListImportFilesRequest(id=unknown), metadata=token)
    for call in (get, files):
        assert isinstance(await refused(call), NotFound)
    bad = imports.stub.GetImport(pb.GetImportRequest(id="x"), metadata=token)
    assert isinstance(await refused(bad), InvalidArgument)


async def test_imports_need_their_scope(imports: Imports) -> None:
    token = imports.mesh.token(scopes=["catalog.read"])
    request = pb.CreateImportRequest(path=str(imports.music))
    fault = await refused(imports.stub.CreateImport(request, metadata=token))
    assert fault.reason == "SCOPE_MISSING"


async def test_files_are_listed_by_path_and_state(imports: Imports) -> None:
    import_id = await imports.stores.scanned(
        found("b.flac", tagged()),
        found("a\udcff.mp3", reason="the file is empty", remember=True),
    )
    token = imports.mesh.token()
    request = pb.ListImportFilesRequest(id=import_id, page_size=1)
    first = await imports.stub.ListImportFiles(request, metadata=token)
    assert [(file.path, file.reason) for file in first.files] == [
        ("a\ufffd.mp3", "the file is empty")
    ]
    request.page_token = first.next_page_token
    second = await imports.stub.ListImportFiles(request, metadata=token)
    assert [file.path for file in second.files] == ["b.flac"]
    assert not second.next_page_token
    states = [catalog_pb2.ImportFile.PENDING]
    only = pb.ListImportFilesRequest(id=import_id, states=states)
    pending = await imports.stub.ListImportFiles(only, metadata=token)
    assert [file.path for file in pending.files] == ["b.flac"]


async def test_a_watch_ends_with_the_import(imports: Imports) -> None:
    import_id = await imports.stores.started()
    request = pb.WatchImportRequest(id=import_id)
    seen: list[pb.WatchImportResponse] = []
    async for step in imports.stub.WatchImport(request, metadata=imports.mesh.token()):
        seen.append(step)
        if len(seen) == 1:
            refused = found("a.mp3", reason="the file is empty")
            await imports.stores.scans.record(import_id, ROOT, [refused])
            await imports.stores.scans.finish_scan(import_id)
    assert [step.WhichOneof("event") for step in seen] == ["import_run"] * (len(seen) - 1) + ["end"]
    assert run_of(seen[0]).state == catalog_pb2.Import.SCANNING
    assert run_of(seen[-2]).state == catalog_pb2.Import.DONE
    assert run_of(seen[-2]).files_failed == 1
    assert seen[-1].end.reason == StreamEnd.FINISHED
    assert not seen[-1].end.HasField("reconnect_after")


async def test_a_finished_import_is_told_once(imports: Imports) -> None:
    import_id = await imports.stores.scanned()
    request = pb.WatchImportRequest(id=import_id)
    watch = imports.stub.WatchImport(request, metadata=imports.mesh.token())
    assert [step.WhichOneof("event") async for step in watch] == ["import_run", "end"]


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_that_the_caller_made_is_refused(imports: Imports, body: bytes) -> None:
    import_id = await imports.stores.scanned(found("b.flac", tagged()))
    request = pb.ListImportFilesRequest(id=import_id)
    request.page_token = forged("/segue.catalog.v1.ImportService/ListImportFiles", request, body)
    call = imports.stub.ListImportFiles(request, metadata=imports.mesh.token())
    assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def test_imports_are_listed_the_newest_first(imports: Imports) -> None:
    made = [(await imports.create(imports.music)).id for _ in range(3)]
    token = imports.mesh.token()
    request = pb.ListImportsRequest(page_size=2)
    first = await imports.stub.ListImports(request, metadata=token)
    request.page_token = first.next_page_token
    rest = await imports.stub.ListImports(request, metadata=token)
    assert [run.id for run in (*first.imports, *rest.imports)] == made[::-1]
    assert not rest.next_page_token
