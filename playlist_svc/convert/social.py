"""Following, blocking and privacy on the wire."""

from __future__ import annotations

from segue.identity.v1.person_pb2 import Person
from segue.playlist.v1 import social_service_pb2 as pb

from meshkit.timestamps import timestamp_of_us
from playlist_svc.convert.people import person
from playlist_svc.domain.library import Saved
from playlist_svc.domain.social import Artist, Audience, Block, Circle, Connection, ConnectionKind
from playlist_svc.usecases.social import Connections, RelationView


def kind(value: int) -> ConnectionKind | None:
    """The kind that a list is asked for, None for all."""
    if value == pb.Connection.KIND_UNSPECIFIED:
        return None
    return ConnectionKind(pb.Connection.Kind.Name(pb.Connection.Kind.ValueType(value)))


def circle(value: int) -> Circle | None:
    """The circle that is asked for; None for unchanged."""
    if value == pb.Audience.CIRCLE_UNSPECIFIED:
        return None
    return Circle(pb.Audience.Circle.Name(pb.Audience.Circle.ValueType(value)))


def audience(one: Audience) -> pb.Audience:
    """Who may see what."""
    return pb.Audience(
        following=pb.Audience.Circle.Value(one.following.value),
        followers=pb.Audience.Circle.Value(one.followers.value),
    )


def connection(one: Connection, of: Connections) -> pb.Connection:
    """Someone in a list, with the name that goes with it."""
    message = pb.Connection(since=timestamp_of_us(one.since_us), mutual=one.mutual)
    if one.kind is ConnectionKind.ARTIST:
        message.artist.CopyFrom(pb.Connection.Artist(id=one.target_id, name=one.name))
    else:
        message.user.CopyFrom(person(one.target_id, of.names))
    return message


def connection_key(one: Connection) -> tuple[int, str]:
    """Where someone stands in a list."""
    return one.since_us, one.target_id


def block_key(one: Block) -> tuple[int, str]:
    """Where someone stands among those who are blocked."""
    return one.since_us, one.user_id


def blocked_artist(one: Saved[Artist]) -> pb.ListBlockedArtistsResponse.Block:
    """An artist who is blocked."""
    artist = pb.Connection.Artist(id=one.thing.artist_id, name=one.thing.name)
    return pb.ListBlockedArtistsResponse.Block(
        artist=artist, since=timestamp_of_us(one.saved_at_us)
    )


def blocked_artist_key(one: Saved[Artist]) -> tuple[int, str]:
    """Where an artist stands among those who are blocked."""
    return one.saved_at_us, one.thing.artist_id


def relation(user_id: str, standing: RelationView) -> pb.GetRelationResponse:
    """How the caller stands to the user ``user_id``."""
    stands = standing.relation
    return pb.GetRelationResponse(
        user=Person(user_id=user_id, username=standing.username),
        following=stands.following,
        followed_by=stands.followed_by,
        mutual=stands.following and stands.followed_by,
        blocking=stands.blocking,
        follower_count=standing.follower_count,
        following_count=standing.following_count,
    )
