"""Imports on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

from catalog_svc import convert
from catalog_svc.domain.imports import FileState
from catalog_svc.usecases.follow_import import FollowImport
from catalog_svc.usecases.start_import import StartImport
from meshkit.faults import InvalidArgument
from meshkit.idempotency import request_key
from meshkit.paging import Page, SortKey, foreign_token
from meshkit.principal import Principal, current_principal
from meshkit.server_context import Context

# A revocation is heard of, not waited for: how soon it ends a watch.
_LOOK_AGAIN_S = 0.5
_SERVICE = "/segue.catalog.v1.ImportService/"


class ImportServicer(pb_grpc.ImportServiceServicer):
    """``ImportService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self,
        start: StartImport,
        follow: FollowImport,
        *,
        draining: asyncio.Event,
        is_revoked: Callable[[str], bool],
    ) -> None:
        self._start = start
        self._follow = follow
        self._draining = draining
        self._is_revoked = is_revoked

    async def CreateImport(
        self, request: pb.CreateImportRequest, context: Context
    ) -> pb.CreateImportResponse:
        """See the contract."""
        principal = current_principal()
        key = request_key(principal.user_id, _SERVICE + "CreateImport", request)
        run = await self._start(request.path, key)
        return pb.CreateImportResponse(import_run=convert.import_run(run))

    async def GetImport(
        self, request: pb.GetImportRequest, context: Context
    ) -> pb.GetImportResponse:
        """See the contract."""
        run = await self._follow.get(request.id)
        return pb.GetImportResponse(import_run=convert.import_run(run))

    async def ListImportFiles(
        self, request: pb.ListImportFilesRequest, context: Context
    ) -> pb.ListImportFilesResponse:
        """See the contract."""
        page = Page.of(_SERVICE + "ListImportFiles", request)
        after = _after(page.after)
        found = await self._follow.files(
            request.id, states=_states(request), after=after, limit=page.size + 1
        )
        shown, token = page.cut(found, lambda file: (file.path.hex(),))
        return pb.ListImportFilesResponse(
            files=map(convert.import_file, shown), next_page_token=token
        )

    async def WatchImport(
        self, request: pb.WatchImportRequest, context: Context
    ) -> AsyncIterator[pb.WatchImportResponse]:
        """See the contract."""
        stop = asyncio.Event()
        ends = _Ends(stop, self._draining, current_principal(), self._is_revoked)
        watching = asyncio.ensure_future(ends.wait())
        last = None
        try:
            async for run in self._follow.watch(request.id, stop=stop):
                last = convert.import_run(run)
                end = pb.WatchImportResponse.FINISHED if run.finished else ends.none
                yield pb.WatchImportResponse(import_run=last, end=end)
                if run.finished:
                    return
        finally:
            watching.cancel()
        yield pb.WatchImportResponse(import_run=last, end=ends.reason)


class _Ends:
    """Sets ``stop`` when the server drains or the user's token ends, and knows which it was."""

    none = pb.WatchImportResponse.END_UNSPECIFIED

    def __init__(
        self,
        stop: asyncio.Event,
        draining: asyncio.Event,
        principal: Principal,
        is_revoked: Callable[[str], bool],
    ) -> None:
        self._stop = stop
        self._draining = draining
        self._principal = principal
        self._is_revoked = is_revoked
        self.reason = pb.WatchImportResponse.DRAINING

    async def wait(self) -> None:
        """Until one of them."""
        while not self._draining.is_set():
            if self._is_revoked(self._principal.sid):
                self.reason = pb.WatchImportResponse.TOKEN_REVOKED
                break
            left_s = self._principal.expires_at - time.time()
            if left_s <= 0:
                self.reason = pb.WatchImportResponse.TOKEN_EXPIRED
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, _LOOK_AGAIN_S)):
                    await self._draining.wait()
        self._stop.set()


def _states(request: pb.ListImportFilesRequest) -> list[FileState]:
    known = {int(state) for state in FileState}
    if any(state not in known for state in request.state):
        raise InvalidArgument.field("state", "must be states of files")
    return [FileState(state) for state in request.state]


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
