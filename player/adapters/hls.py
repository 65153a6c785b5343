"""HLS playlists (RFC 8216) into the domain's terms, refusing what must not be played.

A playlist comes from the network: its addresses may only point to the origin it came from, and
nothing in it is believed to be small, finite or in order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import m3u8

from player.domain.playlist import ByteRange, MediaPlaylist, Piece, Resource, Rung
from player.errors import PlaylistRejected

MAX_PLAYLIST_BYTES = 4 * 1024 * 1024
MAX_RUNGS = 64
_NAMES = frozenset(("128", "192", "256", "320", "flac"))
MAX_PIECES = 100_000
MAX_PIECE_S = 60.0
MAX_KBPS = 100_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_AUDIO_CODECS = ("mp4a.40.", "flac")


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an absolute http(s) address. Raises PlaylistRejected."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise PlaylistRejected(f"not a usable address: {url[:200]!r}") from error
    if scheme not in _DEFAULT_PORTS or not host:
        raise PlaylistRejected(f"not an absolute http(s) address: {url[:200]!r}")
    return scheme, host, port or _DEFAULT_PORTS[scheme]


def _resolve(base: str, reference: str | None) -> str:
    if not reference:
        raise PlaylistRejected("a playlist entry has no address")
    try:
        url = urljoin(base, reference)
    except ValueError as error:
        raise PlaylistRejected(f"not a usable address: {reference[:200]!r}") from error
    if origin_of(url) != origin_of(base):
        raise PlaylistRejected(f"the playlist points to another origin: {reference[:200]!r}")
    return url


def _parse(content: bytes) -> Mapping[str, Any]:
    if len(content) > MAX_PLAYLIST_BYTES:
        raise PlaylistRejected(f"the playlist is larger than {MAX_PLAYLIST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
        if not text.startswith("#EXTM3U"):
            raise PlaylistRejected("this is not an HLS playlist: it does not start with #EXTM3U")
        parsed: Mapping[str, Any] = m3u8.parse(text)
    except PlaylistRejected:
        raise
    # The parser lets whatever its conversions raise on hostile text pass through.
    except Exception as error:
        raise PlaylistRejected(f"the playlist cannot be read: {str(error)[:200]}") from error
    return parsed


class HlsReader:
    """A PlaylistReader for HLS."""

    def master(self, content: bytes, url: str) -> tuple[Rung, ...]:
        """See parse_master."""
        return parse_master(content, url)

    def media(self, content: bytes, url: str) -> MediaPlaylist:
        """See parse_media."""
        return parse_media(content, url)


def parse_master(content: bytes, url: str) -> tuple[Rung, ...]:
    """The audio rungs of a master playlist, in its order, one per address.

    Raises PlaylistRejected for a media playlist, no playable rung, or an address elsewhere.
    """
    parsed = _parse(content)
    variants = parsed.get("playlists") or []
    if not parsed.get("is_variant") or not variants:
        raise PlaylistRejected("this is not a master playlist: it lists no variants")
    if len(variants) > MAX_RUNGS:
        raise PlaylistRejected(f"more than {MAX_RUNGS} variants")
    rungs: dict[str, Rung] = {}
    for variant in variants:
        attributes = variant.get("stream_info") or {}
        codec = str(attributes.get("codecs") or "").strip('" ')
        if codec.lower().startswith(_AUDIO_CODECS) and "," not in codec:
            address = _resolve(url, variant.get("uri"))
            name = str(attributes.get("stable_variant_id") or "").strip('"')
            kbps = _kbps(attributes, name)
            name = name if name in _NAMES else ""
            rungs.setdefault(address, Rung(kbps, codec, address, name))
    if not rungs:
        raise PlaylistRejected("the stream has no AAC or FLAC audio rung")
    return tuple(rungs.values())


def _kbps(attributes: Mapping[str, Any], name: str) -> int:
    """The nominal bitrate: the rung's own name where it is one, else the average, rounded."""
    bits = attributes.get("average_bandwidth") or attributes.get("bandwidth")
    kbps = round(bits / 1000) if isinstance(bits, int | float) and math.isfinite(bits) else 0
    if not 0 < kbps <= MAX_KBPS:
        raise PlaylistRejected("a variant has no usable BANDWIDTH")
    if name.isascii() and name.isdecimal() and kbps / 2 <= int(name) <= 2 * kbps:
        return int(name)
    return _nominal(kbps)


def _nominal(kbps: int) -> int:
    """128 for 128.03 or 131.4: container overhead does not make another rung."""
    for rung in (128, 192, 256, 320):
        if rung - 8 <= kbps <= rung * 1.06:
            return rung
    return kbps


def parse_media(content: bytes, url: str) -> MediaPlaylist:
    """The timeline of one rung.

    Raises PlaylistRejected for live or encrypted streams, a missing EXT-X-MAP, absurd durations,
    discontinuities, or an address elsewhere.
    """
    parsed = _parse(content)
    segments = parsed.get("segments") or []
    if not segments:
        raise PlaylistRejected("the media playlist lists no segments")
    if len(segments) > MAX_PIECES:
        raise PlaylistRejected(f"more than {MAX_PIECES} segments")
    if not parsed.get("is_endlist"):
        raise PlaylistRejected("live streams are not played: EXT-X-ENDLIST is missing")
    if any((key or {}).get("method", "NONE") != "NONE" for key in parsed.get("keys") or []):
        raise PlaylistRejected(
            "the stream is encrypted and this player holds no licence",
            remedy="Play a track that is not encrypted.",
        )
    pieces = _pieces(segments, url)
    target = float(parsed.get("targetduration") or max(p.duration_s for p in pieces))
    return MediaPlaylist(_init(segments, url), pieces, target)


def _init(segments: list[Mapping[str, Any]], url: str) -> Resource:
    maps = [segment.get("init_section") for segment in segments]
    first = maps[0]
    if not first or any(other != first for other in maps):
        raise PlaylistRejected("the media playlist needs exactly one EXT-X-MAP")
    return Resource(_resolve(url, first.get("uri")), _byte_range(first.get("byterange"), 0))


def _pieces(segments: list[Mapping[str, Any]], url: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    start_s = 0.0
    for segment in segments:
        duration = float(segment.get("duration") or 0.0)
        if not 0.0 < duration <= MAX_PIECE_S:
            raise PlaylistRejected(f"a segment lasts {duration} s")
        if segment.get("discontinuity"):
            raise PlaylistRejected("the stream has a discontinuity")
        address = _resolve(url, segment.get("uri"))
        follows = _end_in(pieces[-1], address) if pieces else 0
        resource = Resource(address, _byte_range(segment.get("byterange"), follows))
        pieces.append(Piece(resource, start_s, duration))
        start_s += duration
    return tuple(pieces)


def _end_in(previous: Piece, url: str) -> int:
    """Where a byte range without an offset starts: after the previous one of the same address."""
    span = previous.resource.byte_range
    return span.offset + span.length if span and previous.resource.url == url else 0


def _byte_range(value: str | None, follows: int) -> ByteRange | None:
    if not value:
        return None
    length, _, offset = value.strip('"').partition("@")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise PlaylistRejected(f"not a byte range: {value[:80]!r}")
    if offset and not (offset.isascii() and offset.isdigit() and len(offset) < 16):
        raise PlaylistRejected(f"not a byte range: {value[:80]!r}")
    if int(length) == 0:
        raise PlaylistRejected("a byte range is empty")
    return ByteRange(int(offset) if offset else follows, int(length))
