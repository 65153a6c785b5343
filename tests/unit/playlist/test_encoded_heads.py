"""Heads as bytes."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.codecs import heads
from tests.contracts.playlist.playlists_world import head, new_id


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b"[1]",
        b"null",
        b"7",
        heads.encode(head("x")).replace(b"[1,", b"[2,", 1),
        heads.encode(head("x")).replace(b"PRIVATE", b"SECRET"),
        heads.encode(head("x"))[:-1] + b",0]",
    ],
)
def test_what_is_no_head_is_told(damaged: bytes) -> None:
    with pytest.raises(heads.HeadDamaged):
        heads.decode(damaged)


def test_an_ordinary_head_takes_less_than_half_a_kilobyte() -> None:
    assert len(heads.encode(head(new_id(), title="A road", snapshot_id=new_id()))) < 512
