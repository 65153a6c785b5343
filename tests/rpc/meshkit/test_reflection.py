"""What reflection tells, to whom: the contracts with their comments; internal ones to the mesh."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2
from segue.errors.v1 import errors_pb2
from segue.mesh.v1.options_pb2 import MethodPolicy

from meshkit.contracts import all_contracts
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served

VERSIONS = ("v1", "v1alpha")
INTERNAL = [c for c in all_contracts().values() if c.access == MethodPolicy.INTERNAL]
APART = {c.service for c in INTERNAL if c.service.endswith("InternalService")}
SEARCH = "segue.catalog.v1.SearchService"


@pytest.fixture(scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedMesh]:
    async with served(tmp_path_factory.mktemp("tls"), issuer=TokenIssuer()) as found:
        yield found


async def told(
    mesh: ServedMesh, *asked: dict[str, Any], caller: str = "edge", version: str = "v1alpha"
) -> list[reflection_pb2.ServerReflectionResponse]:
    """The answers to questions on one stream."""
    ask: Any = mesh.channel(caller).stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    questions = [reflection_pb2.ServerReflectionRequest(**one) for one in asked]
    return [answer async for answer in ask(iter(questions))]


def files_of(answer: reflection_pb2.ServerReflectionResponse) -> dict[str, FileDescriptorProto]:
    found = answer.file_descriptor_response.file_descriptor_proto
    return {file.name: file for file in map(FileDescriptorProto.FromString, found)}


async def services(mesh: ServedMesh, caller: str, version: str = "v1alpha") -> set[str]:
    (answer,) = await told(mesh, {"list_services": ""}, caller=caller, version=version)
    return {service.name for service in answer.list_services_response.service}


@pytest.mark.parametrize("version", VERSIONS)
async def test_outside_sees_the_public_services_and_no_internal_one(
    mesh: ServedMesh, version: str
) -> None:
    listed = await services(mesh, "edge", version)
    public = {c.service for c in all_contracts().values() if c.access != MethodPolicy.INTERNAL}
    assert public <= listed
    assert listed.isdisjoint(APART)
    assert not any("channelz" in name for name in listed)


async def test_the_operator_sees_the_internal_ones_too(mesh: ServedMesh) -> None:
    assert APART
    assert await services(mesh, "cli") > APART


@pytest.mark.parametrize("service", sorted(APART))
async def test_outside_an_internal_service_is_not_described(mesh: ServedMesh, service: str) -> None:
    asked = {"file_containing_symbol": service}
    (outside,) = await told(mesh, asked)
    assert outside.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    (inside,) = await told(mesh, asked, caller="cli")
    (name,) = (name for name in files_of(inside) if name.endswith("_internal_service.proto"))
    (hidden,) = await told(mesh, {"file_by_filename": name})
    assert hidden.HasField("error_response")


async def test_comments_are_told(mesh: ServedMesh) -> None:
    (answer,) = await told(mesh, {"file_containing_symbol": SEARCH})
    file = files_of(answer)["segue/catalog/v1/catalog_service.proto"]
    comments = [place.leading_comments for place in file.source_code_info.location]
    assert sum(bool(comment) for comment in comments) > 20


@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        (f"{SEARCH}.Search", "segue/catalog/v1/catalog_service.proto"),
        ("segue.catalog.v1.SearchRequest", "segue/catalog/v1/catalog_service.proto"),
        ("segue.catalog.v1.SearchRequest.Type", "segue/catalog/v1/catalog_service.proto"),
        ("segue.mesh.v1.policy", "segue/mesh/v1/options.proto"),
        ("google.rpc.BadRequest.FieldViolation", "google/rpc/error_details.proto"),
        ("grpc.health.v1.Health", "grpc_health/v1/health.proto"),
    ],
)
async def test_a_symbol_is_found_with_all_that_its_file_imports(
    mesh: ServedMesh, symbol: str, file: str
) -> None:
    (answer,) = await told(mesh, {"file_containing_symbol": symbol})
    files = files_of(answer)
    assert file in files
    assert {name for one in files.values() for name in one.dependency} <= set(files)


async def test_a_file_is_told_once_on_a_stream_unless_it_is_asked_for(mesh: ServedMesh) -> None:
    asked = {"file_containing_symbol": SEARCH}
    other = {"file_containing_symbol": "segue.playlist.v1.PlaylistService"}
    first, second, again = await told(mesh, asked, other, asked)
    assert "google/api/annotations.proto" in files_of(first)
    assert "google/api/annotations.proto" not in files_of(second)
    assert list(files_of(again)) == ["segue/catalog/v1/catalog_service.proto"]


async def test_extensions_are_found_by_what_they_extend(mesh: ServedMesh) -> None:
    options, number = "google.protobuf.EnumValueOptions", errors_pb2.reason.number
    asked = {"containing_type": options, "extension_number": number}
    numbers, file, none = await told(
        mesh,
        {"all_extension_numbers_of_type": options},
        {"file_containing_extension": asked},
        {"file_containing_extension": {**asked, "extension_number": 1}},
    )
    assert number in numbers.all_extension_numbers_response.extension_number
    assert "segue/errors/v1/errors.proto" in files_of(file)
    assert none.HasField("error_response")


@pytest.mark.parametrize("asked", [{"file_by_filename": "x"}, {"file_containing_symbol": ""}, {}])
async def test_what_is_not_there_is_told_so(mesh: ServedMesh, asked: dict[str, Any]) -> None:
    (answer,) = await told(mesh, asked)
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
