"""Pieces that routes of several kinds are made of."""

from __future__ import annotations

from edge.envoy.names import JSON_BUFFER, JSON_JWT, JWT, LUA, USER
from edge.envoy.resources import Json, seconds, typed

PER_ROUTE_JWT = "filters.http.jwt_authn.v3.PerRouteConfig"
READS: Json = {"headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}
NEVER: Json = {"numerator": 0}
_EVERY: Json = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
# What limiters of requests have in common.
LIMITING: Json = {
    "filter_enabled": _EVERY,
    "filter_enforced": _EVERY,
    "response_headers_to_add": [{"header": {"key": "retry-after", "value": "1"}}],
}
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


def seldom(name: str, burst: int, per_s: int) -> Json:
    """What has a limiter take so many requests of this route at once, whoever makes them."""
    bucket = {"max_tokens": burst, "tokens_per_fill": per_s, "fill_interval": "1s"}
    kind = "filters.http.local_ratelimit.v3.LocalRateLimit"
    return typed(kind, stat_prefix=name, token_bucket=bucket, **LIMITING)


def leading_nowhere(match: Json) -> Json:
    """A route that leads nowhere: a filter chooses another, or there is none."""
    return {
        "match": match,
        "route": {"cluster": "none", "cluster_not_found_response_code": "NOT_FOUND"},
    }


def wrong_method(match: Json, allowed: str) -> Json:
    """Refuses every method that no route before it takes; a preflight is no call."""
    preflight = {"name": ":method", "string_match": {"exact": "OPTIONS"}, "invert_match": True}
    return {
        "match": {**match, "headers": [preflight]},
        "direct_response": {"status": 405},
        "response_headers_to_add": [header("allow", allowed)],
        "typed_per_filter_config": {JWT: anyone()},
    }


def with_script(match: Json, script: str, limit_s: float) -> Json:
    """A route that leads nowhere and has a script look at the call.

    ``limit_s`` bounds the call until it has the route of its method, which has a bound of its own:
    so long may its body take.
    """
    route = leading_nowhere(match)
    route["route"]["max_stream_duration"] = {"max_stream_duration": seconds(limit_s)}
    return route | {
        "typed_per_filter_config": {
            JWT: anyone(),
            LUA: typed("filters.http.lua.v3.LuaPerRoute", name=script),
        },
    }


def of_anyone(match: Json, script: str, max_bytes: int, limit_s: float) -> Json:
    """The same for a call in JSON, whose body is held."""
    route = with_script(match, script, limit_s)
    route["typed_per_filter_config"][JSON_BUFFER] = whole_body_of(max_bytes)
    return route


def of_user(match: Json, script: str, max_bytes: int, limit_s: float) -> Json:
    """The same for a call of users: its body is held once the token was looked at."""
    route = of_anyone(match, script, max_bytes, limit_s)
    route["typed_per_filter_config"][JSON_JWT] = typed(PER_ROUTE_JWT, requirement_name=USER)
    return route
