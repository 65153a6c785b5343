"""What a caller is told when an edit cannot be made as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from meshkit.faults import Aborted, FailedPrecondition, InvalidArgument, NotFound
from meshkit.ulids import to_text
from playlist_svc.domain.content import InvalidAnchor, PositionOutOfRange, UnknownItems
from playlist_svc.domain.merge import MergeConflict, TextConflict
from playlist_svc.domain.order import DuplicateItems, OrderFull
from playlist_svc.domain.playlist import Head

_TOLD_ITEMS = 5


@contextmanager
def edit_errors_as_faults() -> Iterator[None]:
    """Turns what an edit of a content raises into what the caller is told."""
    try:
        yield
    except UnknownItems as error:
        item_id = to_text(error.ids[0])
        raise NotFound(
            "The playlist has no such entry.", metadata={"resource": "item", "id": item_id}
        ) from None
    except InvalidAnchor:
        raise InvalidArgument.field("before_item_id", "must be none of those that move") from None
    except PositionOutOfRange as error:
        raise InvalidArgument.field("position", f"must be from 0 to {error.length}") from None
    except DuplicateItems as error:
        raise InvalidArgument.field(
            "items", f"may name an entry once; {to_text(error.ids[0])} comes again"
        ) from None
    except OrderFull as error:
        raise playlist_full_error(error.limit) from None


def playlist_full_error(limit: int) -> FailedPrecondition:
    """The fault for more tracks than a playlist holds."""
    return FailedPrecondition(
        f"A playlist holds at most {limit} tracks.",
        reason="PLAYLIST_FULL",
        metadata={"limit": str(limit)},
    )


def require_not_smart(head: Head) -> None:
    """FailedPrecondition (PLAYLIST_IS_SMART) for a playlist that is made by a rule."""
    if head.rule is not None:
        raise FailedPrecondition(
            "The tracks of a smart playlist follow from its rule.", reason="PLAYLIST_IS_SMART"
        )


def conflict_of(error: MergeConflict | TextConflict) -> str:
    """What was changed by others, and how, in words of bounded length."""
    if isinstance(error, TextConflict):
        return f"the {error.field} was changed"
    named = ", ".join(to_text(item) for item in error.items[:_TOLD_ITEMS])
    more = len(error.items) - _TOLD_ITEMS
    rest = f" and {more} more" if more > 0 else ""
    return f"{named}{rest} {'was' if len(error.items) == 1 else 'were'} {error.why}"


def conflict_error(base_snapshot_id: str, head: Head, conflict: str, diff: str) -> Aborted:
    """The fault for an edit that cannot be fitted to what others did since its base."""
    return Aborted(
        f"Others have changed the same since that version: {conflict}.",
        reason="PLAYLIST_CONFLICT",
        metadata={
            "base_snapshot_id": base_snapshot_id,
            "head_snapshot_id": head.snapshot_id,
            "conflict": conflict,
            "diff": diff,
        },
    )


def snapshot_too_old_error(base_snapshot_id: str, head: Head) -> Aborted:
    """The fault for an edit of a version that is no longer kept."""
    return conflict_error(
        base_snapshot_id, head, "the version is too old to be kept", "not known any more"
    )
