"""Certificates: who is named, for how long, and what is made anew when."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.credentials import credentials

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_workload_is_named_by_dns_address_and_spiffe_id(tmp_path: Path, workload: str) -> None:
    ensure_certificates(tmp_path, NOW)
    names = (
        _certificate(credentials(tmp_path, workload).cert_file)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    assert names.get_values_for_type(x509.DNSName) == [f"{workload}.segue.internal", "localhost"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"spiffe://segue.internal/{workload}"
    ]


def test_a_workload_may_serve_and_call_but_not_issue(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    extensions = _certificate(credentials(tmp_path, "catalog").cert_file).extensions
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_every_workload_is_issued_by_the_authority(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    authority = _certificate(tmp_path / "ca.pem")
    for workload in WORKLOADS:
        _certificate(credentials(tmp_path, workload).cert_file).verify_directly_issued_by(authority)


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_the_authority_lives_ten_years_and_a_workload_one(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    workload = _certificate(credentials(tmp_path, "edge").cert_file)
    assert workload.not_valid_after_utc == NOW + datetime.timedelta(days=365)
    authority = _certificate(tmp_path / "ca.pem")
    assert authority.not_valid_after_utc == NOW + datetime.timedelta(days=3650)


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    before = _contents(tmp_path)
    ensure_certificates(tmp_path, NOW + datetime.timedelta(days=334))
    assert _contents(tmp_path) == before


def test_workloads_are_renewed_when_less_than_thirty_days_are_left(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    before = _contents(tmp_path)
    ensure_certificates(tmp_path, NOW + datetime.timedelta(days=336))
    after = _contents(tmp_path)
    assert {name for name in before if before[name] == after[name]} == {"ca.pem", "ca.key"}


def test_a_new_authority_issues_every_workload_anew(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    before = _contents(tmp_path)
    ensure_certificates(tmp_path, NOW + datetime.timedelta(days=3625))
    after = _contents(tmp_path)
    assert all(before[name] != after[name] for name in before)


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\ntorn"])
def test_a_torn_certificate_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    ensure_certificates(tmp_path, NOW)
    files = credentials(tmp_path, "media")
    files.cert_file.write_bytes(damage)
    ensure_certificates(tmp_path, NOW)
    assert _certificate(files.cert_file).subject.rfc4514_string() == "CN=media"


def test_a_key_of_another_certificate_is_replaced_with_its_certificate(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    media, cli = credentials(tmp_path, "media"), credentials(tmp_path, "cli")
    media.key_file.write_bytes(cli.key_file.read_bytes())
    ensure_certificates(tmp_path, NOW)
    assert media.key_file.read_bytes() != cli.key_file.read_bytes()
