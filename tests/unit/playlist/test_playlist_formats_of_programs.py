"""Playlist files as other programs write them."""

from __future__ import annotations

import json

import pytest

from playlist_svc.domain.formats import Document, FileEntry, Format, read
from playlist_svc.domain.formats.filenames import guess

VLC = """<?xml version="1.0" encoding="UTF-8"?>
<playlist xmlns="http://xspf.org/ns/0/" xmlns:vlc="http://www.videolan.org/vlc/playlist/ns/0/"
 version="1">
\t<title>Wiedergabeliste</title>
\t<trackList>
\t\t<track>
\t\t\t<location>file:///home/ada/Music/Bj%C3%B6rk/03%20-%20Bj%C3%B6rk%20-%20Jóga.flac</location>
\t\t\t<duration>305067</duration>
\t\t\t<extension application="http://www.videolan.org/vlc/playlist/0">
\t\t\t\t<vlc:id>0</vlc:id>
\t\t\t\t<vlc:option>file-caching=1000</vlc:option>
\t\t\t</extension>
\t\t</track>
\t\t<track>
\t\t\t<location>file:///C:/Music/x.mp3</location>
\t\t\t<title>Halo &amp; Horns</title>
\t\t\t<creator>Dolly <![CDATA[<Parton>]]></creator>
\t\t\t<album>
\t\t\t\tHalos
\t\t\t</album>
\t\t\t<annotation>not the playlist's</annotation>
\t\t\t<trackNum>7</trackNum>
\t\t\t<image>file:///art.png</image>
\t\t\t<duration>213000</duration>
\t\t\t<extension application="http://www.videolan.org/vlc/playlist/0">
\t\t\t\t<title>not the track's</title>
\t\t\t\t<vlc:title>nor this</vlc:title>
\t\t\t</extension>
\t\t</track>
\t</trackList>
\t<extension application="http://www.videolan.org/vlc/playlist/0">
\t\t<vlc:item tid="0"/>
\t\t<vlc:item tid="1"/>
\t</extension>
</playlist>
"""

LISTENBRAINZ = {
    "playlist": {
        "annotation": "<p>Made for ada</p>",
        "creator": "listenbrainz",
        "date": "2024-05-06T00:05:01.166132+00:00",
        "extension": {
            "https://musicbrainz.org/doc/jspf#playlist": {
                "additional_metadata": {"algorithm_metadata": {"source_patch": "weekly-jams"}},
                "creator": "listenbrainz",
                "public": True,
            }
        },
        "identifier": "https://listenbrainz.org/playlist/4245ccd3-4f0d-4276-95d6-2e09d87b5546",
        "title": "Weekly Jams",
        "track": [
            {
                "album": "Homogenic",
                "creator": "Björk",
                "duration": 305067,
                "extension": {
                    "https://musicbrainz.org/doc/jspf#track": {
                        "added_at": "2024-05-06T00:05:01.166132+00:00",
                        "artist_identifiers": ["https://musicbrainz.org/artist/87c5dedd"],
                    }
                },
                "identifier": ["https://musicbrainz.org/recording/e97f805a-ab48-4c52-855e"],
                "title": "Jóga",
            },
            {
                "creator": "Portishead",
                "identifier": "https://musicbrainz.org/recording/145f5c43",
                "location": "https://example.org/roads.mp3",
                "title": "Roads",
                "duration": None,
            },
        ],
    }
}

WINAMP = (
    "#EXTM3U\r\n"
    "#EXTINF:305,Björk - Jóga\r\n"
    "C:\\Music\\Björk\\Homogenic\\02 Jóga.mp3\r\n"
    "\r\n"
    "#EXTINF:-1,Radio Paradise\r\n"
    "http://stream.example.org/mp3-192\r\n"
    "#EXTINF:204,P!nk - So What - Live\r\n"
    "..\\P!nk\\So What.mp3\r\n"
)


def entry(title: str, artist: str = "", **fields: str | int | None) -> FileEntry:
    texts = {"album": "", "duration_ms": None, "location": "", "identifier": ""}
    return FileEntry(title, artist, **{**texts, **fields})  # type: ignore[arg-type]


