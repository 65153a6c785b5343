"""The HTTP face of identity: the keys of access tokens, discovery, and the process's health."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from edge.identity.ports.signing_keys import KeyPublisher
from meshkit.http_status import unrouted
from meshkit.scopes import operator_scopes, user_scopes

JWKS_PATH = "/oauth2/jwks.json"
_KEYS_KEPT = "public, max-age=60"


class Endpoints:
    """What is served over plain HTTP. ``healthy`` tells whether this process takes calls."""

    def __init__(
        self,
        keys: KeyPublisher,
        *,
        issuer: str,
        public_url: str | None,
        healthy: Callable[[], bool],
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._public_url = public_url
        self._healthy = healthy

    def app(self) -> ASGIApp:
        """The ASGI application."""
        app = Starlette(
            routes=[
                Route(JWKS_PATH, self.jwks),
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/healthz", self.health),
            ],
            exception_handlers={HTTPException: unrouted("GET", "HEAD")},
        )
        app.router.redirect_slashes = False
        return app

    async def jwks(self, request: Request) -> Response:
        """The JWK Set (RFC 7517) of every key whose tokens are good."""
        return JSONResponse(
            {"keys": self._keys.public_keys()},
            headers={"cache-control": _KEYS_KEPT},
            media_type="application/jwk-set+json",
        )

    async def discovery(self, request: Request) -> Response:
        """Where things are, as OpenID Connect Discovery 1.0 names them."""
        base = self._public_url or str(request.base_url)
        # An address taken from the request is good for the one who sent it alone.
        kept = _KEYS_KEPT if self._public_url else "no-store"
        return JSONResponse(
            {
                "issuer": self._issuer,
                "jwks_uri": base.rstrip("/") + JWKS_PATH,
                "id_token_signing_alg_values_supported": ["ES256"],
                "subject_types_supported": ["public"],
                "response_types_supported": [],
                "scopes_supported": [*user_scopes(), *operator_scopes()],
            },
            headers={"cache-control": kept},
        )

    async def health(self, request: Request) -> Response:
        """200 while this process takes calls, 503 when it drains."""
        healthy = self._healthy()
        return JSONResponse(
            {"status": "SERVING" if healthy else "NOT_SERVING"},
            status_code=200 if healthy else 503,
            headers={"cache-control": "no-store"},
        )
