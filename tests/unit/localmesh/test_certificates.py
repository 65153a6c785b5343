"""Certificates: who is named, for how long, and what is made anew when."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.credentials import Credentials, client_credentials, server_credentials

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def _names(certificate: x509.Certificate) -> list[object]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [name.value for name in names]


def _all_files(folder: Path) -> list[Credentials]:
    found = [
        files
        for workload in WORKLOADS
        for files in (server_credentials(folder, workload), client_credentials(folder, workload))
    ]
    return [files for files in found if files.cert_file.exists()]


@pytest.mark.parametrize("workload", sorted({*WORKLOADS} - {"edge", "cli"}))
def test_what_serves_has_the_name_of_its_workload_alone_and_may_not_call(
    tmp_path: Path, workload: str
) -> None:
    ensure_certificates(tmp_path, NOW)
    certificate = _certificate(server_credentials(tmp_path, workload).cert_file)
    assert _names(certificate) == [f"{workload}.segue.internal"]
    assert _purposes(certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_what_calls_has_the_id_of_its_workload_alone_and_may_not_serve(
    tmp_path: Path, workload: str
) -> None:
    ensure_certificates(tmp_path, NOW)
    certificate = _certificate(client_credentials(tmp_path, workload).cert_file)
    assert _names(certificate) == [f"spiffe://segue.internal/{workload}"]
    assert _purposes(certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_the_edge_and_the_command_line_have_nothing_to_serve_with(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    for workload in ("edge", "cli"):
        assert not server_credentials(tmp_path, workload).cert_file.exists()


def test_no_certificate_but_the_authoritys_may_issue(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    for files in _all_files(tmp_path):
        extensions = _certificate(files.cert_file).extensions
        assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_every_workload_is_issued_by_the_authority(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    authority = _certificate(tmp_path / "ca.pem")
    for files in _all_files(tmp_path):
        _certificate(files.cert_file).verify_directly_issued_by(authority)


def test_a_folder_whose_certificates_are_good_both_ways_gets_others_and_a_new_authority(
    tmp_path: Path,
) -> None:
    ensure_certificates(tmp_path, NOW)
    before = _contents(tmp_path)
    for name in ("catalog.pem", "catalog.key", "cli.pem", "cli.key"):
        (tmp_path / name).write_bytes(before["catalog.server" + name[-4:]])
    ensure_certificates(tmp_path, NOW)
    after = _contents(tmp_path)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)
    ensure_certificates(tmp_path, NOW)
    assert _contents(tmp_path) == after


@pytest.mark.parametrize("other", ["playback.server", "catalog.client"])
def test_a_certificate_of_another_kind_in_its_place_is_made_anew(
    tmp_path: Path, other: str
) -> None:
    ensure_certificates(tmp_path, NOW)
    before = _contents(tmp_path)
    for kind in ("pem", "key"):
        (tmp_path / f"catalog.server.{kind}").write_bytes(before[f"{other}.{kind}"])
    ensure_certificates(tmp_path, NOW)
    certificate = _certificate(server_credentials(tmp_path, "catalog").cert_file)
    assert _names(certificate) == ["catalog.segue.internal"]
    assert _purposes(certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_the_authority_lives_ten_years_and_a_workload_one(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    workload = _certificate(client_credentials(tmp_path, "edge").cert_file)
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
    files = server_credentials(tmp_path, "media")
    files.cert_file.write_bytes(damage)
    ensure_certificates(tmp_path, NOW)
    assert _certificate(files.cert_file).subject.rfc4514_string() == "CN=media"


def test_a_key_of_another_certificate_is_replaced_with_its_certificate(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW)
    media, cli = server_credentials(tmp_path, "media"), client_credentials(tmp_path, "cli")
    media.key_file.write_bytes(cli.key_file.read_bytes())
    ensure_certificates(tmp_path, NOW)
    assert media.key_file.read_bytes() != cli.key_file.read_bytes()
