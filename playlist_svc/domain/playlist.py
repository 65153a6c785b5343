"""A playlist as it is now, and the versions that made it so."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.rules import Rule

TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 2_000
MOST_COLLABORATORS = 100
MOST_PLAYLISTS = 10_000
RECOVERABLE_MS = 30 * 24 * 3_600_000
"""How long a deleted playlist can be recovered."""
KEPT_REVISIONS = 10_000
"""How far back a playlist's history reaches at least, where it has so much."""


@dataclass(frozen=True, slots=True)
class Member:
    """A collaborator; ``since_ms`` in Unix milliseconds. The owner is none."""

    user_id: str
    role: Role
    since_ms: int


@dataclass(frozen=True, slots=True)
class Head:
    """All of a playlist but its tracks. Times in Unix milliseconds, durations in milliseconds.

    ``revision`` and ``snapshot_id`` name the newest version of the content. ``version`` rises with
    every change of this object. ``deleted_at_ms`` is None unless it was deleted. ``managed_by`` is
    the service that makes it, empty where people do; of it, the owner and ``managed_key`` there is
    one playlist, which has the tracks of ``managed_edition``.
    """

    playlist_id: str
    owner_id: str
    title: str
    description: str
    visibility: Visibility
    revision: int
    snapshot_id: str
    version: int
    created_at_ms: int
    modified_at_ms: int
    track_count: int = 0
    total_duration_ms: int = 0
    follower_count: int = 0
    artwork_paths: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    rule: Rule | None = None
    rule_evaluated_at_ms: int = 0
    deleted_at_ms: int | None = None
    managed_by: str = ""
    managed_key: str = ""
    managed_edition: int = 0
    roles: dict[str, Role] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        roles = {member.user_id: member.role for member in self.members}
        roles[self.owner_id] = Role.OWNER
        object.__setattr__(self, "roles", roles)

    def role_of(self, user_id: str) -> Role:
        """The user's role; STRANGER for who has none."""
        return self.roles.get(user_id, Role.STRANGER)


class Kind(enum.Enum):
    """How a version came to be."""

    CREATED = "CREATED"
    EDIT = "EDIT"
    UNDO = "UNDO"
    REDO = "REDO"
    RESTORE = "RESTORE"
    EVALUATION = "EVALUATION"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version in the history; it never changes but for ``undone_by``.

    ``reverts`` is the revision that UNDO, REDO and RESTORE are about. ``undone_by`` is the revision
    that undid this one and has not been redone; None for most.
    """

    revision: int
    snapshot_id: str
    kind: Kind
    author_id: str
    created_at_ms: int
    summary: str
    track_count: int
    reverts: int | None = None
    undone_by: int | None = None
