"""Between recommendations and the messages of their contract."""

from __future__ import annotations

from segue.rec.v1 import recommendation_service_pb2 as pb

from rec_svc.domain.tracks import Artist


def artist(one: Artist) -> pb.ArtistSummary:
    """The message of an artist."""
    return pb.ArtistSummary(id=one.id, name=one.name)
