"""The contracts as files: for reflection, for generators of other languages, for buf and protoc."""

from __future__ import annotations

from functools import cache
from importlib import resources

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

_DESCRIPTOR_SET = "contracts.binpb"
_OPENAPI = "openapi.json"
_INTERNAL = "_internal_service.proto"
# What no call names but every client reads: why a call failed.
_ALWAYS = (
    "google/rpc/error_details.proto",
    "google/rpc/status.proto",
    "segue/errors/v1/errors.proto",
)
# The well-known types come with every compiler of Protocol Buffers.
_WELL_KNOWN = "google/protobuf/"


@cache
def _whole_set() -> FileDescriptorSet:
    written = resources.files("segue").joinpath(_DESCRIPTOR_SET).read_bytes()
    return FileDescriptorSet.FromString(written)


def descriptor_set(*, internal: bool = False) -> FileDescriptorSet:
    """The contracts with their comments and all that they import, each file after its imports.

    ``internal`` adds what services alone may call; without it a foreign client sees the files of
    the public calls and what these need.
    """
    files = {file.name: file for file in _whole_set().file}
    wanted: set[str] = set()
    for name in files:
        if name.endswith("_service.proto") and (internal or not name.endswith(_INTERNAL)):
            _collect(name, files, wanted)
    for name in _ALWAYS if not internal else files:
        _collect(name, files, wanted)
    return FileDescriptorSet(file=[file for name, file in files.items() if name in wanted])


def _collect(name: str, files: dict[str, FileDescriptorProto], wanted: set[str]) -> None:
    if name not in wanted:
        wanted.add(name)
        for dependency in files[name].dependency:
            _collect(dependency, files, wanted)


def openapi() -> bytes:
    """The calls of the edge in JSON as an OpenAPI document."""
    return resources.files("segue").joinpath(_OPENAPI).read_bytes()


def source_tree(*, internal: bool = False) -> dict[str, str]:
    """The contracts' texts by path, and those of what they import beyond the well-known types."""
    names = [file.name for file in descriptor_set(internal=internal).file]
    return {name: _text_of(name) for name in names if not name.startswith(_WELL_KNOWN)}


def _text_of(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return resources.files(folder.replace("/", ".")).joinpath(file).read_text(encoding="utf-8")
