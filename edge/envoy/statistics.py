"""The listener of statistics: for Prometheus, on the loopback, with nothing else of the admin."""

from __future__ import annotations

from edge.envoy.clusters import ADMIN
from edge.envoy.resources import Json, extension, socket_address
from edge.envoy.settings import EdgeSettings

STATISTICS_PATH = "/stats/prometheus"


def statistics(settings: EdgeSettings) -> Json:
    """GET of one path; whatever else is asked for is not there."""
    reading = {"name": ":method", "string_match": {"exact": "GET"}}
    route = {
        "match": {"path": STATISTICS_PATH, "headers": [reading]},
        "route": {"cluster": ADMIN, "timeout": "10s"},
    }
    hosts = [{"name": "statistics", "domains": ["*"], "routes": [route]}]
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="statistics",
        request_headers_timeout="5s",
        request_timeout="10s",
        route_config={"name": "statistics", "virtual_hosts": hosts},
        http_filters=[extension("envoy.filters.http.router", "filters.http.router.v3.Router")],
    )
    return {
        "name": "statistics",
        "address": socket_address(f"127.0.0.1:{settings.stats_port}"),
        "filter_chains": [{"filters": [manager]}],
    }
