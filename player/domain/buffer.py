"""The audio that has been fetched: a gapless run of pieces round the position played."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from player.domain.fragments import Span, TrackFormat
from player.domain.playlist import Rung


@dataclass(frozen=True, slots=True)
class LoadedPiece:
    """One fragment of a piece: its bytes, the ticks they hold and the rung they came from.

    ``track`` and ``init`` belong to the rung; ``end_s`` is where the next piece starts in the
    playlist's time; ``last`` marks the track's last fragment.
    """

    end_s: float
    span: Span
    rung: Rung
    track: TrackFormat
    init: bytes
    payload: bytes
    last: bool


class DiscontinuousPiece(ValueError):
    """A piece does not start where the loaded audio ends."""


class MediaBuffer:
    """Pieces in order, without a gap. Positions are media ticks."""

    def __init__(self, back_pieces: int = 15) -> None:
        self._pieces: list[LoadedPiece] = []
        self._back_pieces = back_pieces

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def tail(self) -> LoadedPiece | None:
        """The piece loaded last."""
        return self._pieces[-1] if self._pieces else None

    @property
    def end(self) -> int | None:
        """The tick after the last one loaded."""
        return self._pieces[-1].span.end if self._pieces else None

    @property
    def complete(self) -> bool:
        """Whether the track's last piece is loaded."""
        return bool(self._pieces) and self._pieces[-1].last

    def append(self, piece: LoadedPiece) -> None:
        """Add the piece that continues the run. Raises DiscontinuousPiece."""
        if self.end is not None and piece.span.start != self.end:
            raise DiscontinuousPiece(
                f"a piece of the {piece.rung.kbps} kbit/s rung starts at tick {piece.span.start}, "
                f"but the audio before it ends at {self.end}"
            )
        self._pieces.append(piece)

    def holding(self, tick: int) -> LoadedPiece | None:
        """The loaded piece that holds a tick."""
        at = bisect.bisect_right(self._pieces, tick, key=lambda p: p.span.start) - 1
        if at < 0 or tick >= self._pieces[at].span.end:
            return None
        return self._pieces[at]

    def after(self, piece: LoadedPiece) -> LoadedPiece | None:
        """The piece that follows, if it is loaded."""
        return self.holding(piece.span.end)

    def ahead(self, tick: int) -> int:
        """Ticks loaded from ``tick`` on without a gap; 0 when ``tick`` is not loaded."""
        if self.end is None or tick < self._pieces[0].span.start:
            return 0
        return max(0, self.end - tick)

    def trim(self, tick: int) -> None:
        """Forget what was played, but for the few pieces that make a short seek back free."""
        played = sum(1 for p in self._pieces if p.span.end <= tick)
        del self._pieces[: max(0, played - self._back_pieces)]

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