def m3u(text: str) -> tuple[FileEntry, ...]:
    return read(text.encode(), Format.M3U8).entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_xspf_of_vlc_is_read_past_its_extensions(encoding: str) -> None:
    text = VLC.replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8")
    first = "file:///home/ada/Music/Bj%C3%B6rk/03%20-%20Bj%C3%B6rk%20-%20Jóga.flac"
    assert read(text.encode(encoding)) == Document(
        "Wiedergabeliste",
        "",
        "",
        (
            entry("Jóga", "Björk", duration_ms=305_067, location=first),
            entry(
                "Halo & Horns",
                "Dolly <Parton>",
                album="Halos",
                duration_ms=213_000,
                location="file:///C:/Music/x.mp3",
            ),
        ),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_jspf_of_listenbrainz_is_read_past_its_extensions(encoding: str) -> None:
    content = json.dumps(LISTENBRAINZ, indent=2, ensure_ascii=False).encode(encoding)
    assert read(content) == Document(
        "Weekly Jams",
        "<p>Made for ada</p>",
        "listenbrainz",
        (
            entry(
                "Jóga",
                "Björk",
                album="Homogenic",
                duration_ms=305_067,
                identifier="https://musicbrainz.org/recording/e97f805a-ab48-4c52-855e",
            ),
            entry(
                "Roads",
                "Portishead",
                location="https://example.org/roads.mp3",
                identifier="https://musicbrainz.org/recording/145f5c43",
            ),
        ),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_the_m3u_of_winamp_is_read_in_any_encoding_and_ending(encoding: str, ending: str) -> None:
    document = read(WINAMP.replace("\r\n", ending).encode(encoding))
    jóga = "C:\\Music\\Björk\\Homogenic\\02 Jóga.mp3"
    assert document.entries == (
        entry("Jóga", "Björk", duration_ms=305_000, location=jóga),
        entry("Radio Paradise", location="http://stream.example.org/mp3-192"),
        entry("So What - Live", "P!nk", duration_ms=204_000, location="..\\P!nk\\So What.mp3"),
    )


def test_bytes_that_the_code_page_of_windows_lacks_are_read_as_latin_1() -> None:
    assert read(b"Caf\xe9 \x81.mp3", Format.M3U8).entries[0].title == "Café"


def test_directives_of_an_entry_end_with_it_and_unknown_ones_are_passed_over() -> None:
    document = read(
        b"#EXTM3U url-tvg=x\n#extenc: UTF-8\n#PLAYLIST: Night drive \n# a remark\n#EXTIMG:front\n"
        b"#EXTALB:Mezzanine\n#EXTART:Massive Attack\n#EXTINF:330.52,Teardrop\nteardrop.mp3\n"
        b"#EXTVLCOPT:x=1\n#EXTINF:10\n01 Angel.mp3\nlast.mp3"
    )
    assert document.title == "Night drive"
    assert document.entries == (
        entry(
            "Teardrop",
            "Massive Attack",
            album="Mezzanine",
            duration_ms=330_520,
            location="teardrop.mp3",
        ),
        entry("Angel", duration_ms=10_000, location="01 Angel.mp3"),
        entry("last", location="last.mp3"),
    )


@pytest.mark.parametrize(
    ("directives", "artist", "title"),
    [
        ("#EXTINF:1,A - B", "A", "B"),
        ("#EXTINF:1,A - B - C", "A", "B - C"),
        ("#EXTART:A - B\n#EXTINF:1,A - B - C", "A - B", "C"),
        ("#EXTART:Various\n#EXTINF:1,A - B", "A", "B"),
        ("#EXTART:A\n#EXTINF:1,B", "A", "B"),
        ("#EXTART:\n#EXTINF:1,A - B", "", "A - B"),
        ('#EXTINF:-1 tvg-id="a,b" group-title="x - y" logo=z,A - B', "A", "B"),
        ('#EXTINF:-1 broken="a,A - B', "A", "B"),
        ("#EXTINF:many,A-B", "", "A-B"),
        ("#EXTINF:,B", "", "B"),
    ],
)
def test_artist_and_title_come_from_the_directives(
    directives: str, artist: str, title: str
) -> None:
    (read_entry,) = m3u(f"#EXTM3U\n{directives}\n01 - Other - File.mp3")
    assert (read_entry.artist, read_entry.title) == (artist, title)


@pytest.mark.parametrize(
    ("seconds", "duration_ms"),
    [
        ("12", 12_000),
        (" 12 ", 12_000),
        ("12.3456", 12_346),
        ("0", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("1_0", None),
        ("9" * 400, None),
        ("4294968", None),
    ],
)
def test_a_length_that_is_none_is_not_known(seconds: str, duration_ms: int | None) -> None:
    assert m3u(f"#EXTINF:{seconds},x\nx.mp3")[0].duration_ms == duration_ms


@pytest.mark.parametrize(
    ("location", "artist", "title"),
    [
        ("03 - Björk - Jóga.flac", "Björk", "Jóga"),
        ("Björk - Jóga.flac", "Björk", "Jóga"),
        ("03 Jóga.flac", "", "Jóga"),
        ("03. Jóga.flac", "", "Jóga"),
        ("1-03 Jóga.flac", "", "Jóga"),
        ("1-03 - Jóga.flac", "", "Jóga"),
        ("03_Björk_-_Jóga.flac", "Björk", "Jóga"),
        ("50 Cent - In da Club.mp3", "50 Cent", "In da Club"),
        ("05 Cent - In da Club.mp3", "Cent", "In da Club"),
        ("2-Pac - Changes.mp3", "2-Pac", "Changes"),
        ("7 - Changes.mp3", "", "Changes"),
        ("1979.mp3", "", "1979"),
        ("7.mp3", "", "7"),
        ("07.mp3", "", "07"),
        ("Mr. Tambourine Man", "", "Mr. Tambourine Man"),
        ("/a - b/c/01 - D.mp3", "", "D"),
        ("C:\\a - b\\D.mp3", "", "D"),
        ("http://h/a%20b/A%20-%20B%2FC.mp3?x=1/2#y", "A", "B/C"),
        ("https://h/%ff%00%0a.mp3", "", "\ufffd"),
        ("file:///C:/a/100%25.mp3", "", "100%"),
        ("a/100%25.mp3", "", "100%25"),
        ("http://host", "", ""),
        ("http://[broken/x.mp3", "", "x"),
        (".mp3", "", ".mp3"),
        ("a/", "", ""),
        ("", "", ""),
    ],
)
def test_a_file_name_tells_artist_and_title(location: str, artist: str, title: str) -> None:
    assert guess(location) == (artist, title)


def test_of_several_identifiers_the_one_of_segue_is_taken() -> None:
    track = "segue:track:01ARZ3NDEKTSV4RRFFQ69G5FAV"
    xspf = (
        '<playlist xmlns="http://xspf.org/ns/0/"><trackList><track><title>x</title>'
        f"<identifier/><identifier>a:b</identifier><identifier>{track}</identifier>"
        "<location/><location>one</location><location>two</location>"
        "</track></trackList></playlist>"
    )
    assert read(xspf.encode()).entries == (entry("x", location="one", identifier=track),)
    jspf = {"title": "x", "identifier": ["a:b", track], "location": ["", "one", "two"]}
    content = json.dumps({"playlist": {"track": [jspf]}}).encode()
    assert read(content).entries == (entry("x", location="one", identifier=track),)


def test_elements_of_other_namespaces_say_nothing() -> None:
    xspf = (
        '<x:playlist xmlns:x="http://xspf.org/ns/0/" xmlns="urn:other"><title>no</title>'
        "<x:title>yes</x:title><trackList><track/></trackList>"
        "<x:trackList><track/><x:track><title>no</title><x:title>y<b>no</b>es</x:title></x:track>"
        "</x:trackList></x:playlist>"
    )
    assert read(xspf.encode()) == Document("yes", "", "", (entry("yes"),))
