"""What is written is read again, in every format; and which format a file has."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playlist_svc.domain.formats import (
    MAX_BYTES,
    MAX_ENTRIES,
    Document,
    FileEntry,
    FileMalformed,
    Format,
    read,
    track_id_of,
    track_identifier,
    write,
)
from playlist_svc.domain.formats.texts import MAX_TEXT, clean

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ANY_FORMAT = pytest.mark.parametrize("file_format", Format)
NASTY = st.sampled_from(
    [
        "שלום - عالم",
        "\u202eright to left\u202c",
        "zero\u200bwidth\u200d\ufeff",
        "two\nlines",
        "#EXTINF:1,no\r\n#EXTM3U",
        "a\u2028b\u2029c\x85d\x0be",
        "]]><!--&lt;'\"",
        "<title>&amp;</title>",
        '"quoted", and \\ slashed',
        " - ",
        "A - B - C",
        "-",
        "#hash",
        "\x00\x1b[31m",
        "\ud800",
        "\uffff\ufffe",
        "🎵👩\u200d🎤",
        ",comma",
        "%41%0a",
        "../../etc",
        "C:\\x",
        "\u3000wide\u00a0",
    ]
)
TEXTS = st.one_of(st.text(max_size=40), NASTY, st.tuples(NASTY, st.text(), NASTY).map(" ".join))
TRACKS = st.sampled_from(["", track_identifier(ULID)])
ENTRIES = st.builds(
    FileEntry,
    title=TEXTS,
    artist=TEXTS,
    album=TEXTS,
    duration_ms=st.none() | st.integers(1, 2**32 - 1),
    location=TEXTS,
    identifier=TEXTS | TRACKS,
)
DOCUMENTS = st.builds(
    Document,
    title=TEXTS,
    description=TEXTS,
    creator=TEXTS,
    entries=st.lists(ENTRIES, max_size=6).map(tuple),
)


def song(**changes: str | int | None) -> FileEntry:
    entry = FileEntry("Hyperballad", "Björk", "Post", 321_000, "", track_identifier(ULID))
    return replace(entry, **changes)  # type: ignore[arg-type]


def holding(*entries: FileEntry) -> Document:
    return Document("Mine", "", "", entries)


def cleaned(entry: FileEntry) -> FileEntry:
    return FileEntry(
        clean(entry.title),
        clean(entry.artist),
        clean(entry.album),
        entry.duration_ms,
        clean(entry.location),
        clean(entry.identifier),
    )


@given(DOCUMENTS)
@pytest.mark.parametrize("file_format", [Format.XSPF, Format.JSPF])
def test_xspf_and_jspf_carry_every_field_of_any_document(
    file_format: Format, document: Document
) -> None:
    again = read(write(document, file_format), file_format)
    assert again.title == clean(document.title)
    assert again.description == clean(document.description)
    assert again.creator == clean(document.creator)
    assert len(again.entries) == len(document.entries)
    for entry, was in zip(again.entries, map(cleaned, document.entries), strict=True):
        # A title that was empty may be guessed from the location.
        assert entry == was or (not was.title and was.location)


@given(DOCUMENTS)
@example(holding(song(title="", artist="")))
@example(holding(song(title="Live - Part 2", artist="")))
@example(holding(song(title="x\n#EXT-X-TARGETDURATION:1\nevil.mp3")))
def test_m3u8_carries_titles_artists_albums_and_whole_seconds_of_any_document(
    document: Document,
) -> None:
    again = read(write(document, Format.M3U8), Format.M3U8)
    assert again.title == clean(document.title)
    assert len(again.entries) == len(document.entries)
    for entry, was in zip(again.entries, map(cleaned, document.entries), strict=True):
        seconds = (was.duration_ms + 500) // 1000 if was.duration_ms else 0
        assert entry.duration_ms == (seconds * 1000 if 0 < seconds <= 4_294_967 else None)
        assert track_id_of(entry) == track_id_of(was)
        assert entry.album == was.album
        if was.title:
            assert (entry.title, entry.artist) == (was.title, was.artist)


@given(DOCUMENTS)
def test_an_m3u8_has_no_line_that_a_title_made(document: Document) -> None:
    lines = write(document, Format.M3U8).decode().splitlines()
    directives = [line.partition(":")[0] for line in lines if line.startswith("#")]
    assert set(directives) <= {"#EXTM3U", "#PLAYLIST", "#EXTINF", "#EXTART", "#EXTALB"}
    assert len(lines) - len(directives) == len(document.entries)
    assert directives.count("#EXTINF") == len(document.entries)


@given(DOCUMENTS)
@ANY_FORMAT
def test_a_written_file_tells_its_format(file_format: Format, document: Document) -> None:
    written = write(document, file_format)
    assert read(written) == read(written, file_format)


@given(DOCUMENTS)
@ANY_FORMAT
def test_what_was_read_is_written_and_read_the_same(
    file_format: Format, document: Document
) -> None:
    once = read(write(document, file_format))
    titled = replace(once, entries=tuple(entry for entry in once.entries if entry.title))
    assert read(write(titled, file_format)) == titled


@ANY_FORMAT
def test_a_track_of_segue_is_known_again(file_format: Format) -> None:
    document = holding(song())
    assert read(write(document, file_format)) == document
    assert track_id_of(read(write(document, file_format)).entries[0]) == ULID


@ANY_FORMAT
def test_ten_thousand_entries_fit_and_one_more_does_not(file_format: Format) -> None:
    full = holding(*[song()] * MAX_ENTRIES)
    written = write(full, file_format)
    assert len(written) < MAX_BYTES
    assert read(written) == full
    with pytest.raises(FileMalformed, match="more than 10,000 entries") as seen:
        read(write(holding(*full.entries, song()), file_format))
    places = {Format.M3U8: "Line 40006", Format.XSPF: "Element track 10,001"}
    assert seen.value.where == places.get(file_format, "playlist.track[10000]")


@pytest.mark.parametrize(
    ("identifier", "location", "track_id"),
    [
        (f"segue:track:{ULID}", "", ULID),
        ("", f"segue:track:{ULID}", ULID),
        ("https://musicbrainz.org/recording/x", f"segue:track:{ULID.lower()}", ULID),
        (f"segue:track:{ULID}X", "", None),
        (f"segue:track:{ULID[:-1]}U", "", None),
        (f"segue:album:{ULID}", ULID, None),
        (f"segue:track:8{ULID[1:]}", "", None),
        ("", "", None),
    ],
)
def test_the_track_of_an_entry_is_a_ulid_in_a_uri_of_segue(
    identifier: str, location: str, track_id: str | None
) -> None:
    assert track_id_of(song(identifier=identifier, location=location)) == track_id


@given(st.text() | NASTY)
def test_a_clean_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert len(once.splitlines()) <= 1
    assert len(clean(text * 2_001)) <= MAX_TEXT
    once.encode()


@ANY_FORMAT
def test_longer_texts_are_cut(file_format: Format) -> None:
    entry = read(write(holding(song(title="x" * 1_000_000)), file_format)).entries[0]
    assert entry.title == "x" * 2_000


def test_every_format_has_its_own_media_type_and_suffix() -> None:
    assert [(each.content_type, each.suffix) for each in Format] == [
        ("audio/mpegurl", ".m3u8"),
        ("application/xspf+xml", ".xspf"),
        ("application/jspf+json", ".jspf"),
    ]


def test_an_m3u8_reads_as_players_expect_it() -> None:
    document = Document(
        "Mine",
        "",
        "",
        (
            song(duration_ms=321_500),
            FileEntry("Untold", "", "", None, "", ""),
            FileEntry("#1", "", "", 499, "#odd.mp3", ""),
        ),
    )
    assert write(document, Format.M3U8).decode() == (
        "#EXTM3U\n#PLAYLIST:Mine\n"
        f"#EXTINF:322,Björk - Hyperballad\n#EXTART:Björk\n#EXTALB:Post\nsegue:track:{ULID}\n"
        "#EXTINF:-1,Untold\nUntold\n"
        "#EXTINF:0,#1\n./#odd.mp3\n"
    )


def test_an_xspf_is_xml_in_the_namespace_of_xspf() -> None:
    written = write(Document("T & <T>", "D", "C", (song(),)), Format.XSPF)
    root = ElementTree.fromstring(written)
    tag = "{http://xspf.org/ns/0/}"
    assert (root.tag, root.get("version")) == (f"{tag}playlist", "1")
    assert [child.tag.removeprefix(tag) for child in root] == [
        "title",
        "creator",
        "annotation",
        "trackList",
    ]
    assert root.findtext(f"{tag}title") == "T & <T>"
    assert {child.tag.removeprefix(tag): child.text for child in root[-1][0]} == {
        "identifier": f"segue:track:{ULID}",
        "title": "Hyperballad",
        "creator": "Björk",
        "album": "Post",
        "duration": "321000",
    }


def test_a_jspf_is_the_object_that_the_format_names() -> None:
    written = json.loads(write(Document("T", "", "C", (song(location="a.flac"),)), Format.JSPF))
    track = {
        "title": "Hyperballad",
        "creator": "Björk",
        "album": "Post",
        "duration": 321_000,
        "location": ["a.flac"],
        "identifier": [f"segue:track:{ULID}"],
    }
    assert written == {"playlist": {"title": "T", "creator": "C", "track": [track]}}


@ANY_FORMAT
def test_a_playlist_without_tracks_is_one(file_format: Format) -> None:
    assert read(write(Document("", "", "", ()), file_format)) == Document("", "", "", ())
