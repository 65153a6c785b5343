"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from segue.identity.v1 import identity_service_pb2_grpc as pb_grpc
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    add_TokenInternalServiceServicer_to_server,
    add_UserInternalServiceServicer_to_server,
)
from starlette.types import ASGIApp

from edge.identity.domain.events import SessionRevoked, UserErased
from edge.identity.http import Endpoints
from edge.identity.ports.accounts import Accounts
from edge.identity.ports.erasures import Erasures
from edge.identity.ports.password_hasher import PasswordHasher
from edge.identity.ports.revocations import Revocations
from edge.identity.ports.sign_up_limiter import SignUpLimiter
from edge.identity.ports.signing_keys import KeyPublisher, TokenSigner
from edge.identity.ports.user_feed import UserFeed
from edge.identity.servicers.plans import PlanServicer
from edge.identity.servicers.tokens import TokenServicer
from edge.identity.servicers.tokens_internal import TokenInternalServicer
from edge.identity.servicers.users import UserServicer
from edge.identity.servicers.users_internal import UserInternalServicer
from edge.identity.settings import Settings
from edge.identity.usecases.token import RevokeSession
from edge.identity.usecases.token_internal import GetKeySet, IssueLocalToken
from edge.identity.usecases.user import (
    CreateUser,
    EndPlans,
    EraseUser,
    GetMe,
    LookupUser,
    SetPlan,
)
from edge.identity.usecases.user_internal import LookupUsers, WatchUsers
from meshkit.background import regularly
from meshkit.clock import utc_now
from meshkit.consuming import Step, Watch
from meshkit.feeds import CaughtUp
from meshkit.process import Serving
from meshkit.revocations import Revocation
from meshkit.ulids import new_id


class Keys(TokenSigner, KeyPublisher, Protocol):
    """The keys of access tokens, to sign with and to be published."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on."""

    accounts: Accounts
    revocations: Revocations
    erasures: Erasures
    user_feed: UserFeed
    hasher: PasswordHasher
    sign_ups: SignUpLimiter
    commonest_passwords: Container[str]
    keys: Keys


def assemble(serving: Serving, settings: Settings, parts: Parts) -> Watch[Revocation]:
    """Serves identity's contracts on ``parts``; returns how this process learns of revocations."""
    server, accounts = serving.server, parts.accounts
    watch_users = WatchUsers(parts.user_feed, parts.revocations, parts.erasures, utc_now)
    create_user = CreateUser(
        accounts,
        parts.hasher,
        utc_now,
        new_id,
        limiter=parts.sign_ups,
        commonest=parts.commonest_passwords,
    )
    issue = IssueLocalToken(accounts, parts.keys, utc_now, new_id, issuer=settings.token_issuer)
    server.add(
        pb_grpc.add_UserServiceServicer_to_server,
        UserServicer(
            create_user,
            GetMe(accounts, utc_now),
            LookupUser(accounts),
            set_plan=SetPlan(accounts, utc_now),
            erase_user=EraseUser(parts.erasures, utc_now),
        ),
    )
    server.add(pb_grpc.add_PlanServiceServicer_to_server, PlanServicer())
    server.add(
        pb_grpc.add_TokenServiceServicer_to_server,
        TokenServicer(RevokeSession(parts.revocations, utc_now)),
    )
    server.add(
        add_UserInternalServiceServicer_to_server,
        UserInternalServicer(LookupUsers(accounts), watch_users, streams=server.streams),
    )
    server.add(
        add_TokenInternalServiceServicer_to_server,
        TokenInternalServicer(GetKeySet(parts.keys), issue),
    )
    serving.run(partial(regularly, EndPlans.EVERY_S, EndPlans(accounts, utc_now)))
    return _own_revocations(watch_users)


def _own_revocations(watch_users: WatchUsers) -> Watch[Revocation]:
    """Identity's revocations over its own feed, for this process itself."""
    # It is cancelled, never stopped: tokens are checked until the last call has ended.
    never = asyncio.Event()

    async def watch(resume_token: str, /) -> AsyncIterator[Step[Revocation]]:
        async for token, event in watch_users(resume_token, stop=never):
            match event:
                case SessionRevoked():
                    revoked = Revocation(event.forget_at.timestamp(), sid=event.sid)
                    yield Step(token, revoked)
                case UserErased():
                    erased = Revocation(event.forget_at.timestamp(), user_id=event.user_id)
                    yield Step(token, erased)
                case CaughtUp(at):
                    yield Step(token, caught_up_at=at)
                case _:
                    yield Step(token)

    return watch


def http_app(serving: Serving, settings: Settings, keys: KeyPublisher) -> ASGIApp:
    """What is served over plain HTTP beside ``serving``."""
    endpoints = Endpoints(
        keys,
        issuer=settings.token_issuer,
        public_url=settings.public_url,
        healthy=lambda: not serving.server.draining.is_set(),
    )
    return endpoints.app()
