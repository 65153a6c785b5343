"""Secrets: made once, kept, closed to others, in the form their readers take."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localmesh.keystore import Keystore
from meshkit.capability import CapabilityKeys


def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    first = Keystore(tmp_path).password("valkey")
    assert len(first) >= 32
    assert Keystore(tmp_path).password("valkey") == first
    assert Keystore(tmp_path).password("postgres") != first


def test_an_empty_file_of_a_power_cut_is_filled(tmp_path: Path) -> None:
    (tmp_path / "valkey.password").touch()
    assert Keystore(tmp_path).password("valkey")


def test_the_token_key_is_a_p256_key_in_pem(tmp_path: Path) -> None:
    path = Keystore(tmp_path).token_signing_key()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp256r1"
    before = path.read_bytes()
    assert Keystore(tmp_path).token_signing_key().read_bytes() == before


def test_the_capability_keys_are_what_capabilities_are_signed_with(tmp_path: Path) -> None:
    text = Keystore(tmp_path).mac_keys("capability").read_text(encoding="ascii")
    keys = CapabilityKeys.from_json(text)
    minted = keys.mint(
        subject="someone", grants=["128"], resource="thing", expires_at=2_000_000_000
    )
    assert minted.startswith("k1.2000000000.someone.128.")


def test_nobody_else_may_read_a_secret(tmp_path: Path) -> None:
    keystore = Keystore(tmp_path)
    keystore.password("valkey")
    keystore.token_signing_key()
    keystore.mac_keys("capability")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
