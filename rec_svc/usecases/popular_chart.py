"""What many listen to, held in the process: the answer where nothing else can be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rec_svc.domain.home import Home, Shelf, ShelfKind, kept
from rec_svc.domain.recommended import ReasonKind, Source, in_order
from rec_svc.domain.tracks import Track
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks

REFRESH_S = 15.0
"""How often it is read, in seconds."""

_LOOKED_UP = 200


class PopularChart:
    """The most played tracks as of a while ago, without the artists whom anyone blocks.

    It is shown to whoever asks while nobody can say whom that user blocks.
    """

    def __init__(self, tracks: Tracks, listening: Listening, clock: Callable[[], int]) -> None:
        self._tracks = tracks
        self._listening = listening
        self._clock = clock
        self._chart: Sequence[Track] = ()

    async def refresh(self) -> None:
        """Reads it. Raises Unavailable; what was read before stays."""
        popular = await self._tracks.popular(_LOOKED_UP)
        blocked = await self._listening.blocked_by_anyone({one.artist_id for one in popular})
        self._chart = kept(popular, frozenset(), blocked)

    def home(self) -> Home:
        """The home of somebody of whom nothing can be known now."""
        picks = tuple(in_order(self._chart, ReasonKind.POPULAR))
        shelf = Shelf(ShelfKind.POPULAR, "", Source.POPULAR, picks)
        return Home(self._clock(), "", (shelf,), {})
