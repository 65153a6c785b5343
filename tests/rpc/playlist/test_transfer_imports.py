"""Playlists from files, through a real server and a real store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc.aio import AioRpcError
from segue.playlist.v1 import transfer_service_pb2 as pb

from meshkit.faults import (
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    Unavailable,
)
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.domain.access import Visibility
from tests.rpc.playlist.transfer_harness import (
    ATTEMPTS,
    Transfers,
    a_track,
    m3u8,
    transfers_of,
)

Entry = pb.ImportPlaylistResponse.Entry


@pytest.fixture
async def transfers(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Transfers]:
    async with transfers_of(postgres_server, tls) as transfers:
        yield transfers


async def test_an_import_tells_how_sure_each_entry_is_and_keeps_the_order(
    transfers: Transfers,
) -> None:
    one, two, three = a_track("One"), a_track("Two", "Bob"), a_track("Three")
    await transfers.told(one, two, three)
    user = transfers.user()
    file = m3u8([("Ada", "one", 201), ("Nobody", "Two", 9), ("Ada", "Lost", 200)])
    file += f"\nsegue:track:{three.track_id}\n".encode()

    progress, last = await user.imports(file)

    assert (progress.entry_count, progress.done_count, progress.matched_count) == (4, 4, 3)
    assert [(entry.index, entry.match, entry.track_id) for entry in progress.entries] == [
        (0, Entry.EXACT, one.track_id),
        (1, Entry.SIMILAR, two.track_id),
        (2, Entry.NONE, ""),
        (3, Entry.BY_ID, three.track_id),
    ]
    first, second, lost, _ = progress.entries
    assert (first.title, first.artist) == ("one", "Ada")
    assert (second.matched_title, second.matched_artist) == ("Two", "Bob")
    assert (lost.title, lost.matched_title, lost.matched_artist) == ("Lost", "", "")
    assert (last.entry_count, last.matched_count) == (4, 3)
    assert await user.track_ids(last.playlist_id) == [one.track_id, two.track_id, three.track_id]
    (head,) = await user.playlists()
    assert (head.playlist_id, head.owner_id) == (last.playlist_id, user.user_id)
    assert (head.revision, head.track_count, head.total_duration_ms) == (1, 3, 600_000)


async def test_an_id_that_the_catalogue_lacks_falls_back_to_the_title(transfers: Transfers) -> None:
    here, gone, copied_late = a_track("Here"), a_track("Gone"), a_track("Late")
    await transfers.told(here)
    await transfers.told(gone, available=False)
    transfers.catalogue.held[copied_late.track_id] = copied_late
    user = transfers.user()
    file = (
        f"#EXTM3U\n#EXTINF:200,Ada - Here\nsegue:track:{new_id()}\n"
        f"#EXTINF:200,Ada - Gone\nsegue:track:{gone.track_id}\n"
        f"segue:track:{copied_late.track_id}\n"
    )

    progress, last = await user.imports(file.encode())

    assert [entry.match for entry in progress.entries] == [Entry.EXACT, Entry.NONE, Entry.BY_ID]
    assert await user.track_ids(last.playlist_id) == [here.track_id, copied_late.track_id]


async def test_what_the_index_still_matches_after_it_left_is_left_out(
    transfers: Transfers,
) -> None:
    stale = a_track("Stale")
    transfers.matcher.tracks.append(stale)

    progress, last = await transfers.user().imports(m3u8([("Ada", "Stale", 200)]))

    assert [entry.match for entry in progress.entries] == [Entry.NONE]
    assert last.matched_count == 0


async def test_a_file_of_which_nothing_is_known_becomes_an_empty_playlist(
    transfers: Transfers,
) -> None:
    user = transfers.user()

    *_, last = await user.imports(m3u8([("Nobody", "Nothing", 1)] * 3))

    assert (last.entry_count, last.matched_count) == (3, 0)
    assert await user.track_ids(last.playlist_id) == []


async def test_a_playlist_without_entries_becomes_an_empty_playlist(transfers: Transfers) -> None:
    user = transfers.user()

    (last,) = await user.imports(b"#EXTM3U\n#PLAYLIST:Bare\n")

    assert (last.entry_count, last.matched_count) == (0, 0)
    assert [head.title for head in await user.playlists()] == ["Bare"]


@pytest.mark.parametrize(
    ("name", "in_file", "title"),
    [
        ("Mine", "Theirs", "Mine"),
        ("", "Theirs", "Theirs"),
        ("", "", "Imported"),
        ("", "\u200b\u2060 \u200d", "Imported"),
        ("", "x" * 1_500, "x" * 200),
    ],
)
async def test_the_title_is_the_requests_then_the_files(
    transfers: Transfers, name: str, in_file: str, title: str
) -> None:
    user = transfers.user()

    await user.imports(f"#EXTM3U\n#PLAYLIST:{in_file}\n".encode(), name=name)

    assert [head.title for head in await user.playlists()] == [title]


async def test_the_title_and_who_sees_it_go_by_the_names_of_answers_too(
    transfers: Transfers,
) -> None:
    user = transfers.user()
    await user.imports(b"#EXTM3U", title="Sunday", is_public=True)
    (head,) = await user.playlists()
    assert (head.title, head.visibility) == ("Sunday", Visibility.PUBLIC)


async def test_a_playlist_is_private_unless_the_request_says_public(transfers: Transfers) -> None:
    user, other = transfers.user(), transfers.user()

    (private,) = await user.imports(b"#EXTM3U")
    (public,) = await user.imports(b"#EXTM3U", public=True)

    assert {head.playlist_id: head.visibility for head in await user.playlists()} == {
        private.playlist_id: Visibility.PRIVATE,
        public.playlist_id: Visibility.PUBLIC,
    }
    assert (await other.exports(public.playlist_id)).content.startswith(b"#EXTM3U")
    with pytest.raises(NotFound) as refused:
        await other.exports(private.playlist_id)
    assert refused.value.metadata == {"resource": "playlist", "id": private.playlist_id}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "n" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"format": 77}, "format"),
        ({"request_id": "with space"}, "request_id"),
    ],
)
async def test_an_import_names_its_wrong_field(
    transfers: Transfers, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await transfers.user().imports(b"#EXTM3U", **fields)
    assert refused.value.metadata["field"] == field


@pytest.mark.parametrize(
    ("content", "form", "where"),
    [
        (b"", 0, ""),
        (b"#EXTM3U\na.mp3\n\0\n", pb.PlaylistFile.M3U8, "Line 3"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\na.ts\n", 0, "Line 2"),
        (b"#EXTM3U\n" + b"a.mp3\n" * 10_001, 0, "Line 10002"),
        (b"[playlist]\nFile1=a.mp3\n", 0, "Line 1"),
        (b"<playlist><trackList>\n<track>", pb.PlaylistFile.XSPF, 'Element "playlist"'),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><playlist/>", 0, "<!DOCTYPE>"),
        (b'{"playlist": {"track": [{"title": "a"},\n', 0, "Line 2, column 1"),
        (b'{"playlist": {"track": [7]}}', 0, "playlist.track[0]"),
        (b'{"playlist": []}', 0, ""),
        (b"plain text", pb.PlaylistFile.JSPF, "Line 1, column 1"),
    ],
)
async def test_a_malformed_file_is_refused_naming_the_place(
    transfers: Transfers, content: bytes, form: pb.PlaylistFile.Format.ValueType, where: str
) -> None:
    user = transfers.user()

    with pytest.raises(InvalidArgument) as refused:
        await user.imports(content, format=form)

    assert refused.value.reason == "IMPORT_FILE_MALFORMED"
    assert refused.value.metadata == {"where": where}
    assert refused.value.message.startswith(where)
    assert [violation.field for violation in refused.value.violations] == ["content"]
    assert await user.playlists() == []


async def test_the_largest_file_that_is_allowed_is_read(transfers: Transfers) -> None:
    content = b"#EXTM3U\n" + b"#" * (3_000_000 - 8)
    assert len(content) == 3_000_000

    (last,) = await transfers.user().imports(content)

    assert last.playlist_id
    with pytest.raises(InvalidArgument) as refused:
        await transfers.user().imports(content + b"#")
    assert refused.value.metadata["field"] == "content"


async def test_an_import_asks_in_batches_and_a_few_at_a_time(transfers: Transfers) -> None:
    track = a_track("Same")
    await transfers.told(track)

    messages = await transfers.user().imports(m3u8([("Ada", "Same", 200)] * 1_050))

    assert transfers.matcher.calls == 11
    assert transfers.matcher.largest == 100
    assert 1 < transfers.matcher.most_in_flight <= 4
    assert [message.done_count for message in messages[:-1]] == [*range(100, 1_001, 100), 1_050]
    indexes = [entry.index for message in messages[:-1] for entry in message.entries]
    assert indexes == list(range(1_050))
    assert messages[-1].matched_count == 1_050


async def test_an_import_that_was_dropped_leaves_nothing(transfers: Transfers) -> None:
    user = transfers.user()
    transfers.matcher.gate.clear()
    call = user.importing(m3u8([("Ada", "Song", 200)] * 900), request_id="one")
    reading = asyncio.ensure_future(call.read())
    await transfers.matcher.waiting.wait()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    while transfers.matcher.in_flight:
        await asyncio.sleep(0.01)
    transfers.matcher.gate.set()

    assert transfers.matcher.calls == 4
    assert await user.playlists() == []
    *_, last = await user.imports(m3u8([("Ada", "Song", 200)] * 900), request_id="one")
    assert [head.playlist_id for head in await user.playlists()] == [last.playlist_id]


async def test_a_request_that_is_repeated_ends_with_the_same_playlist(
    transfers: Transfers,
) -> None:
    one, two = a_track("One"), a_track("Two")
    await transfers.told(one)
    user = transfers.user()
    file = m3u8([("Ada", "One", 200), ("Ada", "Two", 200)])

    *_, first = await user.imports(file, request_id="again")
    await transfers.told(two)
    asked = transfers.matcher.calls
    (second,) = await user.imports(file, request_id="again")

    assert second == first
    assert transfers.matcher.calls == asked > 0
    assert (first.matched_count, len(await user.playlists())) == (1, 1)
    with pytest.raises(InvalidArgument) as refused:
        await user.imports(file + b"\n", request_id="again")
    assert refused.value.reason == "REQUEST_ID_REUSED"
    assert transfers.matcher.calls == asked


async def test_an_id_that_another_import_takes_meanwhile_is_told_as_its_failure(
    transfers: Transfers,
) -> None:
    user = transfers.user()
    transfers.matcher.gate.clear()
    late = asyncio.ensure_future(user.ended(m3u8([("Ada", "Song", 200)] * 3), request_id="taken"))
    await transfers.matcher.waiting.wait()
    (first,) = await user.imports(b"#EXTM3U", request_id="taken")
    transfers.matcher.gate.set()

    (progress, failed), end = await late

    assert (progress.done_count, end) == (3, "FINISHED")
    assert (failed.reason, failed.metadata) == ("REQUEST_ID_REUSED", {"field": "request_id"})
    assert failed.message
    assert [head.playlist_id for head in await user.playlists()] == [first.playlist_id]


async def test_a_catalogue_that_goes_away_in_the_middle_ends_the_stream(
    transfers: Transfers,
) -> None:
    user = transfers.user()
    track = a_track("Song")
    await transfers.told(track)
    transfers.matcher.fault_after = (1, Unavailable("The catalogue is away."))

    (progress,), end = await user.ended(m3u8([("Ada", "Song", 200)] * 500))

    assert (progress.done_count, progress.matched_count, end) == (100, 100, "UNAVAILABLE")
    assert await user.playlists() == []


async def test_a_failure_before_the_first_message_is_the_status_alone(
    transfers: Transfers,
) -> None:
    transfers.matcher.fault_after = (0, Unavailable("away"))

    with pytest.raises(Unavailable):
        await transfers.user().imports(m3u8([("Ada", "Song", 200)] * 500))


async def test_the_same_request_twice_at_once_makes_one_playlist(transfers: Transfers) -> None:
    user = transfers.user()
    transfers.matcher.gate.clear()
    file = m3u8([("Ada", "Song", 200)])
    both = asyncio.gather(
        user.imports(file, request_id="twice"), user.imports(file, request_id="twice")
    )
    while transfers.matcher.in_flight < 2:
        await asyncio.sleep(0.01)
    transfers.matcher.gate.set()

    (*_, one), (*_, other) = await both

    assert one == other
    assert [head.playlist_id for head in await user.playlists()] == [one.playlist_id]


async def test_two_users_may_use_one_request_id(transfers: Transfers) -> None:
    (one,) = await transfers.user().imports(b"#EXTM3U", request_id="same")
    (other,) = await transfers.user().imports(b"#EXTM3U", request_id="same")

    assert one.playlist_id != other.playlist_id


async def test_a_catalogue_that_is_away_for_a_moment_is_asked_again(transfers: Transfers) -> None:
    transfers.matcher.faults = [Unavailable("away"), DeadlineExceeded("late"), Unavailable("away")]

    *_, last = await transfers.user().imports(m3u8([("Ada", "Song", 200)]))

    assert last.playlist_id
    assert transfers.matcher.calls == ATTEMPTS


@pytest.mark.parametrize("fault", [Unavailable("away"), DeadlineExceeded("late")])
async def test_a_catalogue_that_stays_away_ends_the_import(
    transfers: Transfers, fault: Unavailable | DeadlineExceeded
) -> None:
    user = transfers.user()
    transfers.matcher.faults = [fault] * 100

    with pytest.raises(Unavailable):
        await user.imports(m3u8([("Ada", "Song", 200)] * 500))

    assert await user.playlists() == []
    assert transfers.matcher.in_flight == 0


async def test_an_import_does_not_outlive_its_sign_in(transfers: Transfers) -> None:
    sid = new_id()
    user = transfers.user(sid=sid)
    transfers.matcher.gate.clear()
    running = asyncio.ensure_future(user.ended(m3u8([("Ada", "Song", 200)])))
    await transfers.matcher.waiting.wait()

    transfers.mesh.server.streams.revoke(sid, time.time() + 600)

    assert await running == ([], "TOKEN_REVOKED")
    assert transfers.matcher.in_flight == 0
    assert await user.playlists() == []


async def test_transfers_need_a_user_with_the_scope(transfers: Transfers) -> None:
    reader = transfers.user(scopes=["catalog.read"])

    for call in (
        reader.importing(b"#EXTM3U"),
        reader.stub.ExportPlaylist(
            pb.ExportPlaylistRequest(playlist_id=new_id()), metadata=reader.metadata
        ),
        reader.stub.ImportPlaylist(pb.ImportPlaylistRequest(content=b"#EXTM3U")),
    ):
        with pytest.raises(AioRpcError) as refused:
            await call.read()
        assert refused.value.code() in (
            grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.UNAUTHENTICATED,
        )
