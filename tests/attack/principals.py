"""Who attacks from outside, each by his token; and the workloads beside the mesh's own."""

from __future__ import annotations

import base64
import datetime
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc import jwt
from joserfc.jwk import ECKey
from ulid import ULID

from localmesh.layout import Layout
from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.credentials import credentials
from tests.attack.policies import Credential, scope_names, user_scopes
from tests.e2e.edge_calls import claims_of, mint_token, unsigned_token
from tests.running_mesh import RunningMesh

MISSING = Credential(frozenset({"TOKEN_MISSING"}))
INVALID = Credential(frozenset({"TOKEN_INVALID"}))
EXPIRED = Credential(frozenset({"TOKEN_EXPIRED"}))
REVOKED = Credential(frozenset({"TOKEN_REVOKED"}))
_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who calls; ``authorization`` is the header as he sends it, empty for none."""

    name: str
    authorization: str
    credential: Credential

    @property
    def headers(self) -> dict[str, str]:
        """What his calls carry."""
        return {"authorization": self.authorization} if self.authorization else {}


def _bearer(name: str, token: str, credential: Credential) -> Principal:
    return Principal(name, f"Bearer {token}", credential)


def principals(mesh: RunningMesh) -> list[Principal]:
    """Everybody, of every kind that there is; who was revoked and erased is so when this returns,
    in identity at least.
    """
    good = lasting(mesh, mesh.token("attacker", tier="free"))
    users = Credential(frozenset(), user_scopes())
    premium = lasting(mesh, mesh.token("attacker-premium", tier="premium"))
    admin = lasting(mesh, mesh.token("attacker-admin", admin=True))
    return [
        *_without_a_good_token(mesh, good),
        _bearer("revoked", _revoked(mesh), REVOKED),
        _bearer("erased user", _erased(mesh, admin), REVOKED),
        *_with_scopes(mesh, good),
        _bearer("free", good, users),
        _bearer("premium", premium, users),
        _bearer("admin", admin, Credential(frozenset(), frozenset(scope_names()))),
    ]


def lasting(mesh: RunningMesh, token: str) -> str:
    """The same token with a life that is longer than the tests."""
    return mint_token(mesh, token, exp=int(time.time()) + _LIFE_S)


def _without_a_good_token(mesh: RunningMesh, good: str) -> list[Principal]:
    now, other = int(time.time()), ECKey.generate_key("P-256")
    forged = {
        "malformed": "abc.def.ghi",
        "one word": "letmein",
        "cut": good[:-20],
        "alg none": unsigned_token(good),
        "alg none, signed": unsigned_token(good, good.split(".")[2]),
        "HMAC by the public key": _by_public_key(mesh, good),
        "wrong key": mint_token(mesh, good, key=other),
        "wrong key of another kid": _by_key(other, good),
        "wrong issuer": mint_token(mesh, good, iss="https://other.example"),
        "wrong audience": mint_token(mesh, good, aud="others"),
        "without end": mint_token(mesh, good, exp=None),
        "not yet valid": mint_token(mesh, good, nbf=now + 600, exp=now + 1200),
    }
    return [
        Principal("no token", "", MISSING),
        # What is no bearer token may be told as none or as a bad one.
        Principal(
            "other scheme",
            "Basic dXNlcjpwYXNz",
            Credential(MISSING.refused_as | INVALID.refused_as),
        ),
        *(_bearer(name, token, INVALID) for name, token in forged.items()),
        _bearer("expired", mint_token(mesh, good, exp=now - 60), EXPIRED),
    ]


def _with_scopes(mesh: RunningMesh, good: str) -> list[Principal]:
    """One who is allowed nothing, and one for each scope that is allowed that alone."""
    nothing = mint_token(mesh, good, scope="")
    single = [
        _bearer(
            f"scope {name}",
            mint_token(mesh, good, scope=name),
            Credential(frozenset(), frozenset({name})),
        )
        for name in scope_names()
    ]
    return [_bearer("no scope", nothing, Credential(frozenset())), *single]


def _revoked(mesh: RunningMesh) -> str:
    token = mesh.token("signed-out")
    assert mesh.call("POST", "/me/sign-out", {}, token=token).status == 200
    return lasting(mesh, token)


def _erased(mesh: RunningMesh, admin: str) -> str:
    token = mesh.token(f"erased-{str(ULID()).lower()[-8:]}")
    user = claims_of(token)["sub"]
    assert mesh.call("DELETE", f"/users/{user}", token=admin).status in (200, 204)
    return lasting(mesh, token)


def _by_key(key: ECKey, like: str) -> str:
    header = {"alg": "ES256", "typ": "JWT", "kid": key.thumbprint()}
    return jwt.encode(header, claims_of(like), key)


def _by_public_key(mesh: RunningMesh, like: str) -> str:
    """Signed with what everybody knows, by whom a library would take for the owner of it."""
    pem = (Layout.at(mesh.folder).secrets / "token-signing-key.pem").read_text()
    own = ECKey.import_key(pem)
    header = json.dumps({"alg": "HS256", "typ": "JWT", "kid": own.thumbprint()}).encode()
    # By hand: libraries know better.
    signed = f"{_base64(header)}.{like.split('.')[1]}"
    mac = hmac.digest(own.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{_base64(mac)}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that calls services directly; ``workload`` is whom its certificate names.

    ``trusted``: the certificate is good and of the mesh's authority, so that it gets to a service.
    """

    name: str
    workload: str
    trusted: bool
    credentials: grpc.ChannelCredentials


