"""Between recommendations and the messages of their contract."""

from __future__ import annotations

from typing import Any

from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1 import recommended_track_pb2 as track_pb

from meshkit.timestamps import timestamp_of_ms
from rec_svc.domain.home import Shelf, ShelfKind
from rec_svc.domain.recommended import ReasonKind, Recommended, RecommendedList, Source
from rec_svc.domain.tracks import Artist
from rec_svc.domain.weekly_lists import DiscoverWeekly
from rec_svc.usecases.kept_homes import Origin
from rec_svc.usecases.recommendation.get_home import HomeAnswer
from rec_svc.usecases.recommendation.list_similar_artists import SimilarArtists

_KIND = track_pb.RecommendationReason.Kind
_KINDS = {kind: _KIND.Value(kind.name) for kind in ReasonKind}
_ORIGINS = {one: pb.GetHomeResponse.Origin.Value(one.name) for one in Origin}
_SHELVES = {kind: pb.Shelf.Kind.Value(kind.name) for kind in ShelfKind}
_SOURCES = {kind: track_pb.RecommendationSource.Kind.Value(kind.name) for kind in Source}


def artist(one: Artist) -> pb.ArtistSummary:
    """The message of an artist."""
    return pb.ArtistSummary(id=one.id, name=one.name)


def recommended(one: Recommended) -> track_pb.RecommendedTrack:
    """The message of a track of a list."""
    track, reason = one.track, one.reason
    return track_pb.RecommendedTrack(
        id=track.id,
        title=track.title,
        artist=track.artist,
        duration=track.duration_ms / 1000,
        duration_ms=track.duration_ms,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        artwork_path=track.artwork_path,
        score=one.score,
        reason=reason.text,
        reason_detail=track_pb.RecommendationReason(
            kind=_KINDS[reason.kind],
            track_id="" if reason.track is None else reason.track.id,
            artist_id="" if reason.artist is None else reason.artist.id,
        ),
    )


def fields_of(made: RecommendedList) -> dict[str, Any]:
    """The fields that every message of a list has."""
    return {
        "tracks": map(recommended, made.tracks),
        "source": source(made),
        "shown_id": made.shown_id,
    }


def source(made: RecommendedList | Shelf | SimilarArtists) -> track_pb.RecommendationSource:
    """The message of what a list was made from."""
    return track_pb.RecommendationSource(kind=_SOURCES[made.source], model_id=made.model_id)


def home(answer: HomeAnswer) -> pb.GetHomeResponse:
    """The message of what a user sees first."""
    return pb.GetHomeResponse(
        shelves=map(_shelf, answer.shelves),
        made_at=timestamp_of_ms(answer.home.made_at_ms),
        origin=_ORIGINS[answer.origin],
    )


def _shelf(shelf: Shelf) -> pb.Shelf:
    return pb.Shelf(
        kind=_SHELVES[shelf.kind],
        title=shelf.title,
        shown_id=shelf.shown_id,
        tracks=map(recommended, shelf.tracks),
        source=source(shelf),
        track_id="" if shelf.because is None else shelf.because.id,
    )


def discover_weekly(found: DiscoverWeekly) -> pb.GetDiscoverWeeklyResponse:
    """The message of the list of a week."""
    return pb.GetDiscoverWeeklyResponse(
        **fields_of(found.made),
        week=str(found.week),
        replaced_at=timestamp_of_ms(found.week.ends_ms),
        is_short=found.is_short,
        playlist_id=found.playlist_id,
    )
