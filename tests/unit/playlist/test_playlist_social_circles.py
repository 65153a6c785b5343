"""Which circle takes in whom."""

from __future__ import annotations

import pytest

from playlist_svc.domain.social import Audience, Circle, Relation


def standing(
    *, followed_by: bool = False, following: bool = False, blocked: bool = False
) -> Relation:
    return Relation(following, followed_by, False, blocked, 0, 0, Audience())


@pytest.mark.parametrize(
    ("relation", "circles"),
    [
        (standing(), {Circle.EVERYONE}),
        (standing(following=True), {Circle.EVERYONE}),
        (standing(followed_by=True), {Circle.EVERYONE, Circle.FRIENDS}),
        (standing(following=True, followed_by=True), {Circle.EVERYONE, Circle.FRIENDS}),
        (standing(blocked=True), set()),
        (standing(blocked=True, followed_by=True), set()),
    ],
)
def test_a_circle_admits_by_what_the_other_one_does(
    relation: Relation, circles: set[Circle]
) -> None:
    assert {circle for circle in Circle if relation.admits(circle)} == circles
