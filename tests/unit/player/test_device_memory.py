from __future__ import annotations

from pathlib import Path

import pytest

from player.adapters.sound_sink import scaled
from player.device.memory import DeviceMemory


def test_a_number_outlives_the_program(tmp_path: Path) -> None:
    DeviceMemory(tmp_path / "devices", "ada", "kitchen").keep(41)
    assert DeviceMemory(tmp_path / "devices", "ada", "kitchen").last_applied == 41


def test_users_and_devices_are_kept_apart(tmp_path: Path) -> None:
    DeviceMemory(tmp_path, "ada", "kitchen").keep(41)
    assert DeviceMemory(tmp_path, "eve", "kitchen").last_applied == 0
    assert DeviceMemory(tmp_path, "ada", "bath").last_applied == 0


@pytest.mark.parametrize("device_id", [".", "..", "a.b"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, device_id: str) -> None:
    DeviceMemory(tmp_path / "devices", "ada", device_id).keep(3)
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "devices"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"last_applied": "x"}', b'{"last_applied": -4}', b"\xff"]
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ada@kitchen.json").write_bytes(content)
    assert DeviceMemory(tmp_path, "ada", "kitchen").last_applied == 0


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    DeviceMemory(tmp_path, "ada", "kitchen").keep(1)
    assert (tmp_path / "ada@kitchen.json").stat().st_mode & 0o077 == 0


def test_full_volume_leaves_samples_as_they_are_and_none_is_silence() -> None:
    pcm = bytes(range(256)) * 4
    assert scaled(pcm, 100) is pcm
    assert scaled(pcm, 0) == bytes(len(pcm))


def test_half_the_volume_is_a_quarter_of_the_amplitude() -> None:
    loud = (20_000).to_bytes(2, "little", signed=True) * 4
    soft = scaled(loud, 50)
    assert int.from_bytes(soft[:2], "little", signed=True) == 5_000
