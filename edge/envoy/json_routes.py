"""Where JSON calls begin: by their path, before the transcoder chooses the route of the method."""

from __future__ import annotations

from collections.abc import Sequence

from edge.envoy.exposure import ExposedMethod, paths_regex
from edge.envoy.names import JSON_SCRIPT, JWT, SHARE_PREFIX, TRANSCODER
from edge.envoy.resources import Json, typed
from edge.envoy.route_parts import READS, UNTRACED, anyone, leading_nowhere, of_anyone, of_user
from edge.envoy.settings import EdgeSettings


def json_routes(settings: EdgeSettings, methods: Sequence[ExposedMethod]) -> list[Json]:
    """The routes of JSON calls until they are transcoded, and of what is nowhere.

    Bodies of users are held once their token was looked at; other bodies are small. Traced or not
    is decided before a call is transcoded. A body is read like the query where the call has none,
    so the script looks at those of reads.
    """
    calls = [(call, method) for method in methods for call in method.json_calls]
    reads = paths_regex(call for call, _ in calls if call[0] == "get")
    public = paths_regex(call for call, m in calls if call[0] != "get" and m.is_public)
    writes = paths_regex(call for call, m in calls if call[0] != "get" and not m.is_public)
    small = settings.max_anonymous_bytes
    return [
        of_anyone({"prefix": SHARE_PREFIX, **READS}, JSON_SCRIPT, small) | UNTRACED,
        of_user({"prefix": SHARE_PREFIX}, JSON_SCRIPT, settings.max_json_bytes) | UNTRACED,
        of_anyone({"safe_regex": {"regex": reads}, **READS}, JSON_SCRIPT, small),
        of_anyone({"safe_regex": {"regex": public}}, JSON_SCRIPT, small),
        of_user({"path": "/playlists/import"}, JSON_SCRIPT, settings.max_import_bytes),
        of_user({"safe_regex": {"regex": writes}}, JSON_SCRIPT, settings.max_json_bytes),
        _nowhere(),
    ]


def _nowhere() -> Json:
    """Whatever no route before it takes; it may be a link, mistyped.

    It is not transcoded: the transcoder knows more spellings of a path than the routes before it
    (a slash at the end), and none may pass by what those look at.
    """
    kind = "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder"
    transcodes_nothing = typed(kind, proto_descriptor="", services=[])
    return (
        leading_nowhere({"prefix": "/"})
        | UNTRACED
        | {"typed_per_filter_config": {JWT: anyone(), TRANSCODER: transcodes_nothing}}
    )
