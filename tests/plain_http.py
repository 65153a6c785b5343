"""How tests call over HTTP: without TLS and without what the environment says of proxies."""

from __future__ import annotations

from typing import Any

# Reading the trust store takes 30 ms of every client that is made, and nothing here uses it.
PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
