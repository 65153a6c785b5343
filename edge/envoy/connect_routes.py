"""Where calls of the Connect protocol begin, at the RPC's own path.

Binary ones become gRPC by Envoy's bridge; unary ones in JSON by the transcoder, which the bridge
would take for gRPC in JSON. A script refuses what neither can do, in the protocol's own words.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.envoy.exposure import ExposedMethod, rpcs_regex
from edge.envoy.names import CONNECT_BRIDGE, CONNECT_JSON_SCRIPT, CONNECT_SCRIPT, CONNECT_STATUS
from edge.envoy.resources import Json
from edge.envoy.route_parts import of_anyone, of_user, with_script
from edge.envoy.settings import EdgeSettings

_BINARY = r"application/(?:proto|connect\+\w+)(?:;.*)?"
_JSON = r"application/json(?:;.*)?"
# By which a client learns what there is to call.
_REFLECTION = r"/grpc\.reflection\.v1(?:alpha)?\.ServerReflection/ServerReflectionInfo"
_SWITCHED_ON: Json = {
    "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
    "config": {},
}


def connect_routes(settings: EdgeSettings, methods: Sequence[ExposedMethod]) -> list[Json]:
    """The routes; a body in JSON that may be large is held for users alone."""
    unary = [method for method in methods if not method.contract.is_stream]
    binary = _calls(f"{rpcs_regex(methods)}|{_REFLECTION}", _BINARY)
    public = _calls(rpcs_regex(method for method in unary if method.is_public), _JSON)
    users = _calls(rpcs_regex(method for method in unary if not method.is_public), _JSON)
    script, limit = CONNECT_JSON_SCRIPT, settings.unary_timeout_s
    return [
        _connect(with_script(binary, CONNECT_SCRIPT, limit), CONNECT_BRIDGE),
        _connect(of_anyone(public, script, settings.max_anonymous_bytes, limit)),
        _connect(of_user(users, script, settings.max_json_bytes, limit)),
    ]


def _calls(paths: str, content_type: str) -> Json:
    kind = {"name": "content-type", "string_match": {"safe_regex": {"regex": content_type}}}
    verb = {"name": ":method", "string_match": {"exact": "POST"}}
    return {"safe_regex": {"regex": paths}, "headers": [verb, kind]}


def _connect(route: Json, *filters: str) -> Json:
    route["typed_per_filter_config"] |= dict.fromkeys((CONNECT_STATUS, *filters), _SWITCHED_ON)
    return route
