from __future__ import annotations

import itertools

import pytest

from player.domain.buffer import DiscontinuousPiece, LoadedPiece, MediaBuffer
from player.domain.fragments import Span, TrackFormat
from player.domain.playlist import MediaPlaylist, Piece, Resource, Rung
from player.domain.status import PlaybackState, percentile

TRACK = TrackFormat(44_100, 2, 1024, False, (b"mp4a", b"\x12\x10"), 1024)


def piece(start: int, end: int, *, last: bool = False) -> LoadedPiece:
    return LoadedPiece(
        end / 100, Span(start, end), Rung(128, "mp4a.40.2", "u"), TRACK, b"", b"", last
    )


def buffer(*bounds: int) -> MediaBuffer:
    filled = MediaBuffer(back_pieces=2)
    for start, end in itertools.pairwise(bounds):
        filled.append(piece(start, end))
    return filled


def test_what_is_ahead_is_counted_from_the_play_head() -> None:
    filled = buffer(100, 200, 350)
    assert [filled.ahead(tick) for tick in (100, 199, 349, 350, 400, 99)] == [250, 151, 1, 0, 0, 0]


def test_a_gap_is_refused_and_leaves_the_buffer_as_it_was() -> None:
    filled = buffer(0, 100)
    with pytest.raises(DiscontinuousPiece, match="101"):
        filled.append(piece(101, 200))
    with pytest.raises(DiscontinuousPiece):
        filled.append(piece(99, 200))
    assert filled.end == 100


def test_a_tick_is_held_by_exactly_one_piece() -> None:
    filled = buffer(10, 20, 30)
    held = [filled.holding(tick) for tick in (9, 10, 19, 20, 29, 30)]
    assert [h.span.start if h else None for h in held] == [None, 10, 10, 20, 20, None]


def test_played_pieces_are_forgotten_but_for_a_few() -> None:
    filled = buffer(0, 10, 20, 30, 40, 50)
    filled.trim(35)
    assert len(filled) == 4
    assert filled.holding(9) is None
    assert filled.holding(10) is not None


def test_a_buffer_is_complete_with_the_last_piece() -> None:
    filled = buffer(0, 10)
    assert not filled.complete
    filled.append(piece(10, 20, last=True))
    assert filled.complete
    filled.clear()
    assert not filled.complete


def test_pieces_are_found_by_time_and_by_boundary() -> None:
    starts = [0.0, 2.0, 10.0078, 10.031]
    pieces = tuple(
        Piece(Resource(str(i)), start, end - start)
        for i, (start, end) in enumerate(zip(starts, [*starts[1:], 20.0], strict=True))
    )
    playlist = MediaPlaylist(Resource("init"), pieces, 11.0)
    assert [playlist.index_at(t) for t in (-1.0, 0.0, 1.99, 2.0, 10.02, 15.0, 99.0)] == [
        *(0, 0, 0, 1, 2, 3, 3)
    ]
    assert playlist.index_starting(10.008) == 2
    assert playlist.index_starting(10.031) == 3
    assert playlist.index_starting(5.0) is None
    assert playlist.index_starting(20.0) is None
    assert playlist.duration_s == pytest.approx(20.0)


def test_the_percentile_is_one_of_the_values() -> None:
    assert percentile([], 0.95) is None
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0


def test_only_three_states_are_final() -> None:
    assert {s.name for s in PlaybackState if s.final} == {"ENDED", "STOPPED", "FAILED"}
