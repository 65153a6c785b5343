"""The route table. One table serves gRPC, gRPC-Web and JSON callers alike.

The transcoder has rewritten a JSON request to its method's gRPC path by the time that it is routed
for good, so auth, time limits and retries stand here once, by method.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.envoy import pages
from edge.envoy.clusters import IDENTITY_HTTP, MEDIA
from edge.envoy.connect_routes import connect_routes
from edge.envoy.exposure import ExposedMethod
from edge.envoy.json_routes import json_routes
from edge.envoy.names import (
    BUFFER,
    HEALTH_PATH,
    JWT,
    LIMIT_USER,
    LUA,
    MEDIA_PREFIX,
    OPENAPI_PATH,
    ORIGINAL_METHOD,
    ORIGINAL_PATH,
    ROOT_PATH,
    SIGN_IN_PREFIXES,
    USER,
)
from edge.envoy.resources import Json, extension, seconds, typed
from edge.envoy.route_parts import (
    NEVER,
    PER_ROUTE_JWT,
    READS,
    UNTRACED,
    anyone,
    header,
    seldom,
    whole_body_of,
    wrong_method,
)
from edge.envoy.scripts import CACHE_CONTROL, CALLED_BY, IF_NONE_MATCH, RESPONSE_BODY, TAGGED
from edge.envoy.settings import ANY_ORIGIN, EdgeSettings
from meshkit import client_address

# gRPC, gRPC-Web, and what the transcoder made of JSON: anything else at a method's path would only
# be misunderstood by its service.
_SPEAKS_GRPC: Json = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
_CORS = "envoy.filters.http.cors"
_NO_LIMIT: Json = {
    "timeout": "0s",
    "idle_timeout": "0s",
    "max_stream_duration": {"max_stream_duration": "0s"},
}
# To be asked for again each time, by the tag; nobody between may keep it.
_FOR_ONE = "private, no-cache"
_FOR_ANYONE = "public, max-age=60"
_LONGEST_REFLECTION = "60s"
# A whole FLAC segment over a link of 10 kbit/s.
_LONGEST_MEDIA = "600s"
_NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_LARGEST_OPENAPI = 4 * 1024 * 1024
# Each is held whole until it is taken, for a minute at most: at most 200 MB of what is there now.
_OPENAPI_BURST = 60
_OPENAPI_PER_S = 5
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
        wrong_method({"path": OPENAPI_PATH}, "GET"),
        *_root_routes(),
        *connect_routes(settings, methods),
        *json_routes(settings, methods),
    ]
    return {
        "name": "edge",
        # The last route names a cluster that does not exist: CORS needs a route with a cluster.
        "validate_clusters": False,
        "max_direct_response_body_size_bytes": _LARGEST_OPENAPI,
        "request_headers_to_add": [
            header(client_address.HEADER, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            # The message holds what the query said: with 500 ids that is 18 KB a second time.
            header(ORIGINAL_PATH, "%PATH(NQ:ORIG):1024%", "OVERWRITE_IF_EXISTS"),
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


def _method_route(settings: EdgeSettings, method: ExposedMethod) -> Json:
    contract = method.contract
    route: Json = {"cluster": method.cluster}
    route |= _NO_LIMIT if contract.is_stream else _unary_limit(settings)
    if not contract.streams_requests:
        route["retry_policy"] = _retries(_NO_EFFECT if contract.read_only else _NEVER_PROCESSED)
    auth = anyone() if method.is_public else typed(PER_ROUTE_JWT, requirement_name=USER)
    found: Json = {
        "match": {"path": contract.path, "headers": [_SPEAKS_GRPC]},
        "route": route,
        "typed_per_filter_config": {JWT: auth},
    }
    if method.has_json:
        found["metadata"] = {"filter_metadata": {LUA: _answer_of(method)}}
    if method.is_tagged:
        found["response_headers_to_add"] = [
            header(CALLED_BY, f"%REQ({ORIGINAL_METHOD})%"),
            header(IF_NONE_MATCH, "%REQ(IF-NONE-MATCH)%"),
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
        "typed_per_filter_config": {JWT: anyone()},
    }


def _health_check_route(settings: EdgeSettings) -> Json:
    """The standard service's ``Check``; a ``Watch`` would never end, and nobody is known on it."""
    return {
        "match": {"path": "/grpc.health.v1.Health/Check", "headers": [_SPEAKS_GRPC]},
        "route": {"cluster": "catalog", **_unary_limit(settings)},
        "typed_per_filter_config": {JWT: anyone()},
    }


