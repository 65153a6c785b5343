"""The route table. One table serves gRPC, gRPC-Web and JSON callers alike.

The transcoder has rewritten a JSON request to its method's gRPC path by the time that it is routed
for good, so auth, time limits and retries stand here once, by method.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.envoy.clusters import IDENTITY_HTTP, MEDIA
from edge.envoy.exposure import ExposedMethod, paths_regex
from edge.envoy.resources import Json, extension, seconds, typed
from edge.envoy.scripts import CACHE_CONTROL, CALLED_BY, IF_NONE_MATCH, RESPONSE_BODY, TAGGED
from edge.envoy.settings import ANY_ORIGIN, EdgeSettings

# Bounds the bodies of plain HTTP services.
BUFFER = "envoy.filters.http.buffer"
# Bounds JSON bodies: the transcoder's own bound sees no more than what waits in its buffer at once.
JSON_BUFFER = "buffer_json"
# Looks at the token of a call in JSON before its body is held in memory.
JSON_JWT = "jwt_json"
# The script of calls in JSON.
JSON_SCRIPT = "json"
# The requirement of jwt_authn that a USER method names.
USER = "user"
MEDIA_PREFIX = "/media/"
# Whoever knows the rest of the path may see the playlist.
SHARE_PREFIX = "/s/"
SIGN_IN_PREFIXES = ("/oauth2/", "/.well-known/")
HEALTH_PATH = "/healthz"
OPENAPI_PATH = "/openapi.json"
# Who calls, as the edge knows it: it replaces whatever the caller says there.
CLIENT_ADDRESS = "x-client-address"
# Where the transcoder keeps the path of a JSON call, for the access log.
ORIGINAL_PATH = "x-envoy-original-path"
ORIGINAL_METHOD = "x-envoy-original-method"

TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
# The filter that finishes JSON answers.
LUA = "envoy.filters.http.lua"

# gRPC, gRPC-Web, and what the transcoder made of JSON: anything else at a method's path would only
# be misunderstood by its service.
_SPEAKS_GRPC: Json = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
JWT = "envoy.filters.http.jwt_authn"
_PER_ROUTE_JWT = "filters.http.jwt_authn.v3.PerRouteConfig"
_CORS = "envoy.filters.http.cors"
_NO_LIMIT: Json = {
    "timeout": "0s",
    "idle_timeout": "0s",
    "max_stream_duration": {"max_stream_duration": "0s"},
}
_READS: Json = {"headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}
# To be asked for again each time, by the tag; nobody between may keep it.
_FOR_ONE = "private, no-cache"
_FOR_ANYONE = "public, max-age=60"
_NEVER: Json = {"numerator": 0}
_UNTRACED: Json = {
    "tracing": {
        "client_sampling": _NEVER,
        "random_sampling": _NEVER,
        "overall_sampling": _NEVER,
    }
}
_LONGEST_REFLECTION = "60s"
_LARGEST_OPENAPI = 4 * 1024 * 1024
_NEVER_PROCESSED = "connect-failure,refused-stream"
# `unavailable` and `reset` may follow a commit, so they repeat only what changes nothing.
_NO_EFFECT = f"{_NEVER_PROCESSED},unavailable,reset"


def route_config(settings: EdgeSettings, methods: Sequence[ExposedMethod]) -> Json:
    """The table: exact methods first, then the HTTP services, then 404."""
    routes = [_method_route(settings, method) for method in methods]
    routes += [
        _reflection_route(),
        _health_check_route(settings),
        _media_route(),
        *(_sign_in_route(settings, prefix) for prefix in SIGN_IN_PREFIXES),
        _health_route(),
        _openapi_route(settings),
        *_json_routes(settings, methods),
    ]
    return {
        "name": "edge",
        # The last route names a cluster that does not exist: CORS needs a route with a cluster.
        "validate_clusters": False,
        "max_direct_response_body_size_bytes": _LARGEST_OPENAPI,
        "request_headers_to_add": [
            _header(CLIENT_ADDRESS, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            # The message holds what the query said: with 500 ids that is 18 KB a second time.
            _header(ORIGINAL_PATH, "%PATH(NQ:ORIG):1024%", "OVERWRITE_IF_EXISTS"),
        ],
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "routes": routes,
                "typed_per_filter_config": {_CORS: _cors_policy(settings)},
            }
        ],
    }


def _header(key: str, value: str, append_action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Json:
    return {"header": {"key": key, "value": value}, "append_action": append_action}


def _method_route(settings: EdgeSettings, method: ExposedMethod) -> Json:
    contract = method.contract
    route: Json = {"cluster": method.cluster}
    route |= _NO_LIMIT if contract.is_stream else _unary_limit(settings)
    if not contract.streams_requests:
        route["retry_policy"] = _retries(_NO_EFFECT if contract.read_only else _NEVER_PROCESSED)
    auth = _anyone() if method.is_public else typed(_PER_ROUTE_JWT, requirement_name=USER)
    found: Json = {
        "match": {"path": contract.path, "headers": [_SPEAKS_GRPC]},
        "route": route,
        "typed_per_filter_config": {JWT: auth},
    }
    if method.has_json:
        found["metadata"] = {"filter_metadata": {LUA: _answer_of(method)}}
    if method.is_tagged:
        found["response_headers_to_add"] = [
            _header(CALLED_BY, f"%REQ({ORIGINAL_METHOD})%"),
            _header(IF_NONE_MATCH, "%REQ(IF-NONE-MATCH)%"),
        ]
    return found


def _answer_of(method: ExposedMethod) -> Json:
    """What the script is told of the answer of a method in JSON."""
    found: Json = {CACHE_CONTROL: _FOR_ANYONE if method.is_same_for_all else _FOR_ONE}
    if method.is_tagged:
        found[TAGGED] = True
    if method.response_body:
        found[RESPONSE_BODY] = method.response_body
    return found


def _unary_limit(settings: EdgeSettings) -> Json:
    limit = seconds(settings.unary_timeout_s)
    return {
        # Not `timeout`, which gRPC callers would see as UNAVAILABLE.
        "timeout": "0s",
        "max_stream_duration": {"max_stream_duration": limit, "grpc_timeout_header_max": limit},
    }


def _anyone() -> Json:
    return typed(_PER_ROUTE_JWT, disabled=True)


def _retries(retry_on: str) -> Json:
    return {
        "retry_on": retry_on,
        "num_retries": 2,
        "host_selection_retry_max_attempts": 3,
        "retry_host_predicate": [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ],
    }


def _reflection_route() -> Json:
    """Reflection, which any service answers for the whole set.

    Nobody is known on it, so nobody may hold a stream of it for long.
    """
    return {
        "match": {"prefix": "/grpc.reflection.", "headers": [_SPEAKS_GRPC]},
        "route": {
            "cluster": "catalog",
            "timeout": "0s",
            "idle_timeout": _LONGEST_REFLECTION,
            "max_stream_duration": {"max_stream_duration": _LONGEST_REFLECTION},
        },
        "typed_per_filter_config": {JWT: _anyone()},
    }


def _health_check_route(settings: EdgeSettings) -> Json:
    """The standard service's ``Check``; a ``Watch`` would never end, and nobody is known on it."""
    return {
        "match": {"path": "/grpc.health.v1.Health/Check", "headers": [_SPEAKS_GRPC]},
        "route": {"cluster": "catalog", **_unary_limit(settings)},
        "typed_per_filter_config": {JWT: _anyone()},
    }


