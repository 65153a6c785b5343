"""Puts identity together: the one place that chooses adapters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.adapters.files.signing_keys import SigningKeys
from edge.identity.adapters.postgres.accounts import PostgresAccounts
from edge.identity.adapters.postgres.erasures import PostgresErasures
from edge.identity.adapters.postgres.revocations import PostgresRevocations, prune_revoked
from edge.identity.adapters.postgres.user_feed import PostgresUserFeed
from edge.identity.adapters.valkey.sign_up_limiter import ValkeySignUpLimiter
from edge.identity.adapters.zxcvbn.common_passwords import common_passwords
from edge.identity.assembly import Parts, assemble, http_app
from edge.identity.ports.password_hasher import PasswordHasher
from edge.identity.ports.sign_up_limiter import SignUpAllowance, SignUpLimiter
from edge.identity.schema import SCHEMA
from edge.identity.settings import Settings
from edge.identity.usecases.token_internal import GetKeySet
from meshkit.clock import utc_now
from meshkit.credentials import Credentials
from meshkit.http_server import serving
from meshkit.process import ServiceProcess, service_process
from meshkit.tokens import TokenVerifier

_HTTP_GRACE_S = 5.0

_log = structlog.get_logger("identity")


def verifier(settings: Settings, keys: SigningKeys) -> TokenVerifier:
    """Verifies by identity's own keys: it depends on nobody to start, not even on itself."""
    get_key_set = GetKeySet(keys)

    async def own_keys() -> Mapping[str, Any]:
        return get_key_set()

    return TokenVerifier(own_keys, settings.token_issuer)


def stored_parts(
    process: ServiceProcess, *, hasher: PasswordHasher, sign_ups: SignUpLimiter, keys: SigningKeys
) -> Parts:
    """The parts over the schema of ``process``, and what keeps it small."""
    pool = process.pool
    process.every_hour(partial(prune_revoked, pool, utc_now))
    return Parts(
        accounts=PostgresAccounts(pool),
        revocations=PostgresRevocations(pool),
        erasures=PostgresErasures(pool),
        user_feed=PostgresUserFeed(process.feed, pool),
        hasher=hasher,
        sign_ups=sign_ups,
        commonest_passwords=common_passwords(),
        keys=keys,
    )


async def serve(settings: Settings) -> None:
    """Serves gRPC and HTTP until the process is told to stop, then drains both.

    Raises ``SigningKeyError``, and ``ListenError`` or ``RuntimeError`` where a port is taken.
    """
    keys = SigningKeys.load(settings.signing_key_file)
    async with service_process(settings, SCHEMA, tokens=verifier(settings, keys)) as process:
        allowance = SignUpAllowance(settings.sign_up_burst, settings.sign_up_refill_s)
        sign_ups = ValkeySignUpLimiter(
            await process.valkey(settings.valkey_url, settings), allowance
        )
        threads, wait_s = settings.password_threads, settings.password_wait_s
        with Argon2Hasher(threads=threads, wait_s=wait_s) as hasher:
            parts = stored_parts(process, hasher=hasher, sign_ups=sign_ups, keys=keys)
            process.refuse_revoked(assemble(process, settings, parts))
            app, listen = http_app(process, settings, keys), settings.http_listen
            files = Credentials(settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file)
            tls = None if settings.http_insecure else files
            async with serving(app, listen, grace_s=_HTTP_GRACE_S, tls=tls) as served:
                _log.info("serving http", port=served.port)
                await process.serve()
