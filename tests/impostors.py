"""Who pretends: servers with any certificate, and certificates whose name and purpose differ."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc_health.v1 import health, health_pb2_grpc

from meshkit.credentials import Credentials


@asynccontextmanager
async def impostor(files: Credentials) -> AsyncIterator[int]:
    """The port of a bare healthy server that serves with ``files``, whatever they are for."""
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    pair = (files.key_file.read_bytes(), files.cert_file.read_bytes())
    secrets = grpc.ssl_server_credentials(
        [pair], files.ca_file.read_bytes(), require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", secrets)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def misused(
    tls: Path, purpose: x509.ObjectIdentifier, *names: x509.GeneralName, ends_in_h: int = 1
) -> Credentials:
    """A certificate of the mesh's own authority that has ``names``, and one purpose."""
    issuer = serialization.load_pem_private_key((tls / "ca.key").read_bytes(), password=None)
    assert isinstance(issuer, ec.EllipticCurvePrivateKey)
    authority = x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=ends_in_h)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=1))
        .not_valid_after(end)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer, hashes.SHA256())
    )
    files = Credentials(tls / "ca.pem", tls / "misused.crt", tls / "misused.key")
    files.cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
