"""The JSON calls of the edge as an OpenAPI 3.1 document, made from the contracts alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.rpc import code_pb2
from segue.mesh.v1 import options_pb2

from docs.comments import comment_of
from docs.openapi_schemas import Json, Schemas
from meshkit import contracts, scopes, status
from meshkit.http_status import HTTP_STATUS
from meshkit.validation import rules_of

# What any call can fail with, whatever it does.
COMMON_REASONS = (
    "INVALID_FIELD",
    "TOKEN_MISSING",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "TOKEN_REVOKED",
    "SCOPE_MISSING",
    "LIMIT_REACHED",
    "OVERLOADED",
    "STORE_UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
)
_OF_USERS = {"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "SCOPE_MISSING"}
_FAILURE: Json = {
    "application/json": {"schema": {"$ref": "#/components/schemas/google.rpc.Status"}}
}
_HTTP_BODY = "google.api.HttpBody"
_STATUS = "google.rpc.Status"
_ETAG: Json = {
    "description": "A weak tag of the answer; send it back in if-none-match.",
    "schema": {"type": "string"},
}
_ACCESS = options_pb2.MethodPolicy.Access
_INTRODUCTION = (
    "A music streaming backend. Every call here is a gRPC call as well, by the contracts that"
    " `segue protos` writes; gRPC, gRPC-Web and JSON are served at one address. Manifests and"
    " segments are fetched at the addresses that `Play` answers. docs/protocol.md in Segue's"
    " repository says what holds for every call: tokens, deadlines, sizes, rates, retries, streams."
)


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP form of a method: the rule, and its place among the method's rules from 0."""

    method: MethodDescriptor
    rule: http_pb2.HttpRule
    number: int

    @property
    def verb(self) -> str:
        """The method of HTTP, in lower case."""
        return str(self.rule.WhichOneof("pattern"))

    @property
    def path(self) -> str:
        """The template of the path."""
        return str(getattr(self.rule, self.verb))

    @property
    def operation_id(self) -> str:
        """A name that no other operation has."""
        name = f"{self.method.containing_service.name}_{self.method.name}"
        return f"{name}_{self.number + 1}" if self.number else name

    @property
    def in_path(self) -> list[str]:
        """The fields that the path consists of, nested ones with dots."""
        return re.findall(r"{([^}=]+)", self.path)


def bindings() -> Iterator[Binding]:
    """Every HTTP form of every call that is served outside."""
    for service in contracts.services():
        for method in service.methods:
            rule = method.GetOptions().Extensions[annotations_pb2.http]
            rules = [one for one in (rule, *rule.additional_bindings) if one.WhichOneof("pattern")]
            for number, one in enumerate(rules):
                yield Binding(method, one, number)


def document() -> Json:
    """The whole document."""
    schemas = Schemas()
    paths: dict[str, Json] = {}
    for binding in bindings():
        paths.setdefault(binding.path, {})[binding.verb] = _operation(binding, schemas)
    _require_unique(paths)
    services = {binding.method.containing_service for binding in bindings()}
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The edge that serves this document."}],
        "tags": [
            {"name": service.name, "description": comment_of(service.full_name)}
            for service in sorted(services, key=lambda one: str(one.full_name))
        ],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": dict(sorted((schemas.components | {_STATUS: _status_schema()}).items())),
            "responses": {f"Failure{http}": answer for http, answer in _common_failures().items()},
            "headers": {"ETag": _ETAG},
            "securitySchemes": {"bearer": _bearer()},
        },
    }


