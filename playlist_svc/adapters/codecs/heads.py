"""Heads as compact JSON: what the feed carries, the cache keeps and a retry is answered with.

The first element of the document is its format, so that an instance of another release knows what
it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from meshkit.feeds import Change, Op
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head, Member
from playlist_svc.domain.rules import from_json, to_json

ENTITY = "playlist"
"""What the changes of a playlist are filed under in the feed."""

FORMAT = 1


class HeadDamaged(ValueError):
    """Bytes that are no head, or one of a format that this release does not know."""


def encode(head: Head) -> bytes:
    """The head as bytes."""
    document = [
        FORMAT,
        head.playlist_id,
        head.owner_id,
        head.title,
        head.description,
        head.visibility.value,
        head.revision,
        head.snapshot_id,
        head.version,
        head.created_at_ms,
        head.modified_at_ms,
        head.track_count,
        head.total_duration_ms,
        head.follower_count,
        head.artwork_paths,
        [[member.user_id, member.role.name, member.since_ms] for member in head.members],
        None if head.rule is None else to_json(head.rule),
        head.rule_evaluated_at_ms,
        head.deleted_at_ms,
        head.managed_by,
        head.managed_key,
        head.managed_edition,
    ]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode(encoded: bytes) -> Head:
    """The head of these bytes. HeadDamaged for anything that `encode` of this format never made."""
    try:
        form, *fields = json.loads(encoded)
        if form != FORMAT:
            raise HeadDamaged("a head of an unknown format")
        return _head(*fields)
    except (ValueError, TypeError, KeyError) as error:
        raise HeadDamaged("no head can be read from these bytes") from error


def change_of(head: Head) -> Change:
    """What the feed tells of a playlist that is now as ``head`` says."""
    op = Op.UPSERT if head.deleted_at_ms is None else Op.DELETE
    return Change(ENTITY, head.playlist_id, head.version, op, encode(head))


def _head(
    playlist_id: str,
    owner_id: str,
    title: str,
    description: str,
    visibility: str,
    revision: int,
    snapshot_id: str,
    version: int,
    created_at_ms: int,
    modified_at_ms: int,
    track_count: int,
    total_duration_ms: int,
    follower_count: int,
    artwork_paths: list[str],
    members: list[list[Any]],
    rule: Mapping[str, Any] | None,
    rule_evaluated_at_ms: int,
    deleted_at_ms: int | None,
    managed_by: str = "",
    managed_key: str = "",
    managed_edition: int = 0,
) -> Head:
    return Head(
        playlist_id=playlist_id,
        owner_id=owner_id,
        title=title,
        description=description,
        visibility=Visibility(visibility),
        revision=revision,
        snapshot_id=snapshot_id,
        version=version,
        created_at_ms=created_at_ms,
        modified_at_ms=modified_at_ms,
        track_count=track_count,
        total_duration_ms=total_duration_ms,
        follower_count=follower_count,
        artwork_paths=tuple(artwork_paths),
        members=tuple(Member(user, Role[role], since) for user, role, since in members),
        rule=None if rule is None else from_json(rule),
        rule_evaluated_at_ms=rule_evaluated_at_ms,
        deleted_at_ms=deleted_at_ms,
        managed_by=managed_by,
        managed_key=managed_key,
        managed_edition=managed_edition,
    )
