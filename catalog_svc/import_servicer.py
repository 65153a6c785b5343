"""Imports on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

from catalog_svc import convert
from catalog_svc.domain.imports import FileState
from catalog_svc.usecases.follow_import import FollowImport
from catalog_svc.usecases.start_import import StartImport
from meshkit.faults import InvalidArgument
from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context

_SERVICE = "/segue.catalog.v1.ImportService/"


class ImportServicer(pb_grpc.ImportServiceServicer):
    """``ImportService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self, start: StartImport, follow: FollowImport, *, draining: asyncio.Event
    ) -> None:
        self._start = start
        self._follow = follow
        self._draining = draining

    async def CreateImport(
        self, request: pb.CreateImportRequest, context: Context
    ) -> pb.CreateImportResponse:
        """See the contract."""
        principal = current_principal()
        key = request_key(principal.user_id, _SERVICE + "CreateImport", request)
        run = await self._start(request.path, key)
        return pb.CreateImportResponse(**{"import": convert.import_run(run)})

    async def GetImport(
        self, request: pb.GetImportRequest, context: Context
    ) -> pb.GetImportResponse:
        """See the contract."""
        run = await self._follow.get(request.id)
        return pb.GetImportResponse(**{"import": convert.import_run(run)})

    async def ListImportFiles(
        self, request: pb.ListImportFilesRequest, context: Context
    ) -> pb.ListImportFilesResponse:
        """See the contract."""
        page = Page.of(_SERVICE + "ListImportFiles", request)
        after = bytes.fromhex(str(page.after[0])) if page.after else None
        found = await self._follow.files(
            request.id, states=_states(request), after=after, limit=page.size + 1
        )
        shown = found[: page.size]
        more = len(found) > page.size
        return pb.ListImportFilesResponse(
            files=map(convert.import_file, shown),
            next_page_token=page.next_token((shown[-1].path.hex(),)) if more else "",
        )

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.WatchImportResponse]:
        """See the contract."""
        stop = asyncio.Event()
        ends = _Ends(stop, self._draining, current_principal().expires_at)
        watching = asyncio.ensure_future(ends.wait())
        last = None
        try:
            async for run in self._follow.watch(request.id, stop=stop):
                last = convert.import_run(run)
                end = pb.WatchImportResponse.FINISHED if run.finished else ends.none
                yield pb.WatchImportResponse(**{"import": last}, end=end)
                if run.finished:
                    return
        finally:
            watching.cancel()
        yield pb.WatchImportResponse(**{"import": last}, end=ends.reason)


class _Ends:
    """Sets ``stop`` when the server drains or the token expires, and knows which it was."""

    none = pb.WatchImportResponse.END_UNSPECIFIED

    def __init__(self, stop: asyncio.Event, draining: asyncio.Event, expires_at: float) -> None:
        self._stop = stop
        self._draining = draining
        self._expires_at = expires_at
        self.reason = pb.WatchImportResponse.DRAINING

    async def wait(self) -> None:
        """Until one of the two."""
        try:
            async with asyncio.timeout(max(0.0, self._expires_at - time.time())):
                await self._draining.wait()
        except TimeoutError:
            self.reason = pb.WatchImportResponse.TOKEN_EXPIRED
        self._stop.set()


def _states(request: pb.ListImportFilesRequest) -> list[FileState]:
    known = {int(state) for state in FileState}
    if any(state not in known for state in request.state):
        raise InvalidArgument.field("state", "must be states of files")
    return [FileState(state) for state in request.state]
