"""docs/protocol.md says once what holds for every call, and names nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from segue.mesh.v1 import options_pb2

from docs import openapi
from meshkit import contracts, status

PAGE = (Path(openapi.__file__).parent / "protocol.md").read_text(encoding="utf-8")
INTERNAL = options_pb2.MethodPolicy.Access.INTERNAL


def test_what_any_call_can_fail_with_is_said() -> None:
    assert [one for one in openapi.COMMON_REASONS if f"`{one}`" not in PAGE] == []


def test_no_reason_is_named_that_is_none() -> None:
    table = PAGE.partition("| reason | do |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([A-Z_]+)`", table)) <= set(status.reason_specs())


def test_every_stream_that_clients_hold_is_told_with_its_json_form() -> None:
    streams = [
        contract
        for contract in contracts.all_contracts().values()
        if contract.is_stream and contract.access != INTERNAL
    ]
    files = {"ExportPlaylist"}
    for contract in streams:
        name = contract.path.rpartition("/")[2]
        service = contract.service.rpartition(".")[2]
        assert name in files or f"`{service}.{name}`" in PAGE, contract.path


def test_every_path_that_is_named_is_served() -> None:
    served = {f"{one.verb.upper()} {one.path}" for one in openapi.bindings()}
    named = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]+)`", PAGE))
    assert named
    assert named <= served