def _info() -> Json:
    return {
        "title": "Segue",
        "version": version("segue"),
        "description": _INTRODUCTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _require_unique(paths: dict[str, Json]) -> None:
    ids = Counter(op["operationId"] for ops in paths.values() for op in ops.values())
    if twice := [name for name, count in ids.items() if count > 1]:
        raise ValueError(f"operation ids are not unique: {', '.join(twice)}")


def _operation(binding: Binding, schemas: Schemas) -> Json:
    method = binding.method
    said = comment_of(method.full_name)
    told, _, _ = said.partition("Errors:")
    operation: Json = {
        "operationId": binding.operation_id,
        "tags": [method.containing_service.name],
        "summary": told.strip().partition(". ")[0].rstrip(".") + ".",
        "description": said,
        "parameters": [*_path_parameters(binding, schemas), *_query_parameters(binding, schemas)],
        "responses": {**_answers(binding, schemas), **_failures(method, said)},
        "security": _security(method),
    }
    if body := _request_body(binding, schemas):
        operation["requestBody"] = body
    if method.GetOptions().deprecated:
        operation["deprecated"] = True
    return operation


def _field_at(message: Descriptor, path: str) -> FieldDescriptor:
    """The field that a dotted path names."""
    name, _, rest = path.partition(".")
    field = message.fields_by_name[name]
    return _field_at(field.message_type, rest) if rest else field


def _path_parameters(binding: Binding, schemas: Schemas) -> Iterator[Json]:
    for path in binding.in_path:
        field = _field_at(binding.method.input_type, path)
        schema = schemas.field(field, sent=True)
        if schema.get("type") == "string" and "pattern" not in schema:
            schema["minLength"] = 1
        yield _parameter(path, "path", schema) | {"required": True}


def _query_parameters(binding: Binding, schemas: Schemas) -> Iterator[Json]:
    if binding.rule.body == "*":
        return
    taken = {*binding.in_path, binding.rule.body}
    for path, field in _leaves(binding.method.input_type, "", ()):
        if path not in taken and path.partition(".")[0] != binding.rule.body:
            needed = {"required": True} if rules_of(field).required else {}
            yield _parameter(path, "query", schemas.field(field, sent=True)) | needed


def _parameter(name: str, place: str, schema: Json) -> Json:
    return {"name": name, "in": place, "description": schema.pop("description"), "schema": schema}


def _leaves(
    message: Descriptor, prefix: str, around: tuple[Descriptor, ...]
) -> Iterator[tuple[str, FieldDescriptor]]:
    """The fields that a query can name; lists of messages cannot stand in one."""
    for field in message.fields:
        inner = field.message_type
        if inner is None or inner.full_name.startswith("google.protobuf."):
            yield prefix + field.name, field
        elif not field.is_repeated and inner not in around:
            yield from _leaves(inner, f"{prefix}{field.name}.", (*around, message))


def _request_body(binding: Binding, schemas: Schemas) -> Json | None:
    message, body = binding.method.input_type, binding.rule.body
    if not body:
        return None
    if body != "*":
        schema = schemas.message(message.fields_by_name[body].message_type, sent=True)
    elif binding.in_path:
        rest = [field for field in message.fields if field.name not in binding.in_path]
        schema = schemas.fields(message, rest, sent=True)
    else:
        schema = schemas.message(message, sent=True)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answers(binding: Binding, schemas: Schemas) -> Json:
    """What comes where the call succeeds: a read has a tag, and nothing for who holds it."""
    answer = _answer(binding, schemas)
    if binding.verb != "get" or binding.method.server_streaming:
        return {"200": answer}
    headers = {"etag": {"$ref": "#/components/headers/ETag"}}
    kept = {"description": "What the caller holds, by if-none-match, is what there is."}
    return {"200": answer | {"headers": headers}, "304": kept | {"headers": headers}}


def _answer(binding: Binding, schemas: Schemas) -> Json:
    method = binding.method
    if method.output_type.full_name == _HTTP_BODY:
        # No schema: bytes of whatever type the answer says.
        return {"description": "The file as it is.", "content": {"*/*": {}}}
    if method.server_streaming:
        return _events(schemas.message(method.output_type, sent=False))
    unwrapped = binding.method.GetOptions().Extensions[annotations_pb2.http].response_body
    if unwrapped:
        schema = _unwrapped(method.output_type.fields_by_name[unwrapped], schemas)
    else:
        schema = schemas.message(method.output_type, sent=False)
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _unwrapped(field: FieldDescriptor, schemas: Schemas) -> Json:
    """The field that an answer consists of: {} where it is absent, if its comment says so."""
    schema = schemas.field(field, sent=False)
    said = schema["description"]
    if "Absent" not in said:
        return schema
    nothing = {"type": "object", "maxProperties": 0, "description": "There is none."}
    return {"anyOf": [schema, nothing], "description": said}


def _events(event: Json) -> Json:
    schema = {
        "type": "string",
        "description": "Server-sent events; the data of each is a message in JSON.",
        "contentMediaType": "application/json",
        "contentSchema": event,
    }
    said = "A stream of events. Its last one says why it ends."
    return {"description": said, "content": {"text/event-stream": {"schema": schema}}}


def _own_reasons(said: str) -> list[str]:
    """The reasons that a method's comment names."""
    known = status.reason_specs()
    words = re.findall(r"\b[A-Z][A-Z_]{3,}\b", said.partition("Errors:")[2])
    return [word for word in dict.fromkeys(words) if word in known]


def _by_status(reasons: Iterable[str]) -> dict[str, list[str]]:
    """Reasons by the HTTP status that they come with."""
    known = status.reason_specs()
    found: dict[str, list[str]] = {}
    for reason in reasons:
        http = HTTP_STATUS[code_pb2.Code.Name(known[reason].code)]
        found.setdefault(str(http), []).append(reason)
    return dict(sorted(found.items()))


def _common_failures() -> dict[str, Json]:
    """What any call can fail with, by HTTP status."""
    known = status.reason_specs()
    found = {
        http: {
            "description": "\n".join(f"- `{one}`: {known[one].meaning}" for one in reasons),
            "content": _FAILURE,
        }
        for http, reasons in _by_status(COMMON_REASONS).items()
    }
    return {**found, "Other": {"description": "Any other failure.", "content": _FAILURE}}


def _failures(method: MethodDescriptor, said: str) -> Json:
    """The answers of a call that fails, by HTTP status, with the reasons of each."""
    contract = contracts.contract_of(method)
    never = _OF_USERS if contract.access == _ACCESS.PUBLIC else set[str]()
    if contract.any_scope:
        never = {"SCOPE_MISSING"}
    common = [one for one in COMMON_REASONS if one not in never]
    own = _own_reasons(said)
    answers = {}
    for http, reasons in _by_status(dict.fromkeys([*own, *common])).items():
        if set(reasons) <= set(common):
            answers[http] = {"$ref": f"#/components/responses/Failure{http}"}
        else:
            named = ", ".join(f"`{reason}`" for reason in reasons)
            answers[http] = {"description": f"{named}.", "content": _FAILURE}
    return {**answers, "default": {"$ref": "#/components/responses/FailureOther"}}


def _security(method: MethodDescriptor) -> list[Json]:
    """One of the scopes is enough; none: any token will do; nothing: no token is needed."""
    contract = contracts.contract_of(method)
    if contract.any_scope:
        return [{"bearer": []}]
    return [{"bearer": [scope]} for scope in sorted(contract.scopes)]


def _bearer() -> Json:
    table = [f"- `{name}`: {spec.meaning}" for name, spec in scopes.scope_specs().items()]
    said = (
        "A user's access token; it lives 5 minutes. Of the scopes that a call names it needs one:"
    )
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "\n".join([said, "", *table]),
    }


