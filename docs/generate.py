"""Writes what of docs/ follows from the code; ``--check`` fails where a page is not current.

errors.md    every reason, from segue/errors/v1
api.md       every RPC with its HTTP rule, scope and callers, from the contracts
settings.md  every environment variable, from the settings classes and from what the code reads

Beside them gen/segue/openapi.json, which the edge serves: the JSON calls, from the contracts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import code_pb2
from pydantic_core import PydanticUndefined
from segue.mesh.v1 import options_pb2

from docs import environment, openapi
from meshkit import contracts, status
from meshkit.http_status import HTTP_STATUS
from meshkit.settings import EnvironmentSettings
from meshkit.store_settings import WorkerSettings

DOCS = Path(__file__).resolve().parent
_NOTE = "<!-- Written by `make generate`; change the source that it names. -->"


def errors_page() -> str:
    """The page of reasons."""
    lines = [
        "# Errors",
        "",
        _NOTE,
        "",
        "Every failed call answers a `google.rpc.Status`: a code, a message for people, and a",
        '`google.rpc.ErrorInfo` with `domain` "segue" and one of these reasons. The edge answers',
        "the same as JSON under the HTTP status. Source: `protos/segue/errors/v1/errors.proto`.",
        "",
        "| reason | code | HTTP | meaning | what to do | metadata, by example |",
        "|---|---|---|---|---|---|",
    ]
    for reason, spec in status.reason_specs().items():
        code = code_pb2.Code.Name(spec.code)
        examples = ", ".join(f"`{one.key}`: `{one.value}`" for one in spec.metadata)
        if spec.retry_info:
            examples = f"{examples}{', ' if examples else ''}with `RetryInfo`"
        lines.append(
            f"| `{reason}` | {code} | {HTTP_STATUS[code]} | {spec.meaning} | {spec.action} "
            f"| {examples} |"
        )
    return "\n".join(lines) + "\n"


def api_page() -> str:
    """The page of RPCs."""
    lines = [
        "# Calls",
        "",
        _NOTE,
        "",
        "Every RPC of the contracts. What has an HTTP rule is served by the edge as JSON and as",
        "gRPC alike; what is internal is served between services only. The comments in `protos/`",
        "are the manual.",
    ]
    for service in contracts.services():
        lines += ["", f"## {service.full_name}", "", "| method | kind | HTTP | access |"]
        lines.append("|---|---|---|---|")
        lines += [_api_row(method) for method in service.methods]
    return "\n".join(lines) + "\n"


def _api_row(method: MethodDescriptor) -> str:
    contract = contracts.contract_of(method)
    kinds = options_pb2.MethodPolicy.Access
    if contract.access == kinds.PUBLIC:
        access = "public"
    elif contract.access == kinds.USER:
        access = " or ".join(f"`{scope}`" for scope in contract.scopes) or "any token"
    else:
        access = (
            f"internal: {', '.join(sorted(contract.allowed_callers)) or 'nobody in its own name'}"
        )
    if contract.delegated:
        access += f"; on a user's behalf: {', '.join(sorted(contract.delegated))}"
    kind = {
        (False, False): "unary",
        (False, True): "server stream",
        (True, False): "client stream",
        (True, True): "bidi stream",
    }[contract.streams_requests, contract.streams_responses]
    return f"| `{method.name}` | {kind} | {_http_rule(method)} | {access} |"


def _http_rule(method: MethodDescriptor) -> str:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    return " or ".join(filter(None, map(_binding, (rule, *rule.additional_bindings))))


def _binding(rule: http_pb2.HttpRule) -> str:
    verb = rule.WhichOneof("pattern")
    return f"`{verb.upper()} {getattr(rule, verb)}`" if verb else ""


def settings_page() -> str:
    """The page of settings."""
    lines = [
        "# Settings",
        "",
        _NOTE,
        "",
        "Every process reads its settings from the environment and refuses unknown ones under its",
        "prefix. `segue mesh up` sets those that it knows; others can be set in its environment.",
        "Whatever else the code reads stands in the last table: the check of this page finds it.",
    ]
    known = set()
    for kind in _settings_classes():
        prefix = str(kind.model_config.get("env_prefix", "")).upper()
        known |= {f"{prefix}{name.upper()}" for name in kind.model_fields}
        role = ", worker" if issubclass(kind, WorkerSettings) else ""
        lines += ["", f"## {kind.__module__.rpartition('.')[0]}{role}", ""]
        lines += ["| variable | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description or ''} |"
            for name, field in sorted(kind.model_fields.items())
        ]
    if wrong := environment.unexplained(known):
        sys.exit("docs/environment.py must explain every variable: " + "; ".join(wrong))
    lines += ["", "## What the command and the local mesh read beside them", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {variable.default} | {variable.meaning} |"
        for name, variable in sorted(environment.OUTSIDE_OF_SETTINGS.items())
    ]
    return "\n".join(lines) + "\n"


def _settings_classes() -> Iterator[type[EnvironmentSettings]]:
    for file in sorted(DOCS.parent.glob("*_svc/settings.py")) + sorted(
        DOCS.parent.glob("edge/*/settings.py")
    ):
        name = ".".join(file.relative_to(DOCS.parent).with_suffix("").parts)
        module = importlib.import_module(name)
        yield from (
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, EnvironmentSettings)
            and value.__module__ == name
        )


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined:
        value = field.default_factory()
    return "none" if value is None else f"`{value}`"


def openapi_page() -> str:
    """The JSON calls for machines."""
    return json.dumps(openapi.document(), ensure_ascii=False, indent=1) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "api.md": api_page,
    "settings.md": settings_page,
    "../gen/segue/openapi.json": openapi_page,
}


def main() -> None:
    """Writes the pages, or checks them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail on drift")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path = DOCS / name
        text = page()
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
    if check and stale:
        sys.exit(f"docs/ is not current: {', '.join(stale)}; run: make generate")
    print(f"docs/ is current ({len(stale)} pages written)" if stale else "docs/ is current")


if __name__ == "__main__":
    main()
