"""The mesh's own certificate authority, and for each workload what it serves and calls with.

A certificate is good for one workload in one direction: that of a server has the purpose
serverAuth and the workload's DNS name alone, that of a caller clientAuth and its SPIFFE id alone.

ECDSA P-256 throughout. The authority lives 10 years, a workload's certificate one year; what
has less than 30 days left or is of another kind is made anew at the next start, and with a new
authority everything below it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from meshkit.credentials import (
    TRUST_DOMAIN,
    Credentials,
    client_credentials,
    server_credentials,
    server_name,
)
from meshkit.private_files import write_private

WORKLOADS = ("catalog", "playback", "playlist", "rec", "identity", "media", "edge", "cli")
# They are called by clients alone, who know them by other names or not at all.
_ONLY_CALLING = frozenset({"edge", "cli"})

_AUTHORITY_LIFE = datetime.timedelta(days=3650)
_WORKLOAD_LIFE = datetime.timedelta(days=365)
_RENEWAL = datetime.timedelta(days=30)
# Clocks of one machine agree, but they are set back now and then.
_BACKDATE = datetime.timedelta(hours=1)


def ensure_certificates(
    folder: Path,
    now: datetime.datetime | None = None,
    workloads: Sequence[str] = WORKLOADS,
) -> None:
    """Make what is missing, unreadable, foreign or about to expire. Idempotent."""
    now = now or datetime.datetime.now(datetime.UTC)
    outdated = _good_both_ways(folder)
    authority = _load(folder / "ca.pem", folder / "ca.key")
    if authority is None or not _is_fresh(authority.certificate, now) or outdated:
        authority = _new_authority(now)
        _store(authority, folder / "ca.pem", folder / "ca.key")
    for workload in workloads:
        if workload not in _ONLY_CALLING:
            _ensure(server_credentials(folder, workload), _server(workload), authority, now)
        _ensure(client_credentials(folder, workload), _client(workload), authority, now)
    # Last: as long as one is left, a start that was cut short is done again.
    for path in outdated:
        path.with_suffix(".key").unlink(missing_ok=True)
        path.unlink()


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a certificate is for, and whom it names: one name and nothing beside it."""

    workload: str
    purpose: x509.ObjectIdentifier
    name: x509.GeneralName

    @property
    def purposes(self) -> x509.ExtendedKeyUsage:
        return x509.ExtendedKeyUsage([self.purpose])

    @property
    def names(self) -> x509.SubjectAlternativeName:
        return x509.SubjectAlternativeName([self.name])

    def is_of(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is of this kind and of no other."""
        held = certificate.extensions
        try:
            purposes = held.get_extension_for_class(x509.ExtendedKeyUsage).value
            names = held.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return False
        return purposes == self.purposes and names == self.names


def _server(workload: str) -> _Kind:
    name = x509.DNSName(server_name(workload))
    return _Kind(workload, ExtendedKeyUsageOID.SERVER_AUTH, name)


def _client(workload: str) -> _Kind:
    name = x509.UniformResourceIdentifier(f"spiffe://{TRUST_DOMAIN}/{workload}")
    return _Kind(workload, ExtendedKeyUsageOID.CLIENT_AUTH, name)


def _good_both_ways(folder: Path) -> list[Path]:
    """Certificates that earlier versions made: one a workload, to serve and to call, and with
    ``localhost`` as a name of all. Nothing may be left that trusts them, so that their authority
    goes with them.
    """
    return [path for path in folder.glob("*.pem") if path.stem != "ca" and "." not in path.stem]


def _ensure(files: Credentials, kind: _Kind, authority: _Pair, now: datetime.datetime) -> None:
    held = _load(files.cert_file, files.key_file)
    if (
        held is None
        or not _is_fresh(held.certificate, now)
        or not _issued(held, authority)
        or not kind.is_of(held.certificate)
    ):
        _store(_new_workload(kind, authority, now), files.cert_file, files.key_file)


def _load(cert_file: Path, key_file: Path) -> _Pair | None:
    """The pair on disk, or None when a half is missing, torn or does not match the other."""
    try:
        certificate = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return _Pair(certificate, key) if certificate.public_key() == key.public_key() else None


def _store(pair: _Pair, cert_file: Path, key_file: Path) -> None:
    key = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(key_file, key)
    write_private(cert_file, pair.certificate.public_bytes(serialization.Encoding.PEM))


def _is_fresh(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _RENEWAL


def _issued(pair: _Pair, authority: _Pair) -> bool:
    try:
        pair.certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _new_authority(now: datetime.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Segue local mesh authority")
    builder = (
        _builder(name, name, key, now, _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _new_workload(kind: _Kind, authority: _Pair, now: datetime.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    life = min(_WORKLOAD_LIFE, authority.certificate.not_valid_after_utc - now)
    builder = (
        _builder(_name(kind.workload), authority.certificate.subject, key, now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(kind.purposes, critical=False)
        .add_extension(kind.names, critical=False)
        .add_extension(issuer, critical=False)
    )
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)
