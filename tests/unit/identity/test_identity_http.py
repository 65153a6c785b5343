"""The HTTP face: keys that verifiers can use, discovery, and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from google.rpc import code_pb2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from edge.identity.adapters.files.signing_keys import SigningKeys
from edge.identity.http import Endpoints
from tests.unit.identity.test_identity_signing import CLAIMS


@dataclass
class Served:
    keys: SigningKeys
    healthy: bool = True
    public_url: str | None = None
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        endpoints = Endpoints(
            self.keys,
            issuer="https://segue.test",
            public_url=self.public_url,
            healthy=lambda: self.healthy,
        )
        transport = httpx.ASGITransport(app=endpoints.app())
        client = httpx.AsyncClient(transport=transport, base_url="http://edge.test:8080")
        self.clients.append(client)
        return client


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    one = Served(SigningKeys([ECKey.generate_key("P-256"), ECKey.generate_key("P-256")]))
    yield one
    for client in one.clients:
        await client.aclose()


async def test_a_token_verifies_with_the_keys_that_are_served(served: Served) -> None:
    answer = await served.client().get("/oauth2/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=60"
    keys = KeySet.import_key_set(answer.json())
    assert len(keys.keys) == 2
    token = jwt.decode(served.keys.sign(CLAIMS), keys, algorithms=["ES256"])
    assert token.claims["sub"] == CLAIMS.subject


async def test_discovery_names_the_address_that_the_client_used(served: Served) -> None:
    answer = await served.client().get("/.well-known/openid-configuration")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["issuer"] == "https://segue.test"
    assert found["jwks_uri"] == "http://edge.test:8080/oauth2/jwks.json"
    assert found["id_token_signing_alg_values_supported"] == ["ES256"]


async def test_discovery_names_the_public_address_where_there_is_one(served: Served) -> None:
    served.public_url = "https://music.example/"
    answer = await served.client().get("/.well-known/openid-configuration")
    assert answer.json()["jwks_uri"] == "https://music.example/oauth2/jwks.json"
    assert "public" in answer.headers["cache-control"]


async def test_health_follows_the_process(served: Served) -> None:
    client = served.client()
    assert (await client.get("/healthz")).json() == {"status": "SERVING"}
    served.healthy = False
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "NOT_SERVING"})


@pytest.mark.parametrize("path", ["/", "/oauth2/token", "/oauth2/jwks.json/", "/docs"])
async def test_nothing_else_is_served(served: Served, path: str) -> None:
    answer = await served.client().get(path)
    assert answer.status_code == 404
    assert refusal(answer) == (code_pb2.NOT_FOUND, "NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_keys_are_only_read(served: Served, method: str) -> None:
    answer = await served.client().request(method, "/oauth2/jwks.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert refusal(answer) == (code_pb2.UNIMPLEMENTED, "UNIMPLEMENTED")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Code and reason of a google.rpc.Status in JSON."""
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    (info,) = told["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    return told["code"], info["reason"]
