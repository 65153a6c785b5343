"""What is no playlist is refused in words, whatever the bytes."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlist_svc.domain.formats import (
    MAX_BYTES,
    Document,
    FileEntry,
    FileMalformed,
    Format,
    read,
    write,
)

ANY_FORMAT = pytest.mark.parametrize("file_format", Format)
OPEN = '<playlist version="1" xmlns="http://xspf.org/ns/0/">'
CLOSE = "</playlist>"
SMALL = Document("T", "D", "C", (FileEntry("a", "b", "c", 1_000, "d", "e"),) * 2)


def refused(content: str | bytes, file_format: Format | None = None) -> str:
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(FileMalformed) as seen:
        read(data, file_format)
    assert len(str(seen.value)) < 250
    assert str(seen.value).isprintable()
    assert "x" * 81 not in str(seen.value)
    return str(seen.value)


def billion_laughs() -> str:
    levels = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    return f'<!DOCTYPE l [<!ENTITY a0 "lol">{levels}]>{OPEN}<title>&a11;</title>{CLOSE}'


@pytest.mark.parametrize(
    "content", [b"", b"\n \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\n" * 10_000]
)
@pytest.mark.parametrize("file_format", [None, *Format])
def test_an_empty_file_is_refused(content: bytes, file_format: Format | None) -> None:
    assert refused(content, file_format) == "The file is empty."


@ANY_FORMAT
def test_a_file_over_the_bound_is_refused_unread(file_format: Format) -> None:
    assert "3,000,000 bytes" in refused(b"x" * (MAX_BYTES + 1), file_format)


@pytest.mark.parametrize(
    "directive",
    ["#EXT-X-TARGETDURATION:6", "#EXT-X-STREAM-INF:BANDWIDTH=1", "#ext-x-media-sequence:0"],
)
def test_a_stream_is_no_list_of_tracks(directive: str) -> None:
    said = refused(f"#EXTM3U\n#EXT-X-VERSION:7\n{directive}\nindex.m3u8\n")
    assert said.startswith("Line 3: #EXT-X-")
    assert "HLS" in said


def test_a_pls_is_refused_as_what_it_is() -> None:
    assert "PLS" in refused("[playlist]\nFile1=x.mp3\n")


def test_a_m3u_of_remarks_alone_is_refused() -> None:
    assert "#EXTM3U" in refused("# nothing\n# here\n")


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_a_nul_byte_in_an_m3u_is_found_in_its_line(ending: str) -> None:
    said = refused(ending.join(["#EXTM3U", "a.mp3", "b\0.mp3"]))
    assert said.startswith("Line 3: a NUL byte")


def test_a_page_of_the_web_is_no_m3u() -> None:
    assert "markup" in refused("\n<html></html>", Format.M3U8)


def test_a_nul_byte_in_xml_or_json_is_found_in_its_line() -> None:
    assert refused(f"{OPEN}\n<title>\0</title>{CLOSE}").startswith("Line 2")
    assert refused('{"playlist":\n{"title": "\0"}}').startswith("Line 2, column 12")


def test_a_file_that_says_utf_8_must_be_in_it() -> None:
    assert refused(b"\xef\xbb\xbf#EXTM3U\nCaf\xe9.mp3").startswith("Line 2: ")
    assert refused(b'{"playlist":\n\n{"title": "Caf\xe9"}}').startswith("Line 3: ")
    assert refused(OPEN.encode() + b"\n<title>Caf\xe9</title></playlist>").startswith("Line 2: ")


def test_utf_16_without_its_mark_is_refused() -> None:
    assert "NUL" in refused("#EXTM3U\na.mp3".encode("utf-16-le"))


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "rot13", "hex", "nope", "cp037"])
def test_an_xml_in_an_encoding_unknown_is_refused(encoding: str) -> None:
    refused(f'<?xml version="1.0" encoding="{encoding}"?>{OPEN}{CLOSE}')


@ANY_FORMAT
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused_or_shorter(
    file_format: Format, data: st.DataObject
) -> None:
    whole = write(SMALL, file_format)
    cut = whole[: data.draw(st.integers(0, len(whole.rstrip()) - 1))]
    if file_format is Format.M3U8 and cut.startswith(b"#EXTM3U"):
        assert len(read(cut).entries) <= 2
    else:
        refused(cut, file_format)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "content",
    [
        billion_laughs(),
        "<!-- > -->" * 1_000 + billion_laughs(),
        f"<!DOCTYPE playlist>{OPEN}{CLOSE}",
        f'<!DOCTYPE playlist SYSTEM "file:///etc/passwd">{OPEN}{CLOSE}',
        f'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>{OPEN}<title>&x;</title>{CLOSE}',
        f'<!DOCTYPE p [<!ENTITY % x SYSTEM "http://h/x.dtd">%x;]>{OPEN}{CLOSE}',
        f'<!DOCTYPE p [<!ENTITY x "{"x" * 100_000}">]>{OPEN}<title>{"&x;" * 1_000}</title>{CLOSE}',
    ],
)
def test_a_document_type_declaration_is_refused(content: str, encoding: str) -> None:
    assert "<!DOCTYPE>" in refused(content.encode(encoding), Format.XSPF)


def test_an_entity_that_nothing_declares_is_refused() -> None:
    said = refused(f"{OPEN}\n<title>&{'x' * 1_000};</title>{CLOSE}")
    assert said == "Line 2: the XML cannot be read: undefined entity"


@pytest.mark.parametrize(
    "content",
    [
        "<html/>",
        "<playlist/>",
        '<playlist xmlns="http://xspf.org/ns/1/"/>',
        '<trackList xmlns="http://xspf.org/ns/0/"/>',
        f"<{'x' * 100_000}/>",
    ],
)
def test_another_root_or_namespace_is_refused(content: str) -> None:
    said = refused(content)
    assert said.startswith("Element ")
    assert "http://xspf.org/ns/0/" in said


@pytest.mark.parametrize("inside", ["<a>" * 33, "<a>" * 900_000, "<a/>" * 400_001])
def test_an_xml_too_deep_or_of_too_many_elements_is_refused(inside: str) -> None:
    assert "too many elements" in refused(OPEN + inside)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"playlist":' * 100_000,
        '{"playlist":{"track":' + "[" * 100_000 + "]" * 100_000 + "}}",
    ],
)
def test_json_nested_deep_is_refused(content: str) -> None:
    assert "nested" in refused(content, Format.JSPF)


@pytest.mark.parametrize(
    ("playlist", "where"),
    [
        ('{"track":[{"duration":' + "9" * 100_000 + "}]}", '"999'),
        ('{"track":[{"duration":-9999999999999999999}]}', '"-999'),
        ('{"track":[{"duration":NaN}]}', '"NaN"'),
        ('{"track":{}}', "playlist.track:"),
        ('{"track":[{},[]]}', "playlist.track[1]:"),
        ('{"track":[{"title":7}]}', "playlist.track[0].title:"),
        ('{"track":[{"location":{}}]}', "playlist.track[0].location:"),
        ('{"track":[{"identifier":["a",null]}]}', "playlist.track[0].identifier:"),
        ('{"title":[]}', "playlist.title:"),
        ('{"title":"x",}', "Line 1, column 26:"),
    ],
)
def test_json_of_another_shape_is_refused_at_its_place(playlist: str, where: str) -> None:
    assert refused(f'{{"playlist":{playlist}}}').startswith(where)


@pytest.mark.parametrize("content", ["[]", "null", "7", "{}", '{"playlist":[]}'])
def test_json_without_a_playlist_is_refused(content: str) -> None:
    assert "playlist" in refused(content, Format.JSPF)


@pytest.mark.parametrize("value", [True, False, 0, -1, 1e308, 2**32, "soon", [], {}, None])
def test_a_length_that_is_none_is_not_known(value: object) -> None:
    content = json.dumps({"playlist": {"track": [{"duration": value}]}}).encode()
    assert read(content).entries[0].duration_ms is None


@pytest.mark.parametrize("value", [1_500, 1_499.6, "1500"])
def test_a_length_may_be_a_fraction_or_a_text(value: object) -> None:
    content = json.dumps({"playlist": {"track": [{"duration": value}]}}).encode()
    assert read(content).entries[0].duration_ms == 1_500


def test_a_line_of_a_megabyte_is_one_entry_of_bounded_texts() -> None:
    (entry,) = read(
        b"#EXTINF:1," + b"x" * 1_000_000 + b" - " + b"y" * 1_000_000 + b"\nz.mp3"
    ).entries
    assert (len(entry.artist), len(entry.title)) == (2_000, 2_000)
    (entry,) = read(b"x" * 1_000_000).entries
    assert (len(entry.location), len(entry.title)) == (2_000, 2_000)


@pytest.mark.parametrize(
    "line",
    [
        "#EXTINF:" + " " * 1_000_000,
        "#EXTINF:1" + " a=b" * 250_000,
        "#EXTINF:1 " + 'a="' * 330_000,
        "#EXTINF:1 a=" + '"' * 1_000_000,
        "1-" * 500_000,
        "." * 1_000_000,
        "http://" + "%" * 1_000_000,
        "http://" + "?#" * 500_000,
        "a_" * 500_000,
    ],
)
@pytest.mark.timeout(20)
def test_no_line_is_worth_more_than_its_length(line: str) -> None:
    assert len(read(f"#EXTM3U\n{line}\nlast.mp3".encode()).entries) in {1, 2}


@given(st.binary(max_size=200), st.sampled_from([None, *Format]))
def test_any_bytes_are_a_playlist_or_refused(content: bytes, file_format: Format | None) -> None:
    with suppress(FileMalformed):
        read(content, file_format)


@ANY_FORMAT
@given(data=st.data())
def test_a_file_with_bytes_changed_is_a_playlist_or_refused(
    file_format: Format, data: st.DataObject
) -> None:
    content = bytearray(write(SMALL, file_format))
    places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, byte in data.draw(st.lists(places, min_size=1, max_size=5)):
        content[place] = byte
    with suppress(FileMalformed):
        read(bytes(content), file_format)
