"""Failures of recommendations."""

from __future__ import annotations

from meshkit.faults import NotFound


def unknown_error(resource: str, id_: str) -> NotFound:
    """The fault for a track, an artist or a playlist that there is not, or not for this user."""
    return NotFound(f"There is no such {resource}.", metadata={"resource": resource, "id": id_})
