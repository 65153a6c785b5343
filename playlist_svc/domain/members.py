"""Who has a role in a playlist, and how that changes. The owner is no member."""

from __future__ import annotations

from dataclasses import replace

from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import MOST_COLLABORATORS, Head, Member
from playlist_svc.domain.refusals import collection_full_error


def with_member(head: Head, user_id: str, role: Role, now_ms: int) -> Head:
    """The playlist with ``role`` for a user who is not its owner; a member keeps the time.

    FailedPrecondition (COLLECTION_FULL) when there are ``MOST_COLLABORATORS`` others already.
    """
    if user_id in head.roles:
        members = tuple(
            replace(member, role=role) if member.user_id == user_id else member
            for member in head.members
        )
        return replace(head, members=members)
    if len(head.members) >= MOST_COLLABORATORS:
        raise collection_full_error(MOST_COLLABORATORS)
    return replace(head, members=(*head.members, Member(user_id, role, now_ms)))


def without_member(head: Head, user_id: str) -> Head:
    """The playlist without that user's role; the same when there is none."""
    members = tuple(member for member in head.members if member.user_id != user_id)
    return head if len(members) == len(head.members) else replace(head, members=members)


def owned_by(head: Head, user_id: str, now_ms: int) -> Head:
    """The playlist with a member as its owner; who owned it is an editor from ``now_ms`` on."""
    others = without_member(head, user_id).members
    former = Member(head.owner_id, Role.EDITOR, now_ms)
    return replace(head, owner_id=user_id, members=(*others, former))
