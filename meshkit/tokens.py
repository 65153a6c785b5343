"""Verifies access tokens: ES256 JWTs against the keys that the issuer tells."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from segue.identity.v1.identity_internal_service_pb2 import GetKeySetRequest
from segue.identity.v1.identity_internal_service_pb2_grpc import TokenInternalServiceStub

from meshkit.deadline import budget
from meshkit.faults import Unauthenticated, Unavailable
from meshkit.principal import Principal

AUDIENCE = "segue"
CLOCK_SKEW_S = 2.0
_REFRESH_S = 30.0
_RETRY_S = 1.0
_READ_TIMEOUT_S = 2.0
_CACHED_TOKENS = 10_000
_LONGEST_TOKEN = 4096

_log = structlog.get_logger("tokens")


KeyReader: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
"""Reads the issuer's JWK Set. It must know whom it asks: whoever tells the keys makes the users."""


def identity_keys(stub: TokenInternalServiceStub) -> KeyReader:
    """The keys that identity tells, over a channel whose peer proves to be identity."""

    async def read() -> Mapping[str, Any]:
        answer = await stub.GetKeySet(GetKeySetRequest(), timeout=_READ_TIMEOUT_S)
        keys: dict[str, Any] = json.loads(answer.key_set)
        return keys

    return read


class TokenVerifier:
    """Verifies bearer tokens without asking anyone, by keys that are read in the background.

    Needs no issuer in order to start: until the keys were read once, verification waits for them
    within the caller's deadline and then fails as UNAVAILABLE. Keys stay valid while the issuer is
    down.
    """

    def __init__(self, read_keys: KeyReader, issuer: str, audience: str = AUDIENCE) -> None:
        self._read_keys = read_keys
        self._keys: KeySet | None = None
        self._arrived = asyncio.Event()
        self._asked = asyncio.Event()
        self._claims = jwt.JWTClaimsRegistry(
            leeway=int(CLOCK_SKEW_S),
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
            sid={"essential": True},
        )
        self._verified: OrderedDict[str, Principal] = OrderedDict()
        # Sign-ins and users alike: no ULID is both.
        self._revoked: dict[str, float] = {}

    async def run(self) -> None:
        """Keeps the keys fresh until it is cancelled; the server runs it beside itself."""
        while True:
            try:
                self._keys = KeySet.import_key_set(await self._read_keys())  # type: ignore[arg-type]
                self._arrived.set()
                wait_s = _REFRESH_S
            except Exception as error:  # noqa: BLE001 - nobody else would read the keys again
                _log.warning("keys of access tokens not read", error=type(error).__name__)
                wait_s = _RETRY_S
            self._asked.clear()
            await self._sleep(wait_s)

    async def _sleep(self, wait_s: float) -> None:
        """Until ``wait_s`` are over or an unknown key asks for a reading, one a second at most."""
        await asyncio.sleep(_RETRY_S)
        try:
            async with asyncio.timeout(max(0.0, wait_s - _RETRY_S)):
                await self._asked.wait()
        except TimeoutError:
            return

    def revoke(self, sid: str, forget_at: float) -> None:
        """Refuses every token of a sign-in until ``forget_at``, in Unix seconds."""
        self._revoke(sid, forget_at)

    def revoke_user(self, user_id: str, forget_at: float) -> None:
        """Refuses every token of a user until ``forget_at``, in Unix seconds."""
        self._revoke(user_id, forget_at)

    def _revoke(self, id_: str, forget_at: float) -> None:
        now = time.time()
        self._revoked = {one: until for one, until in self._revoked.items() if until > now}
        self._revoked[id_] = forget_at

    def is_revoked(self, principal: Principal) -> bool:
        """Whether the sign-in or its user was revoked, as far as this process has heard."""
        return principal.sid in self._revoked or principal.user_id in self._revoked

    async def verify(self, token: str) -> Principal:
        """The user behind a token; raises Unauthenticated, or Unavailable without any keys."""
        principal = self._verified.get(token) or await self._verify_signature(token)
        if principal.expires_at + CLOCK_SKEW_S <= time.time():
            self._verified.pop(token, None)
            raise Unauthenticated("the access token has expired", reason="TOKEN_EXPIRED")
        if self._revoked and self.is_revoked(principal):
            raise Unauthenticated("the sign-in was revoked", reason="TOKEN_REVOKED")
        return principal

    async def _verify_signature(self, token: str) -> Principal:
        if len(token) > _LONGEST_TOKEN:
            raise Unauthenticated("the access token is malformed")
        keys = self._keys or await self._first_keys()
        try:
            principal = self._principal(token, jwt.decode(token, keys, algorithms=["ES256"]).claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            self._asked.set()
            raise Unauthenticated("the access token is malformed or forged") from error
        self._verified[token] = principal
        if len(self._verified) > _CACHED_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def _first_keys(self) -> KeySet:
        try:
            async with asyncio.timeout(budget(_READ_TIMEOUT_S)):
                await self._arrived.wait()
        except TimeoutError as error:
            raise Unavailable("the keys of access tokens cannot be read now") from error
        keys = self._keys
        if keys is None:
            raise Unavailable("the keys of access tokens cannot be read now")
        return keys

    def _principal(self, token: str, claims: dict[str, Any]) -> Principal:
        expires_at = float(claims["exp"])
        if expires_at + CLOCK_SKEW_S > time.time():
            self._claims.validate(claims)
        return Principal(
            user_id=str(claims["sub"]),
            sid=str(claims["sid"]),
            tier=sys.intern(str(claims.get("tier", "free"))),
            scopes=_scopes(str(claims.get("scope", ""))),
            expires_at=expires_at,
            token=token,
        )


@lru_cache(maxsize=1024)
def _scopes(scope: str) -> frozenset[str]:
    # Few sets are asked for, and a principal is kept for each held stream.
    return frozenset(map(sys.intern, scope.split()))
