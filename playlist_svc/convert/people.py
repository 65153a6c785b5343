"""People as messages of the contract."""

from __future__ import annotations

from collections.abc import Mapping

from segue.identity.v1.person_pb2 import Person


def person(user_id: str, names: Mapping[str, str]) -> Person:
    """A user, with the name where ``names`` has it."""
    return Person(user_id=user_id, username=names.get(user_id, ""))
