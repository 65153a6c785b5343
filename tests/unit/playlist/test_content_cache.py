"""The versions of playlists that a process keeps."""

from __future__ import annotations

from playlist_svc.adapters.content_cache import PER_PLAYLIST, ContentCache
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import Order
from tests.contracts.playlist.playlists_world import entries, new_id

USER = new_id()


def content(tracks: int, title: str = "") -> Content:
    return Content(title, "", Order.of(entries(tracks, USER)))


def test_a_version_is_found_under_its_playlist_and_revision_alone() -> None:
    versions, kept = ContentCache(), content(3)
    versions.put("a", 2, kept)
    assert versions.get("a", 2) is kept
    assert versions.get("a", 1) is None
    assert versions.get("b", 2) is None


def test_the_nearest_version_is_the_newest_that_is_not_too_new() -> None:
    versions = ContentCache()
    for revision in (7, 2, 5):
        versions.put("a", revision, content(0, str(revision)))
    versions.put("b", 6, content(0))
    nearest = [versions.nearest("a", revision) for revision in (1, 2, 4, 6, 99)]
    assert [each and (each[0], each[1].title) for each in nearest] == [
        None,
        (2, "2"),
        (2, "2"),
        (5, "5"),
        (7, "7"),
    ]
    assert versions.nearest("c", 9) is None


def test_memory_is_bounded_and_lists_that_were_used_last_stay() -> None:
    versions = ContentCache(limit_bytes=10 * 60_000)
    for number in range(1, 101):
        versions.put(str(number), 1, content(1_000))
        assert versions.get("1", 1) is not None
        assert versions.size_bytes <= 10 * 60_000
    held = [number for number in range(1, 101) if versions.get(str(number), 1)]
    assert held == [1, *range(held[1], 101)]
    assert 8 <= len(held) <= 11


def test_a_list_that_is_edited_all_the_time_does_not_push_others_out() -> None:
    versions = ContentCache()
    versions.put("quiet", 1, content(10))
    for revision in range(1, 1_001):
        versions.put("busy", revision, content(10))
        assert versions.get("busy", 1) is not None
    assert versions.get("quiet", 1) is not None
    held = [revision for revision in range(1, 1_001) if versions.get("busy", revision)]
    assert held == [1, *range(1_000 - PER_PLAYLIST + 2, 1_001)]


def test_being_the_nearest_counts_as_use() -> None:
    versions = ContentCache(limit_bytes=3 * 60_000)
    for name in "abc":
        versions.put(name, 1, content(1_000))
    assert versions.nearest("a", 9) is not None
    versions.put("d", 1, content(1_000))
    assert versions.get("a", 1) is not None
    assert versions.get("b", 1) is None


def test_a_version_that_is_too_large_is_not_kept_and_nothing_is_left_of_it() -> None:
    versions = ContentCache(limit_bytes=10_000)
    versions.put("a", 1, content(1_000))
    assert versions.get("a", 1) is None
    assert versions.nearest("a", 1) is None
    assert versions.size_bytes == 0


def test_the_same_version_counts_once() -> None:
    versions, kept = ContentCache(), content(10)
    versions.put("a", 1, kept)
    once = versions.size_bytes
    versions.put("a", 1, kept)
    assert versions.size_bytes == once
