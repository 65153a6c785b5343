"""Matching inside one process, over tracks that are given; for tests of other parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from playlist_svc.ports.matching import Description, Match, Matched
from playlist_svc.ports.tracks import Track

_WITHIN_MS = 3_000


class MemoryMatching:
    """EXACT for the same title, artist and, where given, duration within 3 s, in any case of
    letters; SIMILAR for the same title alone, of the track that was given first."""

    def __init__(self, tracks: Iterable[Track] = ()) -> None:
        self.tracks = list(tracks)

    async def match(self, descriptions: Sequence[Description]) -> list[Matched]:
        return [self._matched(description) for description in descriptions]

    def _matched(self, said: Description) -> Matched:
        title = said.title.casefold()
        named = [track for track in self.tracks if title and track.title.casefold() == title]
        for track in named:
            if track.artist.casefold() == said.artist.casefold() and _lasts(said, track):
                return Matched(Match.EXACT, track.track_id)
        return Matched(Match.SIMILAR, named[0].track_id) if named else Matched()


def _lasts(said: Description, track: Track) -> bool:
    return not said.duration_ms or abs(track.duration_ms - said.duration_ms) <= _WITHIN_MS
