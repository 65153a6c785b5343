"""What of the contracts the edge serves, and the descriptors that it needs for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto
from google.rpc import error_details_pb2, status_pb2
from segue.mesh.v1.options_pb2 import MethodPolicy

from meshkit.contracts import MethodContract, contract_of, load_all, services

# Contexts are served by the workload of their name, but for those listed here.
_WORKLOAD_OF_CONTEXT = {"device": "playback"}


@dataclass(frozen=True, slots=True)
class ExposedMethod:
    """An RPC that the edge routes; ``cluster`` is the workload that serves it.

    ``json_calls`` are the HTTP methods and templates of its JSON form, such as ("get",
    "/tracks/{id}"); none: it has no such form. ``response_body`` is the field that the JSON answer
    consists of; empty: the whole message.
    """

    contract: MethodContract
    cluster: str
    json_calls: tuple[tuple[str, str], ...]
    response_body: str

    @property
    def has_json(self) -> bool:
        """Whether it is served as JSON over HTTP, too."""
        return bool(self.json_calls)

    @property
    def is_tagged(self) -> bool:
        """Whether its JSON answer has a tag, by which a caller asks for it only if it changed."""
        reads = any(verb == "get" for verb, _ in self.json_calls)
        return reads and not self.contract.streams_responses

    @property
    def is_same_for_all(self) -> bool:
        """Whether everybody gets the same answer, and may know of it."""
        plain = all(verb == "get" and "{" not in path for verb, path in self.json_calls)
        return self.is_public and plain

    @property
    def is_public(self) -> bool:
        """Whether it is served without an access token."""
        return self.contract.access == MethodPolicy.PUBLIC


def exposed_methods() -> list[ExposedMethod]:
    """The PUBLIC and USER methods of every contract; INTERNAL ones get no route."""
    return [
        _exposed(method)
        for service in services()
        for method in service.methods
        if contract_of(method).access in (MethodPolicy.PUBLIC, MethodPolicy.USER)
    ]


def _exposed(method: MethodDescriptor) -> ExposedMethod:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verbs = [(str(one.WhichOneof("pattern")), one) for one in (rule, *rule.additional_bindings)]
    calls = tuple((verb, str(getattr(one, verb))) for verb, one in verbs if verb != "None")
    return ExposedMethod(contract_of(method), _workload(method), calls, rule.response_body)


def paths_regex(calls: Iterable[tuple[str, str]]) -> str:
    """An RE2 expression for the paths of JSON calls, without queries."""
    templates = sorted({path for _, path in calls})
    return "|".join(
        "/".join("[^/?]+" if part.startswith("{") else re.escape(part) for part in path.split("/"))
        for path in templates
    )


def rpcs_regex(methods: Iterable[ExposedMethod]) -> str:
    """An RE2 expression for the paths of RPCs."""
    by_service: dict[str, list[str]] = {}
    for method in methods:
        service, _, name = method.contract.path.rpartition("/")
        by_service.setdefault(service, []).append(name)
    return "|".join(
        f"{re.escape(service)}/(?:{'|'.join(sorted(names))})"
        for service, names in sorted(by_service.items())
    )


def transcoded_services(methods: Iterable[ExposedMethod]) -> list[str]:
    """The services that can be called in JSON, by full name."""
    return sorted({method.contract.service for method in methods})


def descriptor_set() -> bytes:
    """Every contract and what it imports, as a FileDescriptorSet.

    google.rpc's error details are in it: without them the transcoder answers an error that carries
    details with an empty body. ``response_body`` is not: the transcoder refuses it, so a filter of
    ours takes the field out of the answer (see filters.py). A unary method can be called at its
    RPC's own path, too, by a body that is its whole request.
    """
    files: dict[str, FileDescriptor] = {}
    for module in [*load_all(), error_details_pb2, status_pb2]:
        _collect(module.DESCRIPTOR, files)
    found = FileDescriptorSet()
    for file in files.values():
        proto = found.file.add()
        file.CopyToProto(proto)
        for service in proto.service:
            for method in service.method:
                path = f"/{proto.package}.{service.name}/{method.name}"
                _for_the_transcoder(method, path)
    return found.SerializeToString(deterministic=True)


def _for_the_transcoder(method: MethodDescriptorProto, path: str) -> None:
    rule = method.options.Extensions[annotations_pb2.http]
    rule.ClearField("response_body")
    if method.client_streaming or method.server_streaming:
        return
    own = rule.additional_bindings.add() if rule.WhichOneof("pattern") else rule
    own.post, own.body = path, "*"


def _collect(file: FileDescriptor, files: dict[str, FileDescriptor]) -> None:
    """Adds ``file`` after what it imports, the order that a descriptor pool needs."""
    if file.name in files:
        return
    for dependency in file.dependencies:
        _collect(dependency, files)
    files[file.name] = file


def _workload(method: MethodDescriptor) -> str:
    context = str(method.containing_service.full_name).split(".")[1]
    return _WORKLOAD_OF_CONTEXT.get(context, context)
