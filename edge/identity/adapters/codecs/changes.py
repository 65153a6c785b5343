"""Users and revocations as rows of a change feed, and as stored answers.

A row says which user changed, not how they are: what a watcher learns is read when it is told,
so that no address outlives its account in the feed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from edge.identity.domain.events import SessionRevoked, UserChanged, UserErased, UserEvent
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Erasure, Revocation
from edge.identity.domain.users import User
from meshkit.feeds import Change, Op

_USER = "user"
_SESSION = "session"


def of_user(user: User) -> Change:
    """The row for a user who was created or changed."""
    return Change(_USER, user.user_id, user.version, Op.UPSERT)


def of_erasure(erasure: Erasure, version: int) -> Change:
    """The row for an erased user; its payload is until when their tokens are refused."""
    payload = erasure.forget_at.isoformat().encode()
    return Change(_USER, erasure.user_id, version, Op.DELETE, payload)


def of_revocation(revocation: Revocation) -> Change:
    """The row for a revoked sign-in; its payload is when it may be forgotten."""
    payload = revocation.forget_at.isoformat().encode()
    return Change(_SESSION, revocation.sid, 1, Op.DELETE, payload)


def user_ids(changes: Iterable[Change]) -> list[str]:
    """Whom to read in order to tell ``changes``."""
    return sorted({one.id for one in changes if one.entity == _USER and one.op is Op.UPSERT})


def events(changes: Iterable[Change], users: Mapping[str, User]) -> tuple[UserEvent, ...]:
    """What to tell, in order. A user who is gone by now has a row of their own further on."""
    found = (_event(change, users) for change in changes)
    return tuple(event for event in found if event is not None)


def _event(change: Change, users: Mapping[str, User]) -> UserEvent | None:
    if change.entity == _SESSION:
        return SessionRevoked(change.id, datetime.fromisoformat(change.payload.decode()))
    if change.op is Op.DELETE:
        return UserErased(change.id, datetime.fromisoformat(change.payload.decode()))
    user = users.get(change.id)
    return None if user is None else UserChanged(user)


def encode_user(user: User) -> bytes:
    """The form in which the answer of a write is kept. Holds nothing secret."""
    record = {
        "user_id": user.user_id,
        "username": user.username,
        "email": user.email,
        "tier": user.tier.value,
        "created_at": user.created_at.isoformat(),
        "version": user.version,
        "plan_ends_at": user.plan_ends_at.isoformat() if user.plan_ends_at else None,
    }
    return json.dumps(record).encode()


def decode_user(answer: bytes) -> User:
    """The user in a kept answer."""
    record = json.loads(answer)
    # Answers of before plans could end are kept for a day.
    ends_at = record.get("plan_ends_at")
    return User(
        user_id=record["user_id"],
        username=record["username"],
        email=record["email"],
        tier=Tier(record["tier"]),
        created_at=datetime.fromisoformat(record["created_at"]),
        version=record["version"],
        plan_ends_at=datetime.fromisoformat(ends_at) if ends_at else None,
    )


def encode_revocation(revocation: Revocation) -> bytes:
    """The form in which the answer of a sign-out is kept."""
    record = {
        "sid": revocation.sid,
        "user_id": revocation.user_id,
        "revoked_at": revocation.revoked_at.isoformat(),
        "forget_at": revocation.forget_at.isoformat(),
    }
    return json.dumps(record).encode()


def decode_revocation(answer: bytes) -> Revocation:
    """The revocation in a kept answer."""
    record = json.loads(answer)
    return Revocation(
        record["sid"],
        record["user_id"],
        datetime.fromisoformat(record["revoked_at"]),
        datetime.fromisoformat(record["forget_at"]),
    )
