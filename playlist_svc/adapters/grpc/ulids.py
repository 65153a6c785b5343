"""What other services can be asked for."""

from __future__ import annotations

from collections.abc import Iterable

from playlist_svc.domain import ids


def ulids(texts: Iterable[str]) -> list[str]:
    """Those of the texts that are ULIDs: for one that is not a service refuses them all, while
    here it is just a thing that there is not."""
    return [text for text in texts if _is_ulid(text)]


def _is_ulid(text: str) -> bool:
    try:
        ids.to_raw(text)
    except ValueError:
        return False
    return True
