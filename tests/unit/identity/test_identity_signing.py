"""Tokens are signed by the current key and verify with the keys that are published."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey

from edge.identity.adapters.files.signing_keys import SigningKeyError, SigningKeys
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Claims

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLAIMS = Claims(
    issuer="https://segue.test",
    subject="01JD4Q8Z7Y1V9K2M5N6P7R8S9T",
    sid="01JD4Q8Z7Y1V9K2M5N6P7R8S9U",
    scopes=("catalog.read", "account.read"),
    tier=Tier.PREMIUM,
    token_id="01JD4Q8Z7Y1V9K2M5N6P7R8S9V",
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=300),
)


def write_set(path: Path, *keys: ECKey, current: str | None = None) -> Path:
    document: dict[str, Any] = {"keys": [key.as_dict(private=True) for key in keys]}
    if current:
        document["current"] = current
    path.write_text(json.dumps(document))
    return path


def published(keys: SigningKeys) -> KeySet:
    document: Any = {"keys": keys.public_keys()}
    return KeySet.import_key_set(document)


def test_a_token_says_what_it_was_told_to(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256")
    keys = SigningKeys.load(write_set(tmp_path / "keys", key))
    token = jwt.decode(keys.sign(CLAIMS), published(keys), algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "typ": "JWT", "kid": key.thumbprint()}
    assert token.claims == {
        "iss": "https://segue.test",
        "aud": "segue",
        "sub": CLAIMS.subject,
        "sid": CLAIMS.sid,
        "scope": "catalog.read account.read",
        "tier": "premium",
        "jti": CLAIMS.token_id,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }


def test_the_current_key_signs_and_every_key_is_published(tmp_path: Path) -> None:
    old, new = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
    before = SigningKeys.load(write_set(tmp_path / "before", old, new, current=old.kid))
    after = SigningKeys.load(write_set(tmp_path / "after", old, new, current=new.kid))
    for signer, kid in ((before, old.kid), (after, new.kid)):
        token = signer.sign(CLAIMS)
        assert jws.extract_compact(token.encode()).headers()["kid"] == kid
        for verifier in (before, after):
            assert jwt.decode(token, published(verifier), algorithms=["ES256"]).claims


def test_without_a_current_key_the_first_one_signs(tmp_path: Path) -> None:
    first, second = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
    keys = SigningKeys.load(write_set(tmp_path / "keys", first, second))
    assert jws.extract_compact(keys.sign(CLAIMS).encode()).headers()["kid"] == first.kid


def test_a_pem_key_does_as_well(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256")
    path = tmp_path / "key.pem"
    path.write_bytes(key.as_pem(private=True))
    keys = SigningKeys.load(path)
    assert [one["kid"] for one in keys.public_keys()] == [key.thumbprint()]
    assert jwt.decode(keys.sign(CLAIMS), published(keys), algorithms=["ES256"]).claims


def test_what_is_published_holds_nothing_private(tmp_path: Path) -> None:
    path = write_set(tmp_path / "keys", ECKey.generate_key("P-256"))
    (key,) = SigningKeys.load(path).public_keys()
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_a_foreign_token_does_not_verify(tmp_path: Path) -> None:
    ours = SigningKeys.load(write_set(tmp_path / "ours", ECKey.generate_key("P-256")))
    theirs = SigningKeys.load(write_set(tmp_path / "theirs", ECKey.generate_key("P-256")))
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(theirs.sign(CLAIMS), published(ours), algorithms=["ES256"])


@pytest.mark.parametrize(
    "document",
    [
        {"keys": []},
        {"keys": [{"kty": "EC"}]},
        {"keys": "none"},
        {"keys": ["none"]},
        {"current": "x"},
        {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]},
        {"keys": [ECKey.generate_key("P-384").as_dict(private=True)]},
        {"keys": [OKPKey.generate_key("Ed25519").as_dict(private=True)]},
        {"keys": [ECKey.generate_key("P-256").as_dict(private=True)], "current": "another"},
        {"keys": [ECKey.generate_key("P-256", {"kid": "a"}).as_dict(private=True)] * 2},
    ],
)
def test_a_set_of_no_use_is_refused_without_quoting_a_key(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    path = tmp_path / "keys"
    path.write_text(json.dumps(document))
    with pytest.raises(SigningKeyError) as refused:
        SigningKeys.load(path)
    for key in document.get("keys", []):
        assert not isinstance(key, dict) or key.get("d", "\x00") not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("text", ["", "{", "[]", "-----BEGIN PRIVATE KEY-----\nAAAA\n", "\x80"])
def test_a_file_of_no_use_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SigningKeyError, match=str(path)):
        SigningKeys.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="missing"):
        SigningKeys.load(tmp_path / "missing")