def callers(mesh: RunningMesh, scratch: Path) -> list[Caller]:
    """Each workload of the mesh, and those that are none of it."""
    tls = Layout.at(mesh.folder).tls
    own = [Caller(name, name, True, _channel_credentials(tls, name)) for name in WORKLOADS]
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    ensure_certificates(elsewhere)
    authority = (tls / "ca.pem").read_bytes()
    foreign = credentials(elsewhere, "edge")
    made = _Issuer(tls)
    return [
        *own,
        Caller("no certificate", "", False, grpc.ssl_channel_credentials(authority)),
        Caller(
            "another authority's",
            "edge",
            False,
            grpc.ssl_channel_credentials(
                authority, foreign.key_file.read_bytes(), foreign.cert_file.read_bytes()
            ),
        ),
        Caller("expired", "edge", False, made.of(["spiffe://segue.internal/edge"], expired=True)),
        Caller("of nobody", "", True, made.of([])),
        Caller("of a stranger", "stranger", True, made.of(["spiffe://segue.internal/stranger"])),
        Caller("of another domain", "", True, made.of(["spiffe://other.example/edge"])),
        Caller("of a longer name", "edge/x", True, made.of(["spiffe://segue.internal/edge/x"])),
    ]


def _channel_credentials(tls: Path, workload: str) -> grpc.ChannelCredentials:
    files = credentials(tls, workload)
    return grpc.ssl_channel_credentials(
        files.ca_file.read_bytes(), files.key_file.read_bytes(), files.cert_file.read_bytes()
    )


class _Issuer:
    """Makes certificates that the mesh's own authority would never make."""

    def __init__(self, tls: Path) -> None:
        self._pem = (tls / "ca.pem").read_bytes()
        self._authority = x509.load_pem_x509_certificate(self._pem)
        key = serialization.load_pem_private_key((tls / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def of(self, uris: Sequence[str], *, expired: bool = False) -> grpc.ChannelCredentials:
        """Of these names, good for an hour or until an hour ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=-1 if expired else 1)
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")]))
            .issuer_name(self._authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=1))
            .not_valid_after(end)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("edge.segue.internal"), *names]), False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
            .sign(self._key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return grpc.ssl_channel_credentials(self._pem, private, pem)
