"""Keeping a replica of the catalogue's tracks up to date."""

from __future__ import annotations

from collections.abc import Sequence

from playlist_svc.ports.tracks import TrackChange, TrackReplica


class ReplicateCatalogue:
    """The consumer of the catalogue's feed (``meshkit.consuming.Replica``)."""

    def __init__(self, copy: TrackReplica) -> None:
        self._copy = copy
        self._listing: int | None = None

    async def resume_token(self) -> str:
        """Where the feed goes on."""
        return await self._copy.resume_token()

    async def begin_listing(self) -> None:
        """Everything is told anew, for the first time or because the place was lost."""
        self._listing = await self._copy.begin_listing()

    async def apply(self, changes: Sequence[TrackChange], resume_token: str) -> None:
        """Stores what a batch comes to: of the changes of one track the newest."""
        newest: dict[str, TrackChange] = {}
        for change in changes:
            held = newest.get(change.track_id)
            if held is None or held.version <= change.version:
                newest[change.track_id] = change
        listing = None if resume_token else self._listing
        await self._copy.store(list(newest.values()), resume_token, listing)

    async def end_listing(self) -> None:
        """What was not told again has left the catalogue."""
        if self._listing is not None:
            await self._copy.drop_untold(self._listing)
            self._listing = None
