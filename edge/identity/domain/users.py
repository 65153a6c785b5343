"""Users: who they are, and which names, addresses and passwords are accepted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge.identity.domain.common_passwords import is_common
from edge.identity.domain.plans import Tier
from meshkit.faults import InvalidArgument

PASSWORD_LENGTH = (10, 1024)
"""The fewest and the most characters of a password."""

EMAIL_MAX_LENGTH = 254
"""The most characters of an e-mail address (RFC 5321, 4.5.3.1.3 without the brackets)."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
# A dot-atom of RFC 5322. Quoted local parts and literal addresses are legal and unused, and
# letters beyond ASCII invite look-alikes: an international domain comes in its xn-- form.
_EMAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_EMAIL_LOCAL_MAX = 64
_DOMAIN_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account.

    ``email`` is kept as it was typed; local users may have none. ``version`` counts the changes
    of the account, from 1. ``created_at`` is in UTC, and so is ``plan_ends_at``: when the plan
    ends, None for never.
    """

    user_id: str
    username: str
    email: str | None
    tier: Tier
    created_at: datetime
    version: int = 1
    plan_ends_at: datetime | None = None

    def at(self, now: datetime) -> User:
        """The user as they are at ``now``: on the free plan once theirs has ended."""
        if self.plan_ends_at is None or now < self.plan_ends_at:
            return self
        return replace(self, tier=Tier.FREE, plan_ends_at=None)


@dataclass(frozen=True, slots=True)
class PlanPeriod:
    """A plan to put a user on, until ``ends_at``; None for no end. Free has none."""

    tier: Tier
    ends_at: datetime | None = None

    def require_valid(self, now: datetime) -> None:
        """Raises ``InvalidArgument`` on ``ends_at`` where that is over or comes with free."""
        if self.ends_at is None:
            return
        if self.tier is Tier.FREE:
            raise InvalidArgument.field("ends_at", "must be absent: the free plan has no end")
        if self.ends_at <= now:
            raise InvalidArgument.field("ends_at", "must be later than now")


@dataclass(frozen=True, slots=True)
class Password:
    """A password on its way to the hasher. Never shown: not in logs, tracebacks, or errors."""

    _text: str = field(repr=False)

    def reveal(self) -> bytes:
        """The UTF-8 bytes to hash."""
        return self._text.encode()

    def is_common(self, commonest: Container[str]) -> bool:
        """Whether it is among ``commonest``, or little more than one of them."""
        return is_common(self._text, commonest)


def parse_username(text: str) -> str:
    """The username itself when it is one: 3 to 32 of a-z, 0-9, ``.``, ``_`` and ``-``.

    Raises ``InvalidArgument`` on ``username``.
    """
    if not _USERNAME.fullmatch(text):
        raise InvalidArgument.field(
            "username",
            "must be 3 to 32 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit",
        )
    return text


def parse_lookup(text: str) -> str:
    """The username that a person may have typed with capitals; raises like ``parse_username``."""
    # Beyond ASCII, letters of other scripts have small forms among a-z.
    return parse_username(text.lower() if text.isascii() else text)


def parse_email(text: str) -> str:
    """The address as typed when it has the form of one, in ASCII, with a dotted domain.

    Whether it reaches anyone only a letter can show. Raises ``InvalidArgument`` on ``email``.
    """
    local, _, domain = text.rpartition("@")
    if (
        len(text) > EMAIL_MAX_LENGTH
        or len(local) > _EMAIL_LOCAL_MAX
        or not _EMAIL_LOCAL.fullmatch(local)
        or not _is_domain(domain)
    ):
        raise InvalidArgument.field(
            "email", f"must be an e-mail address of at most {EMAIL_MAX_LENGTH} ASCII characters"
        )
    return text


def email_key(email: str) -> str:
    """The form in which addresses are compared: two users never share one."""
    return email.lower()


def parse_password(text: str) -> Password:
    """The password in Unicode's composed form, the same from every keyboard (RFC 8265, 4.2).

    Raises ``InvalidArgument`` on ``password``, without repeating any of it.
    """
    least, most = PASSWORD_LENGTH
    # The bound comes first: composing is linear, and the text is still a stranger's.
    composed = unicodedata.normalize("NFC", text) if len(text) <= most else ""
    if not least <= len(composed) <= most:
        raise InvalidArgument.field("password", f"must have {least} to {most} characters")
    if any(unicodedata.category(character) == "Cc" for character in composed):
        raise InvalidArgument.field("password", "must not contain control characters")
    return Password(composed)


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return (
        len(labels) > 1
        and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
