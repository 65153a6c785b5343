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
from playlist_svc.domain.rules import Condition, Field, Match, Operator, Ordering, Rule

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
        rule_document(head.rule),
        head.rule_evaluated_at_ms,
        head.deleted_at_ms,
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


def rule_document(rule: Rule | None) -> dict[str, Any] | None:
    """The rule as a JSON document; None for none."""
    if rule is None:
        return None
    return {
        "match": rule.match.value,
        "conditions": [
            [condition.field.value, condition.operator.value, list(condition.values)]
            for condition in rule.conditions
        ],
        "limit": rule.limit,
        "order": rule.order.value,
        "descending": rule.descending,
    }


def rule_of(document: Mapping[str, Any] | None) -> Rule | None:
    """The rule of a document that `rule_document` made."""
    if document is None:
        return None
    conditions = tuple(
        Condition(Field(field), Operator(operator), tuple(values))
        for field, operator, values in document["conditions"]
    )
    return Rule(
        Match(document["match"]),
        conditions,
        document["limit"],
        Ordering(document["order"]),
        document["descending"],
    )


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
        rule=rule_of(rule),
        rule_evaluated_at_ms=rule_evaluated_at_ms,
        deleted_at_ms=deleted_at_ms,
    )
