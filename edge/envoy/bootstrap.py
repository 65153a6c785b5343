"""Writes what Envoy starts with. What changes at run time comes from the watched endpoint files."""

from __future__ import annotations

import json
from pathlib import Path

from edge.envoy.clusters import IDENTITY_HTTP, MEDIA, clusters
from edge.envoy.exposure import descriptor_set, exposed_methods
from edge.envoy.listener import listener
from edge.envoy.resources import Json, extension
from edge.envoy.routes import openapi_path
from edge.envoy.settings import EdgeSettings, RateLimit
from edge.envoy.statistics import statistics
from meshkit import contract_files

__all__ = ["EdgeSettings", "RateLimit", "bootstrap", "write_bootstrap"]

_BOOTSTRAP = "envoy.json"
_DESCRIPTORS = "contracts.pb"
# The expression of all JSON paths is larger than the 100 that Envoy allows unless told.
_LARGEST_REGEX = 10_000
# Who takes nothing of an answer that is there has it held for him, for a minute unless told.
_SOON_GIVEN_UP: Json = {
    "typed_config": {
        "@type": "type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig",
        "timer_scale_factors": [{"timer": "HTTP_DOWNSTREAM_STREAM_FLUSH", "min_timeout": "1s"}],
    }
}


def write_bootstrap(settings: EdgeSettings) -> Path:
    """Writes the bootstrap and what it names into ``run_dir``; the bootstrap's path.

    A cluster without an endpoint file gets one without endpoints, since Envoy wants it there.
    Start Envoy with ``-c`` this path and ``--disable-hot-restart``.
    """
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    descriptors = settings.run_dir / _DESCRIPTORS
    descriptors.write_bytes(descriptor_set())
    openapi_path(settings).write_bytes(contract_files.openapi())
    for cluster in {*(method.cluster for method in exposed_methods()), IDENTITY_HTTP, MEDIA}:
        _ensure_endpoints(settings.xds_dir, cluster)
    path = settings.run_dir / _BOOTSTRAP
    path.write_text(json.dumps(bootstrap(settings, descriptors), indent=1), encoding="utf-8")
    return path


def bootstrap(settings: EdgeSettings, descriptors: Path) -> Json:
    """The bootstrap, with the descriptor set in the file ``descriptors``."""
    methods = exposed_methods()
    workloads = {method.cluster for method in methods}
    return {
        "node": {"id": "edge", "cluster": "edge"},
        "admin": {"address": {"pipe": {"path": str(settings.admin_socket), "mode": 0o600}}},
        "overload_manager": _overload_manager(settings),
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {"re2.max_program_size.error_level": _LARGEST_REGEX},
                }
            ]
        },
        "static_resources": {
            "listeners": [listener(settings, methods, descriptors), statistics(settings)],
            "clusters": clusters(settings, workloads),
        },
    }


def _overload_manager(settings: EdgeSettings) -> Json:
    """What is given up as memory runs out: first buffers, then the streams that hold most, then new
    requests. Held streams that hold little live on.
    """
    heap = "envoy.resource_monitors.fixed_heap"
    monitor = extension(
        heap,
        "resource_monitors.fixed_heap.v3.FixedHeapConfig",
        max_heap_size_bytes=settings.max_heap_bytes,
    )

    def action(name: str, **trigger: Json) -> Json:
        return {"name": f"envoy.overload_actions.{name}", "triggers": [{"name": heap, **trigger}]}

    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [_connection_limit(settings), monitor],
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": 16},
        "actions": [
            action("shrink_heap", threshold={"value": 0.8}),
            action(
                "reset_high_memory_stream",
                scaled={"scaling_threshold": 0.85, "saturation_threshold": 0.95},
            ),
            action(
                "reduce_timeouts", scaled={"scaling_threshold": 0.5, "saturation_threshold": 0.85}
            )
            | _SOON_GIVEN_UP,
            action("stop_accepting_requests", threshold={"value": 0.95}),
        ],
    }


def _connection_limit(settings: EdgeSettings) -> Json:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.max_connections,
    )


def _ensure_endpoints(xds_dir: Path, cluster: str) -> None:
    path = xds_dir / f"{cluster}.yaml"
    if path.exists():
        return
    xds_dir.mkdir(parents=True, exist_ok=True)
    kind = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    nobody = {"@type": kind, "cluster_name": cluster, "endpoints": []}
    path.write_text(json.dumps({"resources": [nobody]}), encoding="utf-8")
