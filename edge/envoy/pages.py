"""What the edge shows at its root: what this is, and where to go on."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping

_LINKS: Mapping[str, tuple[str, str]] = {
    "openapi": ("/openapi.json", "the calls in JSON, as OpenAPI 3.1"),
    "health": ("/healthz", "whether it serves"),
    "plans": ("/plans", "what one can listen on"),
    "keys": ("/.well-known/openid-configuration", "where the keys of tokens are"),
}
_DOCUMENTS: Mapping[str, str] = {
    "docs/protocol.md": "what holds for every call",
    "docs/api.md": "every call",
    "docs/errors.md": "why calls fail",
    "docs/browser.md": "calling from a page",
}


def version() -> str:
    """The distribution's version, or ``unknown`` in a bare checkout."""
    try:
        return importlib.metadata.version("segue")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def root_json() -> str:
    """The page for programs."""
    return json.dumps(
        {
            "name": "Segue",
            "description": "A music streaming mesh: gRPC, gRPC-Web, Connect and JSON at one port.",
            "version": version(),
            "links": {name: path for name, (path, _) in _LINKS.items()},
            "docs": list(_DOCUMENTS),
        },
        indent=1,
    )


def root_html() -> str:
    """The page for people."""
    links = "".join(
        f'<li><a href="{path}">{path}</a>: {words}</li>' for path, words in _LINKS.values()
    )
    documents = "".join(
        f"<li><code>{name}</code>: {words}</li>" for name, words in _DOCUMENTS.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width"><title>Segue</title><style>body{font:16px/1.5 system-ui;'
        "max-width:40em;margin:2em auto;padding:0 1em}</style></head><body>"
        f"<h1>Segue {version()}</h1><p>A music streaming mesh. This is its edge: gRPC, gRPC-Web, "
        f"Connect and JSON at one port.</p><ul>{links}</ul>"
        f"<p>In the source:</p><ul>{documents}</ul></body></html>"
    )
