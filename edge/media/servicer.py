"""The HTTP surface of the origin: ``/media/v1/…``, ``/healthz`` and ``/metrics``."""

from __future__ import annotations

import re
import time
from functools import partial

import prometheus_client
from segue.catalog.v1.asset_pb2 import StoredObject
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.media.domain import dash, hls
from edge.media.domain.deliveries import Part
from edge.media.guard import Guard
from edge.media.ports.delivery_ledger import DeliveryLedger
from edge.media.ports.object_store import ObjectMissing, ObjectStore
from edge.media.responses import manifest_response, object_response
from edge.media.usecases.open_asset import AssetOpener, OpenAsset
from meshkit.http_status import unrouted

_ASSET = "/media/v1/{capability}/{descriptor}"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IMAGE_TYPES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_MANIFEST_MAX_AGE_S = 3600


class MediaServicer:
    """Translates requests into what the use case answers, and answers into responses."""

    def __init__(self, opener: AssetOpener, objects: ObjectStore, ledger: DeliveryLedger) -> None:
        self._opener = opener
        self._objects = objects
        self._ledger = ledger
        self._draining = False

    def drain(self) -> None:
        """Tells whoever balances the load, by ``/healthz``, to send no more."""
        self._draining = True

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route(f"{_ASSET}/master.m3u8", self.master),
            Route(f"{_ASSET}/manifest.mpd", self.manifest),
            Route(f"{_ASSET}/{{rung}}/index.m3u8", self.media),
            Route(f"{_ASSET}/{{rung}}/init.mp4", self.init),
            Route(f"{_ASSET}/{{rung}}/{{number}}.m4s", self.segment),
            Route("/media/v1/artwork/{sha256}", self.artwork),
            Route("/healthz", self.health),
            Route("/metrics", metrics),
        ]
        return Starlette(
            routes=routes,
            middleware=[Middleware(Guard)],
            exception_handlers={HTTPException: unrouted("GET", "HEAD", "OPTIONS")},
        )

    async def master(self, request: Request) -> Response:
        """The HLS master playlist."""
        asset = await self._open(request)
        return self._manifest(request, asset, asset.master_playlist(), hls.CONTENT_TYPE)

    async def manifest(self, request: Request) -> Response:
        """The DASH manifest."""
        asset = await self._open(request)
        return self._manifest(request, asset, asset.manifest(), dash.CONTENT_TYPE)

    async def media(self, request: Request) -> Response:
        """The HLS media playlist of a rung."""
        asset = await self._open(request)
        text = asset.media_playlist(request.path_params["rung"])
        return self._manifest(request, asset, text, hls.CONTENT_TYPE)

    async def init(self, request: Request) -> Response:
        """The initialisation segment of a rung."""
        asset = await self._open(request)
        stored, part = asset.init(request.path_params["rung"])
        return await self._object(request, stored, part, content_type="audio/mp4", kind="init")

    async def segment(self, request: Request) -> Response:
        """A media segment of a rung."""
        asset = await self._open(request)
        stored, part = asset.segment(request.path_params["rung"], request.path_params["number"])
        return await self._object(
            request, stored, part, content_type="video/iso.segment", kind="segment"
        )

    async def artwork(self, request: Request) -> Response:
        """A cover, public and immutable."""
        sha256 = request.path_params["sha256"]
        if not _SHA256.fullmatch(sha256):
            raise ObjectMissing(sha256[:64])
        key = f"artwork/{sha256}"
        first = b"".join([part async for part in await self._objects.open(key, 0, 8)])
        content_type = next(
            (kind for magic, kind in _IMAGE_TYPES if first.startswith(magic)),
            "application/octet-stream",
        )
        return await object_response(
            self._objects, key, request.headers, content_type=content_type, kind="artwork"
        )

    async def health(self, request: Request) -> Response:
        """200 while it serves, 503 once it drains."""
        del request
        status = "NOT_SERVING" if self._draining else "SERVING"
        return JSONResponse({"status": status}, status_code=503 if self._draining else 200)

    async def _open(self, request: Request) -> OpenAsset:
        params = request.path_params
        return await self._opener.open(params["capability"], params["descriptor"])

    def _manifest(
        self, request: Request, asset: OpenAsset, text: str, content_type: str
    ) -> Response:
        left_s = max(0, int(asset.expires_at - time.time()))
        return manifest_response(
            text,
            request.headers,
            content_type=content_type,
            max_age_s=min(left_s, _MANIFEST_MAX_AGE_S),
            head=request.method == "HEAD",
        )

    async def _object(
        self,
        request: Request,
        stored: StoredObject,
        part: Part,
        *,
        content_type: str,
        kind: str,
    ) -> Response:
        return await object_response(
            self._objects,
            f"media/{stored.sha256.hex()}",
            request.headers,
            content_type=content_type,
            kind=kind,
            size=stored.size,
            sent=partial(self._ledger.record, part),
        )


async def metrics(request: Request) -> Response:
    """The process's metrics for Prometheus; the edge routes nothing here."""
    del request
    return Response(
        prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST
    )
