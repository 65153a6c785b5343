"""Heads and snapshots as rows of the schema, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from meshkit.clock import instant_of_ms, instant_or_none, unix_ms
from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.playlist import Head, Kind, Member, Snapshot
from playlist_svc.domain.rules import from_json, to_json

HEAD_COLUMNS = (
    "playlist_id",
    "owner_id",
    "title",
    "description",
    "visibility",
    "revision",
    "snapshot_id",
    "version",
    "created_at",
    "modified_at",
    "track_count",
    "total_duration_ms",
    "follower_count",
    "artwork_paths",
    "members",
    "rule",
    "rule_evaluated_at",
    "deleted_at",
    "managed_by",
    "managed_key",
    "managed_edition",
)
"""In the order of the fields of a head."""

SNAPSHOT_COLUMNS = (
    "revision",
    "snapshot_id",
    "kind",
    "author_id",
    "created_at",
    "summary",
    "track_count",
    "reverts",
    "undone_by",
)
"""In the order of the fields of a snapshot."""


def head_of(row: Sequence[Any]) -> Head:
    """The head of a row that begins with ``HEAD_COLUMNS``."""
    return Head(
        playlist_id=row[0],
        owner_id=row[1],
        title=row[2],
        description=row[3],
        visibility=Visibility(row[4]),
        revision=row[5],
        snapshot_id=row[6],
        version=row[7],
        created_at_ms=unix_ms(row[8]),
        modified_at_ms=unix_ms(row[9]),
        track_count=row[10],
        total_duration_ms=row[11],
        follower_count=row[12],
        artwork_paths=tuple(row[13]),
        members=tuple(
            Member(member["user_id"], Role[member["role"]], member["since_ms"])
            for member in row[14]
        ),
        rule=None if row[15] is None else from_json(row[15]),
        rule_evaluated_at_ms=0 if row[16] is None else unix_ms(row[16]),
        deleted_at_ms=None if row[17] is None else unix_ms(row[17]),
        managed_by=row[18],
        managed_key=row[19],
        managed_edition=row[20],
    )


def head_values(head: Head) -> dict[str, Any]:
    """The values of the columns, by name."""
    members = [
        {"user_id": member.user_id, "role": member.role.name, "since_ms": member.since_ms}
        for member in head.members
    ]
    return {
        "playlist_id": head.playlist_id,
        "owner_id": head.owner_id,
        "title": head.title,
        "description": head.description,
        "visibility": head.visibility.value,
        "revision": head.revision,
        "snapshot_id": head.snapshot_id,
        "version": head.version,
        "created_at": instant_of_ms(head.created_at_ms),
        "modified_at": instant_of_ms(head.modified_at_ms),
        "track_count": head.track_count,
        "total_duration_ms": head.total_duration_ms,
        "follower_count": head.follower_count,
        "artwork_paths": list(head.artwork_paths),
        "members": Jsonb(members),
        "rule": None if head.rule is None else Jsonb(to_json(head.rule)),
        "rule_evaluated_at": instant_or_none(head.rule_evaluated_at_ms or None),
        "deleted_at": instant_or_none(head.deleted_at_ms),
        "managed_by": head.managed_by,
        "managed_key": head.managed_key,
        "managed_edition": head.managed_edition,
    }


def snapshot_of(row: Sequence[Any]) -> Snapshot:
    """The snapshot of a row of ``SNAPSHOT_COLUMNS``."""
    return Snapshot(
        revision=row[0],
        snapshot_id=row[1],
        kind=Kind(row[2]),
        author_id=row[3],
        created_at_ms=unix_ms(row[4]),
        summary=row[5],
        track_count=row[6],
        reverts=row[7],
        undone_by=row[8],
    )
