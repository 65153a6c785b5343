"""Why something is refused, in one wording everywhere."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition, NotFound, PermissionDenied


def collection_full_error(limit: int) -> FailedPrecondition:
    """There would be more than ``limit``."""
    return FailedPrecondition(
        f"There can be at most {limit} of these.",
        reason="COLLECTION_FULL",
        metadata={"limit": str(limit)},
    )


def unknown_resource_error(resource: str, id_: str) -> NotFound:
    """There is no ``resource`` of this id, such as a "playlist" or an "album"."""
    return NotFound(f"There is no such {resource}.", metadata={"resource": resource, "id": id_})


def unknown_user_error(user_id: str) -> NotFound:
    """The user does not exist, or has blocked who asks: nobody can tell one from the other."""
    return unknown_resource_error("user", user_id)


def unknown_snapshot_error(snapshot_id: str) -> NotFound:
    """The playlist does not have this version, or has it no longer."""
    return NotFound(
        "The playlist has no such version.", metadata={"resource": "snapshot", "id": snapshot_id}
    )


def unknown_share_error(share_id: str) -> NotFound:
    """There is no such link of the playlist."""
    return NotFound("There is no such link.", metadata={"resource": "share", "id": share_id})


def playlist_is_managed_error() -> FailedPrecondition:
    """A service makes the playlist; people only read it."""
    return FailedPrecondition(
        "This playlist is made by a service and cannot be changed.", reason="PLAYLIST_IS_MANAGED"
    )


def user_blocked_error() -> PermissionDenied:
    """The user has blocked the other one."""
    return PermissionDenied("You have blocked this user.", reason="USER_BLOCKED")
