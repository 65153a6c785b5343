"""Lists of ids in a query: as many as the contract promises arrive, and one more is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from edge_calls import INVALID, json_refusal
from google.api import annotations_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from wrong_calls import NOBODY

from meshkit.contracts import services
from tests.running_mesh import RunningMesh

PROMISED = 500
# These take more, but not in a query: their POST twin does.
MORE_BY_POST = {"segue.playlist.v1.PlaylistService.RemoveTracks"}


def lists_of(method: MethodDescriptor) -> list[str]:
    """The lists of ids that a method without a body takes in its query."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    if rule.body or rule.WhichOneof("pattern") not in ("get", "delete"):
        return []
    fields = method.input_type.fields
    return [f.name for f in fields if f.is_repeated and f.type == FieldDescriptor.TYPE_STRING]


METHODS = [method for service in services() for method in service.methods if lists_of(method)]
LISTS = [(method, name) for method in METHODS for name in lists_of(method)]


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else str(value.full_name)


def refused_field(
    mesh: RunningMesh, token: str, method: MethodDescriptor, sizes: Mapping[str, int]
) -> str:
    """The field that a call with lists of these sizes is refused for; empty: for none."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = str(rule.WhichOneof("pattern"))
    path = re.sub(r"{\w+}", NOBODY, getattr(rule, verb))
    query = urlencode({name: [NOBODY] * size for name, size in sizes.items()}, doseq=True)
    answer = mesh.call(verb.upper(), f"{path}?{query}", token=token)
    if answer.status == 200:
        return ""
    refusal = json_refusal(answer)
    if refusal != INVALID:
        assert refusal.code in ("NOT_FOUND", "FAILED_PRECONDITION"), answer.text
        return ""
    (bad,) = (d for d in answer.body["details"] if d["@type"].endswith("BadRequest"))
    return str(bad["field_violations"][0]["field"])


def test_there_are_lists_in_queries() -> None:
    assert len(LISTS) > 6


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_lists_of_the_promised_size_arrive(
    mesh: RunningMesh, free: str, method: MethodDescriptor
) -> None:
    full = dict.fromkeys(lists_of(method), PROMISED)
    assert refused_field(mesh, free, method, full) == ""


@pytest.mark.parametrize(("method", "name"), LISTS, ids=name_of)
def test_one_more_is_refused_by_the_name_of_the_list(
    mesh: RunningMesh, free: str, method: MethodDescriptor, name: str
) -> None:
    refused = refused_field(mesh, free, method, {name: PROMISED + 1})
    assert refused == ("" if method.full_name in MORE_BY_POST else name)
