"""Playlists to files, through a real server and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from segue.playlist.v1 import transfer_service_pb2 as pb

from meshkit.faults import (
    InvalidArgument,
    NotFound,
)
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.domain import formats
from tests.rpc.playlist.transfer_harness import (
    Transfers,
    a_track,
    transfers_of,
)

FORMATS = [pb.PlaylistFile.M3U8, pb.PlaylistFile.XSPF, pb.PlaylistFile.JSPF]
CONTENT_TYPES = ["audio/mpegurl", "application/xspf+xml", "application/jspf+json"]


@pytest.fixture
async def transfers(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Transfers]:
    async with transfers_of(postgres_server, tls) as transfers:
        yield transfers


@pytest.mark.parametrize("form", FORMATS)
async def test_an_export_imported_again_is_the_same_list(
    transfers: Transfers, form: pb.PlaylistFile.Format.ValueType
) -> None:
    tracks = [a_track(f"Söng {n} - <&>", "Ada - Bob", duration_ms=1_000 + n) for n in range(250)]
    await transfers.told(*tracks)
    user = transfers.user()
    named = "\n".join(f"segue:track:{track.track_id}" for track in [*tracks, *tracks[::-1]])
    *_, made = await user.imports(f"#EXTM3U\n#PLAYLIST:Ünder\n{named}".encode())

    file = await user.exports(made.playlist_id, format=form)
    *_, again = await user.imports(file.content)

    assert again.matched_count == 500
    assert again.playlist_id != made.playlist_id
    assert await user.track_ids(again.playlist_id) == await user.track_ids(made.playlist_id)
    assert {head.title for head in await user.playlists()} == {"Ünder"}
    assert transfers.matcher.calls == 0


@pytest.mark.parametrize(("form", "content_type"), list(zip(FORMATS, CONTENT_TYPES, strict=True)))
async def test_an_export_of_a_full_playlist_comes_in_chunks_and_says_all_of_each_track(
    transfers: Transfers, form: pb.PlaylistFile.Format.ValueType, content_type: str
) -> None:
    tracks = [a_track(f"Song {n}", f"Artist {n % 7}") for n in range(10_000)]
    for at in range(0, len(tracks), 1_000):
        await transfers.told(*tracks[at : at + 1_000])
    user = transfers.user()
    named = "\n".join(f"segue:track:{track.track_id}" for track in tracks)
    *_, made = await user.imports(f"#EXTM3U\n{named}".encode())

    file = await user.exports(made.playlist_id, format=form)

    assert made.matched_count == 10_000
    first, *rest = file.messages
    assert first.content_type == content_type
    assert not any(message.content_type for message in rest)
    assert {len(message.data) for message in file.messages[:-1]} == {64 * 1024}
    assert 0 < len(file.messages[-1].data) <= 64 * 1024
    document = formats.read(file.content)
    assert len(document.entries) == 10_000
    last = document.entries[-1]
    assert formats.track_id_of(last) == tracks[-1].track_id
    assert (last.title, last.artist, last.album) == ("Song 9999", f"Artist {9999 % 7}", "First")
    assert last.duration_ms == 200_000


async def test_a_track_that_left_is_exported_under_its_last_name(transfers: Transfers) -> None:
    track = a_track("Leaving")
    await transfers.told(track)
    user = transfers.user()
    *_, made = await user.imports(f"segue:track:{track.track_id}".encode())
    await transfers.told(track, available=False)

    (entry,) = formats.read((await user.exports(made.playlist_id)).content).entries

    assert (entry.title, formats.track_id_of(entry)) == ("Leaving", track.track_id)


@pytest.mark.parametrize(
    "title",
    [
        "Road; filename=evil.exe\x85x-injected: 1",
        '"quoted" / slashed \\ name',
        "夏の歌 🎵",
        "\u202eexe.gnos",
        "..",
        "é" * 200,
    ],
)
async def test_the_file_name_comes_from_the_title_and_carries_nothing_else(
    transfers: Transfers, title: str
) -> None:
    user = transfers.user()
    (made,) = await user.imports(f"#EXTM3U\n#PLAYLIST:{title}".encode())

    file = await user.exports(made.playlist_id, format=pb.PlaylistFile.XSPF)

    disposition = file.headers["content-disposition"]
    kind, _, encoded = disposition.partition("; filename*=UTF-8''")
    assert kind == "attachment"
    assert encoded.isascii()
    assert not set(encoded) & set(' ;"\r\n/\\')
    assert len(encoded) <= 1_300
    assert "x-injected" not in file.headers
    name = unquote(encoded)
    assert name.endswith(".xspf")
    assert not set(name) & set('\r\n/\\"\u202e')
    assert len(name) > len(".xspf")


async def test_an_export_takes_m3u8_and_the_newest_version_by_default(
    transfers: Transfers,
) -> None:
    user = transfers.user()
    (made,) = await user.imports(b"#EXTM3U", name="Plain")
    (head,) = await user.playlists()

    by_default = await user.exports(made.playlist_id)
    by_version = await user.exports(made.playlist_id, snapshot_id=head.snapshot_id)

    assert by_default.messages[0].content_type == "audio/mpegurl"
    assert by_default.headers["content-disposition"].endswith("''Plain.m3u8")
    assert by_default.content == by_version.content == b"#EXTM3U\n#PLAYLIST:Plain\n"
    unknown = new_id()
    with pytest.raises(NotFound) as refused:
        await user.exports(made.playlist_id, snapshot_id=unknown)
    assert refused.value.metadata["id"] == unknown


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"playlist_id": "x"}, "playlist_id"),
        ({"playlist_id": new_id(), "snapshot_id": "x"}, "snapshot_id"),
        ({"playlist_id": new_id(), "format": 77}, "format"),
    ],
)
async def test_an_export_names_its_wrong_field(
    transfers: Transfers, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await transfers.user().exports(**fields)
    assert refused.value.metadata["field"] == field
