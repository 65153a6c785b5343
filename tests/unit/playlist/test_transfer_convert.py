"""The header under which an export is saved, and the formats that requests name."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from segue.playlist.v1 import transfer_service_pb2 as pb

from playlist_svc.convert.transfer import content_disposition, file_format, progress
from playlist_svc.domain.formats import FileEntry, Format
from playlist_svc.ports.matching import Match
from playlist_svc.usecases.transfer.export_playlist import Exported
from playlist_svc.usecases.transfer.find_tracks import Found
from playlist_svc.usecases.transfer.import_playlist import Progress

PREFIX = "attachment; filename*=UTF-8''"


def header(title: str, form: Format = Format.M3U8) -> str:
    return content_disposition(Exported(title, form, b""))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Road trip", "Road trip.m3u8"),
        ("夏の歌", "夏の歌.m3u8"),
        ("a/b\\c:d", "a b c d.m3u8"),
        ("../../etc/passwd", "etc passwd.m3u8"),
        (".hidden. ", "hidden.m3u8"),
        ("gnp.\u202e\u2066x", "gnp. x.m3u8"),
        ("one\r\ntwo: 2", "one two  2.m3u8"),
        ("\ud800", "playlist.m3u8"),
        ("...", "playlist.m3u8"),
    ],
)
def test_a_file_is_named_after_its_playlist(title: str, name: str) -> None:
    assert unquote(header(title).removeprefix(PREFIX)) == name


@given(st.text(st.characters(), max_size=400), st.sampled_from(Format))
def test_a_header_is_bounded_ascii_without_any_delimiter(title: str, form: Format) -> None:
    disposition = header(title, form)

    encoded = disposition.removeprefix(PREFIX)
    assert len(encoded) < len(disposition) <= 1_300
    assert encoded.isascii()
    assert not set(encoded) & set(" \t\r\n;\"'/\\")
    assert unquote(encoded).endswith(form.suffix)


def test_every_format_of_the_contract_is_known() -> None:
    kinds = pb.PlaylistFile.Format
    numbers = [number for number in kinds.values() if number]
    assert {file_format(number) for number in numbers} == set(Format)
    assert file_format(pb.PlaylistFile.FORMAT_UNSPECIFIED) is None


def test_every_match_has_its_name_on_the_wire() -> None:
    entry = FileEntry("a", "b", "", None, "", "")
    found = [Found(0, entry, match, None) for match in Match]

    entries = progress(Progress(4, 4, 3, found)).progress.entries

    kinds = pb.ImportPlaylistResponse.Entry.Match
    assert [kinds.Name(one.match) for one in entries] == [match.name for match in Match]
