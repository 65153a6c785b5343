"""gRPC server reflection over the contracts as protoc wrote them, comments included.

What comes from outside, by the edge, sees the public calls; who has another certificate of the mesh
sees the internal ones too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from meshkit.contract_files import descriptor_set
from meshkit.server_context import Context

_ALPHA = "grpc.reflection.v1alpha.ServerReflection"
# The same messages under another name.
_SERVICES = (_ALPHA, "grpc.reflection.v1.ServerReflection")
_METHOD = "ServerReflectionInfo"
# What every server serves beside the contracts.
_INFRASTRUCTURE = (health_pb2, reflection_pb2)
_OUTSIDE = "edge"

_Request = reflection_pb2.ServerReflectionRequest
_Response = reflection_pb2.ServerReflectionResponse


class Catalogue:
    """What reflection can tell of a set of files."""

    def __init__(self, files: list[FileDescriptorProto]) -> None:
        self._files = {file.name: file for file in files}
        self._file_of: dict[str, str] = {}
        self._extensions: dict[str, dict[int, str]] = {}
        self.services: list[str] = []
        for file in files:
            self._add(file)

    def _add(self, file: FileDescriptorProto) -> None:
        within = f"{file.package}." if file.package else ""
        for service in file.service:
            self.services.append(within + service.name)
            for name in ("", *(f".{method.name}" for method in service.method)):
                self._file_of[within + service.name + name] = file.name
        for symbol, extensions in _symbols(file.message_type, within):
            self._file_of[symbol] = file.name
            self._add_extensions(extensions, file.name)
        for enum in file.enum_type:
            self._file_of[within + enum.name] = file.name
        for extension in file.extension:
            self._file_of[within + extension.name] = file.name
        self._add_extensions(list(file.extension), file.name)

    def _add_extensions(self, extensions: list[FieldDescriptorProto], file: str) -> None:
        for extension in extensions:
            of = extension.extendee.lstrip(".")
            self._extensions.setdefault(of, {})[extension.number] = file

    def file_of(self, symbol: str) -> str:
        """The file of a message, enum, extension, service or method; empty: there is none."""
        return self._file_of.get(symbol, "")

    def file_of_extension(self, message: str, number: int) -> str:
        """The file of an extension; empty: there is none."""
        return self._extensions.get(message, {}).get(number, "")

    def extension_numbers(self, message: str) -> list[int]:
        """The extensions of a message."""
        return sorted(self._extensions.get(message, {}))

    def with_imports(self, name: str, told: set[str]) -> Iterator[bytes]:
        """A file and what it imports, without the files ``told`` before, which it adds to."""
        file = self._files.get(name)
        if file is None or name in told:
            return
        told.add(name)
        yield file.SerializeToString()
        for dependency in file.dependency:
            yield from self.with_imports(dependency, told)


def _symbols(messages: Any, within: str) -> Iterator[tuple[str, list[FieldDescriptorProto]]]:
    """Every message and enum in ``messages``, and the extensions that stand in it."""
    message: DescriptorProto
    for message in messages:
        name = within + message.name
        yield name, list(message.extension)
        for enum in message.enum_type:
            yield f"{name}.{enum.name}", []
        yield from _symbols(message.nested_type, f"{name}.")


@cache
def catalogue(*, internal: bool) -> Catalogue:
    """The public contracts, or all, and the services that every server has."""
    files = list(descriptor_set(internal=internal).file)
    for module in _INFRASTRUCTURE:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        files.append(file)
    return Catalogue(files)


def add_to(server: grpc.aio.Server, workload_of: Any) -> None:
    """Serves reflection in both its versions; ``workload_of`` names who calls."""

    async def info(requests: Any, context: Context) -> AsyncIterator[_Response]:
        known = catalogue(internal=workload_of(context) != _OUTSIDE)
        told: set[str] = set()
        async for request in requests:
            yield _answer(known, request, told)

    handler = grpc.stream_stream_rpc_method_handler(
        info, _Request.FromString, _Response.SerializeToString
    )
    handlers = [
        grpc.method_handlers_generic_handler(name, {_METHOD: handler}) for name in _SERVICES
    ]
    server.add_generic_rpc_handlers(tuple(handlers))


def _answer(known: Catalogue, request: _Request, told: set[str]) -> _Response:
    answer = _Response(valid_host=request.host, original_request=request)
    asked = request.WhichOneof("message_request")
    if asked == "list_services":
        names = [reflection_pb2.ServiceResponse(name=name) for name in sorted(known.services)]
        answer.list_services_response.service.extend(names)
    elif asked == "all_extension_numbers_of_type":
        message = request.all_extension_numbers_of_type
        answer.all_extension_numbers_response.base_type_name = message
        answer.all_extension_numbers_response.extension_number.extend(
            known.extension_numbers(message)
        )
    else:
        _tell_file(known, _file_asked_for(known, request), told, answer)
    return answer


def _file_asked_for(known: Catalogue, request: _Request) -> str:
    match request.WhichOneof("message_request"):
        case "file_by_filename":
            return request.file_by_filename
        case "file_containing_symbol":
            return known.file_of(request.file_containing_symbol)
        case "file_containing_extension":
            asked = request.file_containing_extension
            return known.file_of_extension(asked.containing_type, asked.extension_number)
        case _:
            return ""


def _tell_file(known: Catalogue, name: str, told: set[str], answer: _Response) -> None:
    # What is asked for is told again; what it imports is not.
    told.discard(name)
    files = list(known.with_imports(name, told))
    if files:
        answer.file_descriptor_response.file_descriptor_proto.extend(files)
        return
    answer.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
    answer.error_response.error_message = "There is no such file, symbol or extension."
