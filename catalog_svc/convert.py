"""Between the domain and the messages of the contract. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

from segue.catalog.v1 import asset_pb2, catalog_pb2, catalog_service_pb2
from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.playlist.v1 import playlist_pb2

from catalog_svc.domain.asset import FORMAT_VERSION, Asset, Fragment, Rung, Segment, StoredObject
from catalog_svc.domain.catalogue import (
    SILENT_ALBUM,
    SILENT_ARTIST,
    Access,
    Album,
    Artist,
    Genre,
    ReleaseYear,
    Streamable,
    Track,
)
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from catalog_svc.domain.imports import Import, ImportFile
from catalog_svc.domain.packed_ids import RAW_SIZE, UNKNOWN, packed, unpacked
from catalog_svc.domain.playlists import Playlist
from catalog_svc.domain.tags import clean, prose
from meshkit.faults import InvalidArgument
from meshkit.feeds import Change, Op
from meshkit.timestamps import timestamp_of

_ARTWORK = "/media/v1/artwork/"
_REMOVED = {
    "track": pb.WatchChangesResponse.Removed.TRACK,
    "album": pb.WatchChangesResponse.Removed.ALBUM,
    "artist": pb.WatchChangesResponse.Removed.ARTIST,
}


def artwork_path(sha256: str) -> str:
    """Where a cover is served, under the edge; empty for none."""
    return f"{_ARTWORK}{sha256}" if sha256 else ""


def packed_ids(ids: Iterable[str]) -> bytes:
    """Ids as 16 bytes each, in the same order; zeros for an empty one."""
    return packed(one or UNKNOWN for one in ids)


def unpacked_ids(field: str, raw: bytes) -> list[str]:
    """The ids that are packed in a field; raises ``InvalidArgument`` when there is part of one."""
    if len(raw) % RAW_SIZE:
        raise InvalidArgument.field(field, f"must be {RAW_SIZE} bytes for each id")
    return unpacked(raw)


def track(one: Track) -> catalog_pb2.Track:
    """A track as clients and the feed see it."""
    message = catalog_pb2.Track(
        id=one.id,
        title=one.title,
        artist=one.artist,
        artist_id=one.artist_id,
        album=one.album,
        album_id=one.album_id,
        disc_number=one.disc_number,
        track_number=one.track_number,
        duration=one.duration_ms / 1000,
        duration_ms=one.duration_ms,
        genres=one.genres,
        year=one.year,
        streams_total=one.streams_total,
        bitrates_available=one.bitrates_kbps,
        rungs=one.rungs,
        access=catalog_pb2.Track.Access.ValueType(one.access),
        state=catalog_pb2.Track.State.ValueType(one.state),
        artwork_path=artwork_path(one.artwork),
        created_at=timestamp_of(one.created_at),
        hidden=one.taken_down,
    )
    if one.loudness is not None:
        message.loudness.integrated_lufs = one.loudness.integrated_lufs
        message.loudness.true_peak_dbtp = one.loudness.true_peak_dbtp
    return message


def track_edit(request: catalog_service_pb2.UpdateTrackRequest) -> TrackEdit:
    """What shall be other of a track."""
    said = request.track
    _require_same_id("track.id", said.id, request.id)
    return TrackEdit(
        title=clean(said.title) if said.HasField("title") else None,
        artist=clean(said.artist) if said.HasField("artist") else None,
        access=Access(said.access) if said.access else None,
        hidden=said.hidden if said.HasField("hidden") else None,
    )


def album_edit(request: catalog_service_pb2.UpdateAlbumRequest) -> AlbumEdit:
    """What shall be other of an album."""
    said = request.album
    _require_same_id("album.id", said.id, request.id)
    return AlbumEdit(
        title=clean(said.title) if said.HasField("title") else None,
        year=said.year if said.HasField("year") else None,
        hidden=said.hidden if said.HasField("hidden") else None,
    )


def artist_edit(request: catalog_service_pb2.UpdateArtistRequest) -> ArtistEdit:
    """What shall be other of an artist."""
    said = request.artist
    _require_same_id("artist.id", said.id, request.id)
    return ArtistEdit(
        name=clean(said.name) if said.HasField("name") else None,
        bio=prose(said.bio) if said.HasField("bio") else None,
        hidden=said.hidden if said.HasField("hidden") else None,
    )


def _require_same_id(field: str, said: str, asked: str) -> None:
    if said not in ("", asked):
        raise InvalidArgument.field(field, "is not that of the path")


def genre(one: Genre) -> catalog_pb2.Genre:
    """A genre as clients see it."""
    return catalog_pb2.Genre(name=one.name, track_count=one.track_count)


def release_year(one: ReleaseYear) -> catalog_pb2.ReleaseYear:
    """A year of release as clients see it."""
    return catalog_pb2.ReleaseYear(
        year=one.year, track_count=one.track_count, album_count=one.album_count
    )


def sized(one: Streamable, sizes: Iterable[int]) -> pb.LookupAssetsResponse.Asset:
    """What a track weighs; ``sizes`` are those of its rungs."""
    return pb.LookupAssetsResponse.Asset(
        track_id=one.track_id,
        version=one.version,
        descriptor_sha256=one.descriptor,
        rungs=[
            pb.LookupAssetsResponse.RungSize(rung=name, bitrate=kbps, size_bytes=size)
            for (name, kbps), size in zip(one.rungs, sizes, strict=True)
        ],
    )


def artist(one: Artist) -> catalog_pb2.Artist:
    """An artist as clients and the feed see it."""
    return catalog_pb2.Artist(
        id=one.id,
        name=one.name,
        bio=one.bio,
        followers_count=one.followers_count,
        track_count=one.track_count,
        created_at=timestamp_of(one.created_at),
        hidden=one.taken_down,
    )


def album(one: Album) -> catalog_pb2.Album:
    """An album as clients and the feed see it."""
    return catalog_pb2.Album(
        id=one.id,
        title=one.title,
        artist=one.artist,
        artist_id=one.artist_id,
        year=one.year,
        track_count=one.track_count,
        total_duration_ms=one.total_duration_ms,
        artwork_path=artwork_path(one.artwork),
        created_at=timestamp_of(one.created_at),
        hidden=one.taken_down,
    )


def playlist(one: Playlist) -> playlist_pb2.Playlist:
    """What the feed and search know of a public playlist."""
    return playlist_pb2.Playlist(
        playlist_id=one.id,
        title=one.title,
        description=one.description,
        visibility=playlist_pb2.Playlist.PUBLIC,
        is_public=True,
        owner=one.owner,
        track_count=one.track_count,
        follower_count=one.follower_count,
    )


def import_run(one: Import) -> catalog_pb2.Import:
    """A run with its counts."""
    counts = one.counts
    return catalog_pb2.Import(
        id=one.id,
        path=one.path,
        state=catalog_pb2.Import.State.ValueType(one.state),
        files_found=counts.found,
        files_unchanged=counts.unchanged,
        files_duplicate=counts.duplicate,
        files_searchable=counts.searchable,
        files_playable=counts.playable,
        files_complete=counts.complete,
        files_failed=counts.failed,
        audio_ms=counts.audio_ms,
        error=one.error,
        created_at=timestamp_of(one.created_at),
        finished_at=timestamp_of(one.finished_at) if one.finished_at else None,
    )


def import_file(one: ImportFile) -> catalog_pb2.ImportFile:
    """A file of a run."""
    return catalog_pb2.ImportFile(
        path=one.path.decode("utf-8", "replace"),
        state=catalog_pb2.ImportFile.State.ValueType(one.state),
        track_id=one.track_id,
        reason=one.reason,
    )


def change(token: str, one: Change | None) -> pb.WatchChangesResponse:
    """A change of the feed, if any, with the token that resumes after it."""
    if one is None:
        return pb.WatchChangesResponse(resume_token=token)
    message = pb.WatchChangesResponse(resume_token=token, version=one.version)
    if one.op is Op.DELETE:
        message.removed.kind = _REMOVED[one.entity]
        message.removed.id = one.id
    elif one.entity == "track":
        message.track.MergeFromString(one.payload)
    elif one.entity in ("album", SILENT_ALBUM):
        message.album.MergeFromString(one.payload)
    elif one.entity in ("artist", SILENT_ARTIST):
        message.artist.MergeFromString(one.payload)
    return message


def descriptor(asset: Asset) -> asset_pb2.AssetDescriptor:
    """An asset in the form that is stored; equal assets serialise to equal bytes."""
    return asset_pb2.AssetDescriptor(
        format_version=FORMAT_VERSION,
        track_id=asset.track_id,
        duration_ms=asset.duration_ms,
        sample_rate_hz=asset.sample_rate_hz,
        channels=asset.channels,
        num_samples=asset.num_samples,
        rungs=[_rung(rung) for rung in asset.rungs],
    )


def _rung(rung: Rung) -> asset_pb2.Rung:
    return asset_pb2.Rung(
        name=rung.name,
        codecs=rung.codecs,
        bitrate=rung.bitrate_kbps,
        peak_bps=rung.peak_bps,
        average_bps=rung.average_bps,
        timescale=rung.timescale,
        encoder_delay=rung.encoder_delay,
        end_padding=rung.end_padding,
        init=_stored(rung.init),
        segments=[
            asset_pb2.Segment(
                object=_stored(segment.object),
                duration=segment.duration,
                fragments=[
                    asset_pb2.Fragment(offset=part.offset, size=part.size, duration=part.duration)
                    for part in segment.fragments
                ],
            )
            for segment in rung.segments
        ],
    )


def _stored(stored: StoredObject) -> asset_pb2.StoredObject:
    return asset_pb2.StoredObject(sha256=stored.sha256, size=stored.size)


def asset(message: asset_pb2.AssetDescriptor) -> Asset:
    """The asset that a stored descriptor describes."""
    return Asset(
        track_id=message.track_id,
        duration_ms=message.duration_ms,
        sample_rate_hz=message.sample_rate_hz,
        channels=message.channels,
        num_samples=message.num_samples,
        rungs=tuple(_rung_of(rung) for rung in message.rungs),
    )


def _rung_of(rung: asset_pb2.Rung) -> Rung:
    return Rung(
        name=rung.name,
        codecs=rung.codecs,
        bitrate_kbps=rung.bitrate,
        peak_bps=rung.peak_bps,
        average_bps=rung.average_bps,
        timescale=rung.timescale,
        encoder_delay=rung.encoder_delay,
        end_padding=rung.end_padding,
        init=StoredObject(rung.init.sha256, rung.init.size),
        segments=tuple(
            Segment(
                StoredObject(segment.object.sha256, segment.object.size),
                segment.duration,
                tuple(Fragment(p.offset, p.size, p.duration) for p in segment.fragments),
            )
            for segment in rung.segments
        ),
    )
