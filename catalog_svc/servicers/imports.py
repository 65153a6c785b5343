"""Imports on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

from catalog_svc import convert
from catalog_svc.domain.imports import FileState
from catalog_svc.servicers.places import newest_after, newest_key
from catalog_svc.usecases.imports import CreateImport, ReadImports
from meshkit.idempotency import request_key
from meshkit.paging import Page, SortKey, foreign_token
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.stream_ends import OpenStream
from meshkit.streams import OpenStreams


class ImportServicer(pb_grpc.ImportServiceServicer):
    """``ImportService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self,
        create_import: CreateImport,
        read: ReadImports,
        *,
        streams: OpenStreams,
    ) -> None:
        self._create_import = create_import
        self._read = read
        self._streams = streams

    async def CreateImport(
        self, request: pb.CreateImportRequest, context: Context
    ) -> pb.CreateImportResponse:
        key = request_key(request)
        run = await self._create_import(request.path, key)
        return pb.CreateImportResponse(import_run=convert.import_run(run))

    async def GetImport(
        self, request: pb.GetImportRequest, context: Context
    ) -> pb.GetImportResponse:
        run = await self._read.get_import(request.id)
        return pb.GetImportResponse(import_run=convert.import_run(run))

    async def ListImports(
        self, request: pb.ListImportsRequest, context: Context
    ) -> pb.ListImportsResponse:
        page = Page.of(request)
        found = await self._read.list_imports(after=newest_after(page.after), limit=page.size + 1)
        shown, token = page.cut(found, newest_key)
        return pb.ListImportsResponse(imports=map(convert.import_run, shown), next_page_token=token)

    async def ListImportFiles(
        self, request: pb.ListImportFilesRequest, context: Context
    ) -> pb.ListImportFilesResponse:
        page = Page.of(request)
        after = _after(page.after)
        found = await self._read.list_import_files(
            request.id,
            states=list(map(FileState, request.states)),
            after=after,
            limit=page.size + 1,
        )
        shown, token = page.cut(found, lambda file: (file.path.hex(),))
        return pb.ListImportFilesResponse(
            files=map(convert.import_file, shown), next_page_token=token
        )

    def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.WatchImportResponse]:
        async def steps(stream: OpenStream) -> AsyncGenerator[pb.WatchImportResponse, None]:
            async for run in self._read.watch_import(request.id, stop=stream.stop):
                yield pb.WatchImportResponse(import_run=convert.import_run(run))

        principal = current_principal()
        return self._streams.told(pb.WatchImportResponse, steps, principal=principal)


def _after(after: SortKey | None) -> bytes | None:
    """The path after which the page begins."""
    match after:
        case None:
            return None
        case (str(path),):
            try:
                return bytes.fromhex(path)
            except ValueError:
                raise foreign_token() from None
        case _:
            raise foreign_token()