def _status_schema() -> Json:
    detail = {
        "type": "object",
        "description": (
            "What a program reads. google.rpc.ErrorInfo is always there: `reason` is one of"
            " the errors contract, `domain` is segue. google.rpc.BadRequest names fields,"
            " google.rpc.RetryInfo says how long to wait."
        ),
        "required": ["@type"],
        "properties": {
            "@type": {"type": "string", "description": "Which of them this is."},
            "reason": {"type": "string", "description": "ErrorInfo: why the call failed."},
            "domain": {"type": "string", "description": "ErrorInfo: whose reasons these are."},
            "metadata": {
                "type": "object",
                "description": "ErrorInfo: what belongs to the reason.",
                "additionalProperties": {"type": "string"},
            },
            "retry_delay": {
                "type": "string",
                "description": "RetryInfo: how long to wait, such as 7s.",
            },
            "field_violations": {
                "type": "array",
                "description": "BadRequest: the fields that are wrong.",
                "items": {
                    "type": "object",
                    "required": ["field", "description"],
                    "properties": {
                        "field": {"type": "string", "description": "The path of the field."},
                        "description": {"type": "string", "description": "What is wrong with it."},
                    },
                },
            },
        },
    }
    return {
        "type": "object",
        "description": "Why a call failed; the same as gRPC callers get.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "integer", "description": "The canonical code of gRPC."},
            "message": {"type": "string", "description": "What happened, for people."},
            "details": {"type": "array", "description": "For programs.", "items": detail},
        },
    }
