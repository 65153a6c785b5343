"""How users stand to each other and to artists."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

MOST_FOLLOWED = 10_000
"""How many people and artists together a user can follow."""
MOST_BLOCKED = 10_000


class ConnectionKind(enum.Enum):
    """What can be followed."""

    USER = "USER"
    ARTIST = "ARTIST"


class Circle(enum.Enum):
    """Who may see something of a user. FRIENDS are the people whom that user follows."""

    EVERYONE = "EVERYONE"
    FRIENDS = "FRIENDS"
    NOBODY = "NOBODY"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may see whom a user follows, and who may see who follows the user."""

    following: Circle = Circle.EVERYONE
    followers: Circle = Circle.EVERYONE


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist who can be followed."""

    artist_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ArtistFollowers:
    """How many users follow an artist. ``version`` rises with every change of the count."""

    artist_id: str
    name: str
    followers_count: int
    version: int


@dataclass(frozen=True, slots=True)
class Connection:
    """Someone in a list, since when (Unix microseconds).

    ``name`` is the artist's; empty for people. ``mutual`` says of a person that they and the user
    who reads the list follow each other.
    """

    kind: ConnectionKind
    target_id: str
    since_us: int
    name: str = ""
    mutual: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionPage:
    """A part of a list, the latest first, and how many there are in all."""

    found: Sequence[Connection]
    total: int


@dataclass(frozen=True, slots=True)
class Block:
    """Someone who is blocked, since when (Unix microseconds)."""

    user_id: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Relation:
    """How a user stands to another one, and what is counted of that other one.

    ``following`` and ``blocking`` are what the user does, ``followed_by`` and ``blocked_by`` what
    the other one does. ``audience`` is the other one's.
    """

    following: bool
    followed_by: bool
    blocking: bool
    blocked_by: bool
    follower_count: int
    following_count: int
    audience: Audience

    def admits(self, circle: Circle) -> bool:
        """Whether the other one lets the user see what is shown to ``circle``."""
        if self.blocked_by:
            return False
        return circle is Circle.EVERYONE or (circle is Circle.FRIENDS and self.followed_by)
