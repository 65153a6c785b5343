"""Capabilities: what is signed is what is verified, and nothing else passes."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshkit.capability import (
    CapabilityExpired,
    CapabilityInvalid,
    CapabilityKeys,
    KeyFile,
    KeysUnusable,
)

SESSION = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"
RESOURCE = "ab" * 32
NOW = 1_764_000_000
KEYS = CapabilityKeys("k1", {"k1": b"1" * 32})


def minted(keys: CapabilityKeys = KEYS, resource: str = RESOURCE) -> str:
    return keys.mint(
        subject=SESSION, grants=("128", "192", "flac"), resource=resource, expires_at=NOW + 60
    )


def test_a_capability_says_what_was_signed() -> None:
    capability = KEYS.verify(minted(), RESOURCE, NOW)
    assert capability.subject == SESSION
    assert capability.grants == ("128", "192", "flac")
    assert capability.expires_at == NOW + 60
    assert capability.key_id == "k1"


def test_it_is_one_short_path_segment() -> None:
    text = minted()
    assert len(text) < 100
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_no_single_change_passes(index: int, replacement: str) -> None:
    text = minted()
    index %= len(text)
    altered = text[:index] + replacement + text[index + 1 :]
    if altered == text:
        return
    with pytest.raises(CapabilityInvalid):
        KEYS.verify(altered, RESOURCE, NOW)


@given(st.text(max_size=200))
def test_no_foreign_text_passes(text: str) -> None:
    with pytest.raises(CapabilityInvalid):
        KEYS.verify(text, RESOURCE, NOW)


def test_another_resource_is_refused() -> None:
    with pytest.raises(CapabilityInvalid):
        KEYS.verify(minted(), "cd" * 32, NOW)


def test_another_key_of_the_same_name_is_refused() -> None:
    with pytest.raises(CapabilityInvalid):
        CapabilityKeys("k1", {"k1": b"2" * 32}).verify(minted(), RESOURCE, NOW)


def test_fields_cannot_be_moved_across_their_borders() -> None:
    text = KEYS.mint(subject="a-b", grants=("c",), resource=RESOURCE, expires_at=NOW + 60)
    with pytest.raises(CapabilityInvalid):
        KEYS.verify(text.replace(".a-b.c.", ".a.b-c."), RESOURCE, NOW)


def test_expired_is_told_from_invalid_and_says_whose_it_was() -> None:
    with pytest.raises(CapabilityExpired) as raised:
        KEYS.verify(minted(), RESOURCE, NOW + 60)
    assert raised.value.capability.subject == SESSION


def test_an_expired_and_altered_one_is_invalid() -> None:
    altered = minted().replace("flac", "320")
    with pytest.raises(CapabilityInvalid):
        KEYS.verify(altered, RESOURCE, NOW + 600)


def test_any_listed_key_verifies_and_the_current_one_signs() -> None:
    rotated = CapabilityKeys("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    assert rotated.verify(minted(), RESOURCE, NOW).key_id == "k1"
    assert rotated.verify(minted(rotated), RESOURCE, NOW).key_id == "k2"


def test_a_removed_key_verifies_no_more() -> None:
    with pytest.raises(CapabilityInvalid):
        CapabilityKeys("k2", {"k2": b"2" * 32}).verify(minted(), RESOURCE, NOW)


@pytest.mark.parametrize(
    ("subject", "grants", "expires_at"),
    [
        ("", ("128",), NOW),
        ("a.b", ("128",), NOW),
        ("a" * 65, ("128",), NOW),
        (SESSION, (), NOW),
        (SESSION, ("128", "128"), NOW),
        (SESSION, ("FLAC",), NOW),
        (SESSION, tuple(f"g{n}" for n in range(17)), NOW),
        (SESSION, ("128",), 0),
    ],
)
def test_what_could_not_be_read_back_is_not_minted(
    subject: str, grants: tuple[str, ...], expires_at: int
) -> None:
    with pytest.raises(ValueError, match=r"subject|grant|expires_at"):
        KEYS.mint(subject=subject, grants=grants, resource=RESOURCE, expires_at=expires_at)


def test_neither_repr_nor_errors_show_a_key(tmp_path: Path) -> None:
    secret = base64.b64encode(b"s" * 32).decode()
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"current": "k9", "keys": {"k1": secret}}))
    with pytest.raises(KeysUnusable) as raised:
        KeyFile(path)
    assert secret not in str(raised.value)
    assert "s" * 32 not in repr(CapabilityKeys("k1", {"k1": b"s" * 32}))


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"current": "k1"}',
        '{"current": "k1", "keys": 3}',
        '{"current": "k1", "keys": {"k1": "***"}}',
        '{"current": "k1", "keys": {"k1": "c2hvcnQ="}}',
        '{"current": "k1", "keys": {"k1": 5}}',
    ],
)
def test_a_bad_key_file_is_refused_with_its_path(tmp_path: Path, document: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(document)
    with pytest.raises(KeysUnusable, match=r"keys\.json|k1"):
        KeyFile(path)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match=r"keys\.json"):
        KeyFile(tmp_path / "keys.json")


def write_keys(path: Path, current: str, *ids: str) -> None:
    keys = {i: base64.b64encode(i.encode() * 16).decode() for i in ids}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"current": current, "keys": keys}))
    os.replace(fresh, path)


def test_a_replaced_file_rotates_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, "k1", "k1")
    file = KeyFile(path)
    old = minted(file.keys)
    assert not file.refresh()
    write_keys(path, "k2", "k1", "k2")
    assert file.refresh()
    assert file.keys.verify(old, RESOURCE, NOW).key_id == "k1"
    assert file.keys.verify(minted(file.keys), RESOURCE, NOW).key_id == "k2"


def test_a_broken_replacement_keeps_the_last_good_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, "k1", "k1")
    file = KeyFile(path)
    text = minted(file.keys)
    path.write_text("{")
    with pytest.raises(KeysUnusable):
        file.refresh()
    assert file.keys.verify(text, RESOURCE, NOW).subject == SESSION
