"""The one listener: HTTP/1.1 and h2c, every protocol of the edge on one port."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edge.envoy.clusters import TRACES
from edge.envoy.errors import local_reply_config
from edge.envoy.exposure import ExposedMethod, paths_regex
from edge.envoy.filters import http_filters
from edge.envoy.names import (
    HEALTH_PATH,
    MEDIA_PREFIX,
    OPENAPI_PATH,
    ORIGINAL_METHOD,
    ORIGINAL_PATH,
    ROOT_PATH,
    SHARE_PREFIX,
    SIGN_IN_PREFIXES,
)
from edge.envoy.resources import Json, extension, socket_address
from edge.envoy.routes import route_config
from edge.envoy.scripts import CONNECT
from edge.envoy.settings import EdgeSettings
from meshkit.interceptors import json_fields

_LOG_FIELDS = {
    "time": "%START_TIME%",
    # What the caller sent: a call in JSON has become a POST by now.
    "method": f"%REQ({ORIGINAL_METHOD}?:METHOD)%",
    "path": "%PATH(NQ)%",
    "rpc": "%PATH(NQ:PATH)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "grpc_status": "%GRPC_STATUS_NUMBER%",
    "duration_ms": "%DURATION%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "upstream": "%UPSTREAM_HOST%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "user": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt:sub)%",
}
# The trace that a caller is in goes on, and nothing makes us record it: services take their word
# from the last two digits, which the edge sets where it has decided so.
_UNSAMPLED_CONTEXT: Json = {
    "header": {"key": "traceparent", "value": "%REQ(TRACEPARENT):53%00"},
    "append_action": "OVERWRITE_IF_EXISTS",
}
# Of any service, known or not: a wrong name is worth reading.
_GRPC_PATH = r"/(?:segue|grpc)\.[\w.]+/\w+"


def listener(settings: EdgeSettings, methods: Sequence[ExposedMethod], descriptors: Path) -> Json:
    """The listener; ``descriptors`` is the file of the descriptor set."""
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        **_connection_manager(settings),
        access_log=_access_logs(methods),
        local_reply_config=local_reply_config(),
        route_config=route_config(settings, methods),
        http_filters=http_filters(settings, methods, descriptors),
    )
    return {
        "name": "edge",
        "address": socket_address(f"{settings.bind_address}:{settings.port}"),
        "per_connection_buffer_limit_bytes": 1 << 20,
        "filter_chains": [{"filters": [manager]}],
    }


def _connection_manager(settings: EdgeSettings) -> Json:
    fields: Json = {
        "stat_prefix": "edge",
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "always_set_request_id_in_response": True,
        "early_header_mutation_extensions": [_taken_from_outside()],
        "request_headers_timeout": "5s",
        "stream_idle_timeout": "60s",
        "stream_flush_timeout": "60s",
        # Two lists of 500 ids fit into one query.
        "max_request_headers_kb": 64,
        "common_http_protocol_options": {"idle_timeout": "3600s", "max_headers_count": 100},
        "http2_protocol_options": {
            "max_concurrent_streams": 256,
            "connection_keepalive": {"interval": "30s", "timeout": "10s"},
        },
    }
    if settings.otlp_endpoint is not None:
        fields["tracing"] = {
            # Who calls has no say in it.
            "client_sampling": {"value": 0},
            "random_sampling": {"value": settings.trace_percent},
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                    "service_name": "edge",
                    # Whatever a caller's context says: whether was decided before.
                    "sampler": extension(
                        "envoy.tracers.opentelemetry.samplers.always_on",
                        "tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig",
                    ),
                    "grpc_service": {"envoy_grpc": {"cluster_name": TRACES}, "timeout": "0.5s"},
                },
            },
        }
    return fields


def _taken_from_outside() -> Json:
    """Removes the headers that are the edge's own to send, and those that its filters set."""
    names = (json_fields.HEADER, CONNECT, ORIGINAL_PATH, ORIGINAL_METHOD)
    mutation = "http.early_header_mutation.header_mutation"
    return extension(
        f"envoy.{mutation}",
        f"{mutation}.v3.HeaderMutation",
        mutations=[*({"remove": name} for name in names), {"append": _UNSAMPLED_CONTEXT}],
    )


def _access_logs(methods: Sequence[ExposedMethod]) -> list[Json]:
    """A JSON line a request, without queries.

    A path that is a permission is not told, and neither is one that leads nowhere: it may be such
    a permission, mistyped.
    """
    media, share = _begins(":path", MEDIA_PREFIX), {"or_filter": {"filters": _shares()}}
    neither = [_begins(":path", MEDIA_PREFIX, invert=True), *_shares(invert=True)]
    known, unknown = _known(methods), _known(methods, invert=True)
    return [
        _access_log(_LOG_FIELDS, {"and_filter": {"filters": [known, *neither]}}),
        _access_log(_hiding(f"{MEDIA_PREFIX}***"), media),
        _access_log(_hiding(f"{SHARE_PREFIX}***"), share),
        _access_log(_hiding("***"), {"and_filter": {"filters": [unknown, *neither]}}),
    ]


def _hiding(path: str) -> Json:
    return {**_LOG_FIELDS, "path": path, "rpc": "-"}


def _access_log(fields: Json, only: Json) -> Json:
    log = extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": fields},
    )
    return {**log, "filter": only}


def _known(methods: Sequence[ExposedMethod], *, invert: bool = False) -> Json:
    """What a path that leads somewhere looks like: as JSON, as gRPC, or of the HTTP services."""
    http = "|".join(f"{re.escape(prefix)}.*" for prefix in SIGN_IN_PREFIXES)
    own = "|".join(map(re.escape, (ROOT_PATH, HEALTH_PATH, OPENAPI_PATH)))
    calls = [call for method in methods for call in method.json_calls]
    paths = f"{paths_regex(calls)}|{_GRPC_PATH}|{http}|{own}"
    regex = {"safe_regex": {"regex": rf"(?:{paths})(?:\?.*)?"}}
    return _path_filter(":path", regex, invert=invert)


def _shares(*, invert: bool = False) -> list[Json]:
    """What a share link looks like before it is transcoded, and after."""
    names = (":path", ORIGINAL_PATH)
    return [_begins(name, SHARE_PREFIX, invert=invert) for name in names]


def _begins(name: str, prefix: str, *, invert: bool = False) -> Json:
    return _path_filter(name, {"prefix": prefix, "ignore_case": True}, invert=invert)


def _path_filter(name: str, string_match: Json, *, invert: bool) -> Json:
    header = {
        "name": name,
        "string_match": string_match,
        "invert_match": invert,
        "treat_missing_header_as_empty": True,
    }
    return {"header_filter": {"header": header}}