def _media_route() -> Json:
    """Media: the path is the permission, and is kept from traces. The origin does its own CORS."""
    return {
        "match": {"prefix": MEDIA_PREFIX},
        "route": {
            "cluster": MEDIA,
            "timeout": "0s",
            "idle_timeout": "60s",
            "retry_policy": _retries(f"{_NEVER_PROCESSED},reset"),
        },
        **_UNTRACED,
        "typed_per_filter_config": {
            JWT: _anyone(),
            _CORS: typed(
                "filters.http.cors.v3.CorsPolicy", filter_enabled={"default_value": _NEVER}
            ),
        },
    }


def _whole_body_of(max_bytes: int) -> Json:
    return typed("filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": max_bytes})


def _sign_in_route(settings: EdgeSettings, prefix: str) -> Json:
    buffer = _whole_body_of(settings.max_sign_in_bytes)
    return {
        "match": {"prefix": prefix},
        "route": {
            "cluster": IDENTITY_HTTP,
            "timeout": seconds(settings.unary_timeout_s),
            "retry_policy": _retries(_NEVER_PROCESSED),
        },
        "typed_per_filter_config": {JWT: _anyone(), BUFFER: buffer},
    }


def _health_route() -> Json:
    return {
        "match": {"path": HEALTH_PATH},
        "direct_response": {"status": 200, "body": {"inline_string": '{"status": "SERVING"}'}},
        "response_headers_to_add": [_header("content-type", "application/json")],
        "typed_per_filter_config": {JWT: _anyone()},
    }


