from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.domain.fragments import (
    FragmentSplitter,
    MalformedMedia,
    Span,
    TrackFormat,
    read_init,
    read_span,
)

TRACK = TrackFormat(44_100, 2, 1024, False, (b"mp4a", b"\x12\x10"), 1024)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def esds(average_bitrate: int, configuration: bytes = b"\x12\x10") -> bytes:
    specific = b"\x05" + bytes([len(configuration)]) + configuration
    decoder = b"\x40\x15\0\0\0" + words(average_bitrate, average_bitrate) + specific
    # A length in several bytes, as packagers write it.
    decoder = b"\x04\x80\x80\x80" + bytes([len(decoder)]) + decoder
    return full(b"esds", 0, 0, b"\x03" + bytes([3 + len(decoder)]) + b"\0\x04\0" + decoder)


def init(
    average_bitrate: int = 128_000,
    timescale: int = 44_100,
    kind: bytes = b"mp4a",
    delay: int = 1024,
) -> bytes:
    entry = box(kind, b"\0" * 16, struct.pack(">HH", 2, 16), b"\0" * 8, esds(average_bitrate))
    stbl = box(b"stbl", full(b"stsd", 0, 0, words(1), entry))
    mdia = box(b"mdia", full(b"mdhd", 0, 0, words(0, 0, timescale, 0, 0)), box(b"minf", stbl))
    edts = box(b"edts", full(b"elst", 0, 0, words(1, 0, delay, 1 << 16)))
    mvex = box(b"mvex", full(b"trex", 0, 0, words(1, 1, 1024, 0, 0)))
    return box(b"ftyp", b"mp41") + box(b"moov", box(b"trak", edts, mdia), mvex)


def fragment(start: int, *durations: int, version: int = 1) -> bytes:
    tfdt = full(b"tfdt", version, 0, struct.pack(">Q" if version else ">I", start))
    samples = b"".join(words(d, 100) for d in durations)
    trun = full(b"trun", 0, 0x301, words(len(durations), 0), samples)
    traf = box(b"traf", full(b"tfhd", 0, 0x20000, words(1)), tfdt, trun)
    return box(b"moof", traf) + box(b"mdat", b"x")


def test_an_init_tells_rate_delay_channels_and_configuration() -> None:
    track = read_init(init())
    assert (track.sample_rate, track.delay, track.channels) == (44_100, 1024, 2)
    assert track.configuration == (b"mp4a", b"\x12\x10")
    assert not track.encrypted


def test_rungs_of_one_ladder_have_equal_configurations_whatever_their_bitrate() -> None:
    assert read_init(init(128_000)).configuration == read_init(init(320_000)).configuration


def test_an_encrypted_entry_is_seen() -> None:
    assert read_init(init(kind=b"enca")).encrypted


def test_a_span_goes_from_the_first_tick_to_the_last_samples_end() -> None:
    assert read_span(fragment(441_344, 1024, 1024, 594), TRACK) == Span(441_344, 443_986)
    assert read_span(fragment(7, 1024, version=0), TRACK) == Span(7, 1031)


def test_the_default_duration_counts_where_samples_state_none() -> None:
    traf = box(
        b"traf",
        full(b"tfhd", 0, 0x2003A, words(1, 1, 960, 377, 0)),
        full(b"tfdt", 0, 0, words(0)),
        full(b"trun", 0, 0x1, words(3, 0)),
    )
    assert read_span(box(b"moof", traf), TRACK) == Span(0, 3 * 960)


def test_fragments_in_a_row_are_one_span_and_a_gap_is_damage() -> None:
    assert read_span(fragment(0, 1024) + fragment(1024, 1024), TRACK) == Span(0, 2048)
    with pytest.raises(MalformedMedia, match="gap"):
        read_span(fragment(0, 1024) + fragment(2048, 1024), TRACK)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0", b"\0\0\0\x04abcd", b"\xff\xff\xff\xffmoof", box(b"mdat", b""), b"\0" * 64],
)
def test_what_is_no_media_is_named_malformed(content: bytes) -> None:
    with pytest.raises(MalformedMedia):
        read_init(content)
    with pytest.raises(MalformedMedia):
        read_span(content, TRACK)


@given(st.data())
def test_damaged_media_is_read_or_named_malformed_never_anything_else(data: st.DataObject) -> None:
    for read, whole in (
        (read_init, init()),
        (lambda content: read_span(content, TRACK), fragment(0, 1024, 1024)),
    ):
        damaged = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(damaged)))
        with contextlib.suppress(MalformedMedia):
            assert read(bytes(damaged[:cut]))


@given(st.lists(st.integers(1, 400), max_size=30))
def test_fragments_are_cut_the_same_however_they_arrive(sizes: list[int]) -> None:
    parts = [box(b"styp", b"cmfs") + fragment(0, 1024), fragment(1024, 1024), fragment(2048, 594)]
    whole, found = b"".join(parts), list[bytes]()
    splitter = FragmentSplitter()
    for size in [*sizes, len(whole)]:
        found += splitter.feed(whole[:size])
        whole = whole[size:]
    assert found == parts
    assert splitter.pending == 0


def test_a_fragment_that_is_cut_off_stays_pending() -> None:
    splitter = FragmentSplitter()
    assert splitter.feed(fragment(0, 1024)[:-1]) == []
    assert splitter.pending > 0
    with pytest.raises(MalformedMedia, match="size"):
        FragmentSplitter().feed(b"\0\0\0\x01abcd")
