"""Upstreams: the workloads over mTLS gRPC, the HTTP services, the trace collector."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from edge.envoy.resources import Json, extension, is_numeric, socket_address, typed
from edge.envoy.settings import EdgeSettings
from meshkit.credentials import server_name

IDENTITY_HTTP = "identity-http"
MEDIA = "media"
TRACES = "traces"
ADMIN = "admin"

_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CONNECT_TIMEOUT = "2s"
# Below the servers' own keep-alive (5 s, 30 s): whoever closes second may have sent a request into
# a connection that is gone.
_IDENTITY_IDLE = "3s"
_MEDIA_IDLE = "20s"
# A meshkit server takes a ping every 5 s.
_KEEPALIVE = {"interval": "30s", "timeout": "5s"}


def clusters(settings: EdgeSettings, workloads: Iterable[str]) -> list[Json]:
    """Every cluster that routes and filters name."""
    found = [_grpc_cluster(settings, workload) for workload in sorted(workloads)]
    found.append(_http_cluster(settings, IDENTITY_HTTP, "identity", _IDENTITY_IDLE))
    found.append(_http_cluster(settings, MEDIA, "media", _MEDIA_IDLE))
    found.append(_admin(settings))
    if settings.otlp_endpoint is not None:
        found.append(_collector(settings.otlp_endpoint))
    return found


def _grpc_cluster(settings: EdgeSettings, workload: str) -> Json:
    """A workload's instances over mTLS gRPC."""
    return {
        **_watched_cluster(settings, workload),
        "typed_extension_protocol_options": _http2(),
        "transport_socket": _mutual_tls(settings, workload, "h2"),
        "health_checks": [_health_check({"grpc_health_check": {}})],
        "outlier_detection": _outliers(),
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def _http_cluster(settings: EdgeSettings, name: str, workload: str, idle: str) -> Json:
    """A workload's instances over HTTP/1.1."""
    tls = {"transport_socket": _mutual_tls(settings, workload, "http/1.1")}
    return {
        **_watched_cluster(settings, name),
        **(tls if settings.http_tls else {}),
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: typed(
                "upstreams.http.v3.HttpProtocolOptions",
                common_http_protocol_options={"idle_timeout": idle},
                explicit_http_config={"http_protocol_options": {}},
            )
        },
        "health_checks": [_health_check({"http_health_check": {"path": "/healthz"}})],
        "common_lb_config": {"healthy_panic_threshold": {"value": 50}},
    }


def _watched_cluster(settings: EdgeSettings, name: str) -> Json:
    """A cluster of the instances that its endpoint file names at any time."""
    return {
        "name": name,
        "type": "EDS",
        "connect_timeout": _CONNECT_TIMEOUT,
        "eds_cluster_config": {
            "eds_config": {
                "resource_api_version": "V3",
                "path_config_source": {
                    "path": str(settings.xds_dir / f"{name}.yaml"),
                    "watched_directory": {"path": str(settings.xds_dir)},
                },
            }
        },
        "ignore_health_on_host_removal": True,
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [_bounds()]},
    }


def _collector(url: str) -> Json:
    """Where traces go, by gRPC."""
    parts = urlsplit(url)
    address = f"{parts.hostname}:{parts.port or 4317}"
    endpoint = {"endpoint": {"address": socket_address(address)}}
    return {
        "name": TRACES,
        "type": "STATIC" if is_numeric(address) else "STRICT_DNS",
        "connect_timeout": _CONNECT_TIMEOUT,
        "typed_extension_protocol_options": _http2(),
        "circuit_breakers": {"thresholds": [_bounds()]},
        "load_assignment": {
            "cluster_name": TRACES,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _http2() -> Json:
    options = {"http2_protocol_options": {"connection_keepalive": _KEEPALIVE}}
    return {
        _HTTP_OPTIONS: typed("upstreams.http.v3.HttpProtocolOptions", explicit_http_config=options)
    }


def _admin(settings: EdgeSettings) -> Json:
    """The edge's own admin, of which the statistics are shown."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(settings.admin_socket)}}}}
    return {
        "name": ADMIN,
        "type": "STATIC",
        "connect_timeout": _CONNECT_TIMEOUT,
        "load_assignment": {
            "cluster_name": ADMIN,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }


def _mutual_tls(settings: EdgeSettings, workload: str, protocol: str) -> Json:
    """The edge calls with its certificate; who serves must have that of the workload's name."""
    name = server_name(workload)
    tls = "transport_sockets.tls.v3"
    return extension(
        "envoy.transport_sockets.tls",
        f"{tls}.UpstreamTlsContext",
        sni=name,
        common_tls_context={
            "alpn_protocols": [protocol],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificates": [
                {
                    "certificate_chain": {"filename": str(settings.tls_cert_file)},
                    "private_key": {"filename": str(settings.tls_key_file)},
                }
            ],
            "validation_context": {
                "trusted_ca": {"filename": str(settings.tls_ca_file)},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}],
            },
        },
    )


def _health_check(kind: Json) -> Json:
    """NOT_SERVING counts at once, which drains rely on; a slow answer of a busy machine not."""
    return {
        "timeout": "5s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        **kind,
    }


def _outliers() -> Json:
    """Ejects what cannot be reached; what answers UNAVAILABLE may mean the call, not itself."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": "2s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 50,
    }


def _bounds() -> Json:
    return {
        "max_connections": 4096,
        "max_requests": 50_000,
        "max_pending_requests": 4096,
        "retry_budget": {"budget_percent": {"value": 50}, "min_retry_concurrency": 64},
    }
