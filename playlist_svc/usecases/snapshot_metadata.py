"""What lies between two versions, in words, and the covers that stand for a list."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.ulids import to_text
from playlist_svc.domain.content import Content
from playlist_svc.domain.diff import Added, Change, Moved, Removed, diff
from playlist_svc.domain.order import RECORD, Order
from playlist_svc.domain.summary import sentence
from playlist_svc.ports.tracks import Tracks

COVERS = 4
"""Covers that stand for a playlist at most."""
COVERED_TRACKS = 12
"""How many of the first tracks are looked at for covers."""

_KINDS = (Added, Removed, Moved)


def changed_part(old: Content, new: Content) -> tuple[Content, Content]:
    """The two without the entries that they begin and end with in common.

    That spares comparing 10,000 tracks for one that was added. Positions in what is left are not
    those of the lists.
    """
    a, b = old.order.packed, new.order.packed
    start = _common(a, b, from_end=False)
    a, b = a[start:], b[start:]
    end = _common(a, b, from_end=True)
    return (
        Content(old.title, old.description, Order(a[: len(a) - end])),
        Content(new.title, new.description, Order(b[: len(b) - end])),
    )


def _common(a: bytes, b: bytes, *, from_end: bool) -> int:
    """How many bytes of whole records the two begin, or end, with in common."""
    low, high = 0, min(len(a), len(b)) // RECORD.size
    while low < high:
        middle = (low + high + 1) // 2
        size = middle * RECORD.size
        same = a[-size:] == b[-size:] if from_end else a[:size] == b[:size]
        low, high = (middle, high) if same else (low, middle - 1)
    return low * RECORD.size


async def summarize(
    tracks: Tracks, old: Content, new: Content, *, sorted_by: str | None = None
) -> str:
    """The changes from one to the other as a sentence; a lone track is named.

    A sort moves tracks and nothing else, whichever they are: it is told without comparing them.
    """
    changes = () if sorted_by else diff(*changed_part(old, new))
    named = await tracks.named(_alone(changes))

    def title_of(track_id: bytes) -> str:
        track = named.get(to_text(track_id))
        return track.title if track else ""

    def artist_of(track_id: bytes) -> str:
        track = named.get(to_text(track_id))
        return track.artist if track else ""

    return sentence(changes, title_of, artist_of, sorted_by=sorted_by)


def _alone(changes: Sequence[Change]) -> set[str]:
    """The tracks that the sentence names: one that is the only one of its kind of change."""
    alone = set()
    for kind in _KINDS:
        entries = [change.entry for change in changes if isinstance(change, kind)]
        if len(entries) == 1:
            alone.add(to_text(entries[0].track_id))
    return alone


async def choose_covers(
    tracks: Tracks, old: Content | None, new: Content, known: tuple[str, ...]
) -> tuple[str, ...]:
    """Up to four different covers of the first tracks; ``known`` when these are the same still."""
    first = new.order.packed[: COVERED_TRACKS * RECORD.size]
    if old is not None and old.order.packed[: COVERED_TRACKS * RECORD.size] == first:
        return known
    ids = [to_text(entry.track_id) for entry in Order(first).slice(0)]
    named = await tracks.named(set(ids))
    paths = (named[one].artwork_path for one in ids if one in named)
    return tuple(dict.fromkeys(path for path in paths if path))[:COVERS]
