"""HLS playlists (RFC 8216, protocol version 7) of an asset descriptor. Pure functions.

All addresses are relative, so that players stay within the signed path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from segue.catalog.v1.asset_pb2 import Rung, Segment

from edge.media.domain.ladder import decimal_seconds, microseconds, presented_ticks

CONTENT_TYPE = "application/vnd.apple.mpegurl"

_MICRO = 1_000_000
_SEGMENTS_IN_PIECES = 3


def master_playlist(rungs: Sequence[Rung]) -> str:
    """The master playlist: one audio-only variant a rung, in the order given.

    Variants, not renditions of one group, are what players adapt over.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rung in rungs:
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={rung.peak_bps},AVERAGE-BANDWIDTH={rung.average_bps},"
            f'CODECS="{rung.codecs}",STABLE-VARIANT-ID="{rung.name}"'
        )
        lines.append(f"{rung.name}/index.m3u8")
    return _text(lines)


def media_playlist(rung: Rung) -> str:
    """The media playlist of one rung.

    Its first three segments are listed as byte ranges at their fragments. A player that fetches
    whole entries starts after ~2 s of audio, and has heard a third of its buffer by the time that
    it fetches a whole segment: over a link that gives little more than the rung takes, it would
    wait for that. EXTINF values add up to the rung's exact length.
    """
    entries = list(_entries(rung))
    durations = microseconds([ticks for _, ticks in entries], rung.timescale)
    # RFC 8216 4.3.3.1: no EXTINF, rounded to the nearest integer, exceeds the target.
    target = max(1, *((duration + _MICRO // 2) // _MICRO for duration in durations))
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init.mp4"',
    ]
    for (address, _), duration in zip(entries, durations, strict=True):
        lines.append(f"#EXTINF:{decimal_seconds(duration)},")
        lines.extend(address)
    lines.append("#EXT-X-ENDLIST")
    return _text(lines)


def _entries(rung: Rung) -> Iterator[tuple[list[str], int]]:
    """Pairs of an entry's lines after EXTINF and its ticks.

    Whole segments carry a byte range, too: FFmpeg 8.1 keeps the end of the last range on its
    persistent connections and would cut an entry without one there.
    """
    for number, (segment, heard) in enumerate(
        zip(rung.segments, presented_ticks(rung), strict=True), start=1
    ):
        pieces = [(0, segment.object.size, heard)]
        if number <= _SEGMENTS_IN_PIECES and segment.fragments:
            pieces = _pieces(segment, rung.timescale)
        if number == 1:
            (offset, size, _), *rest = pieces
            pieces = [(offset, size, heard - sum(ticks for _, _, ticks in rest)), *rest]
        for offset, size, duration in pieces:
            yield [f"#EXT-X-BYTERANGE:{size}@{offset}", f"{number}.m4s"], duration


def _pieces(segment: Segment, shortest: int) -> list[tuple[int, int, int]]:
    """Offset, size and ticks of what is fetched at a time: fragments of ``shortest`` ticks or more.

    Packagers close a segment with a fragment of a single frame, which is not worth a request: a
    shorter fragment joins the piece before it.
    """
    pieces: list[tuple[int, int, int]] = []
    for fragment in segment.fragments:
        if pieces and fragment.duration < shortest:
            offset, size, duration = pieces.pop()
            pieces.append((offset, size + fragment.size, duration + fragment.duration))
        else:
            pieces.append((fragment.offset, fragment.size, fragment.duration))
    return pieces


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
