"""Who attacks from outside, each by his token."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import ECKey
from ulid import ULID

from localmesh.layout import Layout
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


class SignIns:
    """Tokens for many calls that may sign out: a sign-in of its own for every few of them."""

    def __init__(self, mesh: RunningMesh, tokens: Sequence[str]) -> None:
        self._mesh = mesh
        self._tokens = tokens
        self._made: dict[tuple[int, int], str] = {}

    def token(self, number: int) -> str:
        """For the call of this number, by one of the users after the other."""
        user, few = number % len(self._tokens), number // 100
        if (user, few) not in self._made:
            like = self._tokens[user]
            self._made[user, few] = mint_token(self._mesh, like, sid=str(ULID()))
        return self._made[user, few]


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
