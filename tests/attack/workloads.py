"""Programs that call services directly: the workloads of the mesh, and those that are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from localmesh.layout import Layout
from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.credentials import Credentials, client_credentials, server_credentials
from tests.impostors import misused
from tests.running_mesh import RunningMesh


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that calls services directly; ``workload`` is whom its certificate names.

    ``trusted``: the certificate is good to call and of the mesh's authority, so that it gets to a
    service.
    """

    name: str
    workload: str
    trusted: bool
    credentials: grpc.ChannelCredentials


def callers(mesh: RunningMesh, scratch: Path) -> list[Caller]:
    """Each workload of the mesh, by what it calls and what it serves with, and everybody else.

    ``scratch`` is an empty folder.
    """
    tls = Layout.at(mesh.folder).tls
    own = [Caller(name, name, True, _of_files(client_credentials(tls, name))) for name in WORKLOADS]
    serving = [
        Caller(f"server of {name}", name, False, _of_files(files))
        for name in WORKLOADS
        if (files := server_credentials(tls, name)).cert_file.exists()
    ]
    return [*own, *serving, *_not_of_the_mesh(tls, scratch), *_of_other_names(tls)]


def _not_of_the_mesh(tls: Path, scratch: Path) -> list[Caller]:
    ensure_certificates(scratch)
    authority = (tls / "ca.pem").read_bytes()
    foreign = client_credentials(scratch, "edge")
    another = grpc.ssl_channel_credentials(
        authority, foreign.key_file.read_bytes(), foreign.cert_file.read_bytes()
    )
    return [
        Caller("no certificate", "", False, grpc.ssl_channel_credentials(authority)),
        Caller("another authority's", "edge", False, another),
        Caller("expired", "edge", False, _made(tls, "spiffe://segue.internal/edge", ends_in_h=-1)),
    ]


def _of_other_names(tls: Path) -> list[Caller]:
    """Good to call and of the mesh's authority, which would never make them."""
    nobody = x509.DNSName("edge.segue.internal")
    files = misused(tls, ExtendedKeyUsageOID.CLIENT_AUTH, nobody)
    return [
        Caller("of a server's name", "", True, _of_files(files)),
        Caller("of a stranger", "stranger", True, _made(tls, "spiffe://segue.internal/stranger")),
        Caller("of another domain", "", True, _made(tls, "spiffe://other.example/edge")),
        Caller("of a longer name", "edge/x", True, _made(tls, "spiffe://segue.internal/edge/x")),
    ]


def _made(tls: Path, uri: str, *, ends_in_h: int = 1) -> grpc.ChannelCredentials:
    name = x509.UniformResourceIdentifier(uri)
    return _of_files(misused(tls, ExtendedKeyUsageOID.CLIENT_AUTH, name, ends_in_h=ends_in_h))


def _of_files(files: Credentials) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
    )