def _media_route() -> Json:
    """Media: the path is the permission, and is kept from traces. The origin does its own CORS."""
    return {
        "match": {"prefix": MEDIA_PREFIX},
        "route": {
            "cluster": MEDIA,
            "timeout": "0s",
            "idle_timeout": "60s",
            "max_stream_duration": {"max_stream_duration": _LONGEST_MEDIA},
            "retry_policy": _retries(f"{_NEVER_PROCESSED},reset"),
        },
        **UNTRACED,
        "typed_per_filter_config": {
            JWT: anyone(),
            _CORS: typed(
                "filters.http.cors.v3.CorsPolicy", filter_enabled={"default_value": NEVER}
            ),
        },
    }


def _sign_in_route(settings: EdgeSettings, prefix: str) -> Json:
    buffer = whole_body_of(settings.max_sign_in_bytes)
    return {
        "match": {"prefix": prefix},
        "route": {
            "cluster": IDENTITY_HTTP,
            "timeout": seconds(settings.unary_timeout_s),
            # The timeout begins when all of the body is there.
            "max_stream_duration": {"max_stream_duration": seconds(settings.unary_timeout_s)},
            "retry_policy": _retries(_NEVER_PROCESSED),
        },
        "typed_per_filter_config": {JWT: anyone(), BUFFER: buffer},
    }


def _health_route() -> Json:
    return {
        "match": {"path": HEALTH_PATH},
        "direct_response": {"status": 200, "body": {"inline_string": '{"status": "SERVING"}'}},
        "response_headers_to_add": [header("content-type", "application/json")],
        "typed_per_filter_config": {JWT: anyone()},
    }


def _root_routes() -> list[Json]:
    """What this is, for anyone: a page where a browser asks."""
    browser = {"name": "accept", "string_match": {"contains": "text/html"}}
    reads = READS["headers"]
    html = _root_route([*reads, browser], "text/html; charset=utf-8", pages.root_html())
    return [
        html,
        _root_route(reads, "application/json", pages.root_json()),
        wrong_method({"path": ROOT_PATH}, "GET"),
    ]


def _root_route(headers: list[Json], kind: str, body: str) -> Json:
    return {
        "match": {"path": ROOT_PATH, "headers": headers},
        "direct_response": {"status": 200, "body": {"inline_string": body}},
        "response_headers_to_add": [
            header("content-type", kind),
            header("vary", "accept"),
            header("access-control-allow-origin", "*"),
            header("cache-control", "public, max-age=300"),
            header("x-content-type-options", "nosniff"),
            header("content-security-policy", _NOTHING_FROM_ELSEWHERE),
        ],
        "typed_per_filter_config": {JWT: anyone()},
    }


def openapi_path(settings: EdgeSettings) -> Path:
    """The file of the OpenAPI document, which Envoy reads when it starts."""
    return settings.run_dir / "openapi.json"


def _openapi_route(settings: EdgeSettings) -> Json:
    """What the calls in JSON are, for anyone, in a browser from anywhere too."""
    return {
        "match": {"path": OPENAPI_PATH, **READS},
        "direct_response": {"status": 200, "body": {"filename": str(openapi_path(settings))}},
        "response_headers_to_add": [
            header("content-type", "application/json"),
            header("access-control-allow-origin", "*"),
            header("cache-control", "public, max-age=300"),
        ],
        "typed_per_filter_config": {
            JWT: anyone(),
            LIMIT_USER: seldom("limit_openapi", _OPENAPI_BURST, _OPENAPI_PER_S),
        },
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
