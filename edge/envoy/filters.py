"""The HTTP filters. Their order is the design: cheap refusals first, tokens after them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.envoy.clusters import IDENTITY_HTTP
from edge.envoy.exposure import ExposedMethod, transcoded_services
from edge.envoy.names import (
    BUFFER,
    CONNECT_BRIDGE,
    CONNECT_JSON_SCRIPT,
    CONNECT_SCRIPT,
    CONNECT_STATUS,
    JSON_BUFFER,
    JSON_JWT,
    JSON_SCRIPT,
    JWT,
    LIMIT_ADDRESS,
    LIMIT_USER,
    LUA,
    SHARE_SCRIPT,
    TRANSCODER,
    USER,
)
from edge.envoy.resources import Json, extension, seconds
from edge.envoy.route_parts import LIMITING
from edge.envoy.scripts import (
    answer_script,
    connect_json_script,
    connect_script,
    connect_status_script,
    json_script,
    share_script,
)
from edge.envoy.settings import EdgeSettings, RateLimit

AUDIENCE = "segue"

_PROVIDER = "identity"
_BRIDGE = "filters.http.connect_grpc_bridge.v3.FilterConfig"


def http_filters(
    settings: EdgeSettings, methods: Sequence[ExposedMethod], descriptors: Path
) -> list[Json]:
    """The filters, first to last; ``descriptors`` is the file of the descriptor set."""
    return [
        extension("envoy.filters.http.cors", "filters.http.cors.v3.Cors"),
        _compressor(),
        _limiter(LIMIT_ADDRESS, settings.limit_per_address, {"remote_address": {}}),
        # Before a body is held in memory; routes switch it on. What counts is the one below.
        {**_jwt_authn(settings, JSON_JWT), "disabled": True},
        _buffer(JSON_BUFFER, settings.max_json_bytes),
        extension(
            LUA,
            "filters.http.lua.v3.Lua",
            default_source_code={"inline_string": answer_script(methods)},
            source_codes={
                JSON_SCRIPT: {"inline_string": json_script(methods)},
                SHARE_SCRIPT: {"inline_string": share_script(methods)},
                CONNECT_SCRIPT: {"inline_string": connect_script(methods)},
                CONNECT_JSON_SCRIPT: {"inline_string": connect_json_script(methods)},
            },
        ),
        extension("envoy.filters.http.grpc_web", "filters.http.grpc_web.v3.GrpcWeb"),
        # Routes of the Connect protocol switch these on.
        {**extension(CONNECT_BRIDGE, _BRIDGE), "disabled": True},
        _transcoder(settings, methods, descriptors),
        {**_connect_status(), "disabled": True},
        _grpc_stats(methods),
        _jwt_authn(settings, JWT),
        _buffer(BUFFER, settings.max_sign_in_bytes),
        _limiter(LIMIT_USER, settings.limit_per_user, {"metadata": _SUBJECT}),
        extension(
            "envoy.filters.http.router",
            "filters.http.router.v3.Router",
            suppress_envoy_headers=True,
        ),
    ]


_SUBJECT: Json = {
    "descriptor_key": "sub",
    "source": "DYNAMIC",
    "metadata_key": {
        "key": "envoy.filters.http.jwt_authn",
        "path": [{"key": "jwt"}, {"key": "sub"}],
    },
    "skip_if_absent": True,
}


def _buffer(name: str, max_bytes: int) -> Json:
    """Takes bodies whole, up to a size. It would hold streams: routes that want it switch it on."""
    kind = "filters.http.buffer.v3.Buffer"
    return {**extension(name, kind, max_request_bytes=max_bytes), "disabled": True}


def _connect_status() -> Json:
    source = {"inline_string": connect_status_script()}
    return extension(CONNECT_STATUS, "filters.http.lua.v3.Lua", default_source_code=source)


def _compressor() -> Json:
    """Answers in JSON, for who accepts it. Streams of events are not held back for it."""
    gzip = extension(
        "envoy.compression.gzip.compressor",
        "compression.gzip.compressor.v3.Gzip",
        compression_level="COMPRESSION_LEVEL_3",
    )
    common: Json = {"min_content_length": 1024, "content_type": ["application/json"]}
    return extension(
        "envoy.filters.http.compressor",
        "filters.http.compressor.v3.Compressor",
        response_direction_config={"common_config": common},
        compressor_library=gzip,
    )


def _transcoder(
    settings: EdgeSettings, methods: Sequence[ExposedMethod], descriptors: Path
) -> Json:
    return extension(
        TRANSCODER,
        "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=str(descriptors),
        services=transcoded_services(methods),
        convert_grpc_status=True,
        case_insensitive_enum_parsing=True,
        # The buffer before it bounds each body by its path.
        max_request_body_size=max(settings.max_json_bytes, settings.max_import_bytes),
        request_validation_options={
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        print_options={
            "preserve_proto_field_names": True,
            "always_print_primitive_fields": True,
            "stream_newline_delimited": True,
            "stream_sse_style_delimited": True,
        },
    )


def _grpc_stats(methods: Sequence[ExposedMethod]) -> Json:
    """Statistics of the methods that exist: a caller cannot make up more."""
    by_service: dict[str, list[str]] = {}
    for method in methods:
        service, _, name = method.contract.path.lstrip("/").partition("/")
        by_service.setdefault(service, []).append(name)
    allowed = [{"name": name, "method_names": names} for name, names in by_service.items()]
    return extension(
        "envoy.filters.http.grpc_stats",
        "filters.http.grpc_stats.v3.FilterConfig",
        individual_method_stats_allowlist={"services": allowed},
        replace_dots_in_grpc_service_name=True,
    )


def _jwt_authn(settings: EdgeSettings, name: str) -> Json:
    return extension(
        name,
        "filters.http.jwt_authn.v3.JwtAuthentication",
        requirement_map={USER: {"provider_name": _PROVIDER}},
        providers={
            _PROVIDER: {
                "issuer": settings.token_issuer,
                "audiences": [AUDIENCE],
                # In any case, so by what follows the word; services look at that.
                "from_headers": [{"name": "authorization", "value_prefix": " "}],
                "remote_jwks": {
                    "http_uri": {
                        "uri": f"http://{IDENTITY_HTTP}/oauth2/jwks.json",
                        "cluster": IDENTITY_HTTP,
                        "timeout": "2s",
                    },
                    "cache_duration": seconds(settings.jwks_refresh_s),
                    "async_fetch": {"failed_refetch_duration": "1s"},
                    "retry_policy": {"num_retries": 1},
                },
                # The services verify it again.
                "forward": True,
                "payload_in_metadata": "jwt",
                "require_expiration": True,
                "clock_skew_seconds": 2,
                "jwt_cache_config": {"jwt_cache_size": 1000},
            }
        },
    )


def _limiter(name: str, limit: RateLimit, action: Json) -> Json:
    """A token bucket for each value of ``action``: a client address, a user."""
    bucket = {
        "max_tokens": limit.burst,
        "tokens_per_fill": limit.requests,
        "fill_interval": seconds(limit.per_s),
    }
    unlimited = {"max_tokens": 2**31 - 1, "tokens_per_fill": 2**31 - 1, "fill_interval": "1s"}
    key = next(iter(action)) if "metadata" not in action else _SUBJECT["descriptor_key"]
    return extension(
        name,
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=name,
        token_bucket=unlimited,
        rate_limited_as_resource_exhausted=True,
        **LIMITING,
        max_dynamic_descriptors=10_000,
        rate_limits=[{"actions": [action]}],
        descriptors=[{"entries": [{"key": key}], "token_bucket": bucket}],
    )