def openapi_path(settings: EdgeSettings) -> Path:
    """The file of the OpenAPI document, which Envoy reads when it starts."""
    return settings.run_dir / "openapi.json"


def _openapi_route(settings: EdgeSettings) -> Json:
    """What the calls in JSON are, for anyone, in a browser from anywhere too."""
    return {
        "match": {"path": OPENAPI_PATH, **_READS},
        "direct_response": {"status": 200, "body": {"filename": str(openapi_path(settings))}},
        "response_headers_to_add": [
            _header("content-type", "application/json"),
            _header("access-control-allow-origin", "*"),
            _header("cache-control", "public, max-age=300"),
        ],
        "typed_per_filter_config": {JWT: _anyone()},
    }


def _json_routes(settings: EdgeSettings, methods: Sequence[ExposedMethod]) -> list[Json]:
    """The routes of JSON calls until they are transcoded, and of what is nowhere.

    Bodies of users are held once their token was looked at; other bodies are small. Traced or not
    is decided before a call is transcoded.
    """
    calls = [(call, method) for method in methods for call in method.json_calls]
    reads = paths_regex(call for call, _ in calls if call[0] == "get")
    public = paths_regex(call for call, m in calls if call[0] != "get" and m.is_public)
    writes = paths_regex(call for call, m in calls if call[0] != "get" and not m.is_public)
    small = settings.max_anonymous_bytes
    return [
        _untranscoded({"prefix": SHARE_PREFIX, **_READS}, small) | _UNTRACED,
        _of_user({"prefix": SHARE_PREFIX}, settings.max_json_bytes) | _UNTRACED,
        _untranscoded({"safe_regex": {"regex": reads}, **_READS}, small),
        _untranscoded({"safe_regex": {"regex": public}}, small),
        _of_user({"path": "/playlists/import"}, settings.max_import_bytes),
        _of_user({"safe_regex": {"regex": writes}}, settings.max_json_bytes),
        _nowhere(),
    ]


def _untranscoded(match: Json, max_bytes: int) -> Json:
    """A route that leads nowhere: the transcoder chooses another, or there is none.

    A body is read like the query where the call has none, so the script looks at those of reads.
    """
    return _leading_nowhere(match) | {
        "typed_per_filter_config": {
            JWT: _anyone(),
            JSON_BUFFER: _whole_body_of(max_bytes),
            LUA: typed("filters.http.lua.v3.LuaPerRoute", name=JSON_SCRIPT),
        },
    }


def _of_user(match: Json, max_bytes: int) -> Json:
    """The same for a call whose body may be large, and so is held for users alone."""
    route = _untranscoded(match, max_bytes)
    route["typed_per_filter_config"][JSON_JWT] = typed(_PER_ROUTE_JWT, requirement_name=USER)
    return route


def _nowhere() -> Json:
    """Whatever no route before it takes; it may be a link, mistyped.

    It is not transcoded: the transcoder knows more spellings of a path than the routes before it
    (a slash at the end), and none may pass by what those look at.
    """
    kind = "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"
    transcodes_nothing = typed(kind, proto_descriptor="", services=[])
    return (
        _leading_nowhere({"prefix": "/"})
        | _UNTRACED
        | {"typed_per_filter_config": {JWT: _anyone(), TRANSCODER: transcodes_nothing}}
    )


def _leading_nowhere(match: Json) -> Json:
    return {
        "match": match,
        "route": {"cluster": "none", "cluster_not_found_response_code": "NOT_FOUND"},
    }


def _origin(origin: str) -> Json:
    return {"safe_regex": {"regex": ".*"}} if origin == ANY_ORIGIN else {"exact": origin}


def _cors_policy(settings: EdgeSettings) -> Json:
    return typed(
        "filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[_origin(origin) for origin in settings.allow_origins],
        allow_methods="GET, POST, PUT, PATCH, DELETE",
        allow_headers="authorization, content-type, if-match, if-none-match, x-grpc-web, "
        "x-user-agent, grpc-timeout, connect-protocol-version, connect-timeout-ms, "
        "traceparent, tracestate",
        expose_headers="grpc-status, grpc-message, grpc-status-details-bin, retry-after, etag, "
        "location, x-request-id",
        max_age="600",
    )
