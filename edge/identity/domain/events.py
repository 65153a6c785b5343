"""What happened to users and their sign-ins, as watchers learn it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.identity.domain.users import User
from meshkit.feeds import CaughtUp


@dataclass(frozen=True, slots=True)
class UserChanged:
    """A user was created or changed; ``user`` is as it is now."""

    user: User


@dataclass(frozen=True, slots=True)
class UserErased:
    """A user is gone, with all that was theirs; their tokens are refused until ``forget_at``."""

    user_id: str
    forget_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    """The tokens of a sign-in are refused until ``forget_at``."""

    sid: str
    forget_at: datetime


UserEvent = UserChanged | UserErased | SessionRevoked
"""One event of the feed."""


@dataclass(frozen=True, slots=True)
class UserEvents:
    """Events in the order of their commits; ``token`` resumes after the last of them.

    ``caught_up`` as the feed says it, where there are none.
    """

    events: tuple[UserEvent, ...]
    token: str
    caught_up: CaughtUp | None = None
