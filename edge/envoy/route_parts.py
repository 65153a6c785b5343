"""Pieces that routes of several kinds are made of."""

from __future__ import annotations

from edge.envoy.names import JSON_BUFFER, JSON_JWT, JWT, LUA, USER
from edge.envoy.resources import Json, typed

PER_ROUTE_JWT = "filters.http.jwt_authn.v3.PerRouteConfig"
READS: Json = {"headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}
NEVER: Json = {"numerator": 0}
UNTRACED: Json = {
    "tracing": {
        "client_sampling": NEVER,
        "random_sampling": NEVER,
        "overall_sampling": NEVER,
    }
}


def header(key: str, value: str, append_action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> Json:
    """A header that a route sets."""
    return {"header": {"key": key, "value": value}, "append_action": append_action}


def anyone() -> Json:
    """The requirement of what needs no token."""
    return typed(PER_ROUTE_JWT, disabled=True)


def whole_body_of(max_bytes: int) -> Json:
    """What has a buffer take a body whole, up to a size."""
    return typed("filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": max_bytes})


def leading_nowhere(match: Json) -> Json:
    """A route that leads nowhere: a filter chooses another, or there is none."""
    return {
        "match": match,
        "route": {"cluster": "none", "cluster_not_found_response_code": "NOT_FOUND"},
    }


def with_script(match: Json, script: str) -> Json:
    """A route that leads nowhere and has a script look at the call."""
    return leading_nowhere(match) | {
        "typed_per_filter_config": {
            JWT: anyone(),
            LUA: typed("filters.http.lua.v3.LuaPerRoute", name=script),
        },
    }


def of_anyone(match: Json, script: str, max_bytes: int) -> Json:
    """The same for a call in JSON, whose body is held."""
    route = with_script(match, script)
    route["typed_per_filter_config"][JSON_BUFFER] = whole_body_of(max_bytes)
    return route


def of_user(match: Json, script: str, max_bytes: int) -> Json:
    """The same for a call whose body may be large, and so is held for users alone."""
    route = of_anyone(match, script, max_bytes)
    route["typed_per_filter_config"][JSON_JWT] = typed(PER_ROUTE_JWT, requirement_name=USER)
    return route
