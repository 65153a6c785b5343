"""Where JSON calls begin: by their path, before the transcoder chooses the route of the method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from edge.envoy.exposure import ExposedMethod, paths_regex
from edge.envoy.names import JSON_SCRIPT, JWT, SHARE_PREFIX, SHARE_SCRIPT, TRANSCODER
from edge.envoy.resources import Json, typed
from edge.envoy.route_parts import (
    UNTRACED,
    anyone,
    leading_nowhere,
    of_anyone,
    of_user,
    wrong_method,
)
from edge.envoy.settings import EdgeSettings

_IMPORT = "/playlists/import"


def json_routes(settings: EdgeSettings, methods: Sequence[ExposedMethod]) -> list[Json]:
    """The routes of JSON calls until they are transcoded, of wrong methods, and of what is nowhere.

    A user's body is held once the token was looked at, anybody's only where it is small. A body is
    read like the query where the call has none, so the script looks at those of reads. Traced or
    not is decided before a call is transcoded.
    """
    calls = [(call, method.is_public) for method in methods for call in method.json_calls]
    small, large = settings.max_anonymous_bytes, settings.max_json_bytes
    limit, longest = settings.unary_timeout_s, settings.upload_timeout_s
    share = {"prefix": SHARE_PREFIX}
    return [
        of_anyone(_called("get", share), SHARE_SCRIPT, small, limit) | UNTRACED,
        of_user(share, JSON_SCRIPT, large, limit) | UNTRACED,
        of_user(
            _called("post", {"path": _IMPORT}), JSON_SCRIPT, settings.max_import_bytes, longest
        ),
        *(
            of_anyone(_called(verb, match), JSON_SCRIPT, small, limit)
            for verb, match in _by_verb(call for call, public in calls if public)
        ),
        *(
            of_user(_called(verb, match), JSON_SCRIPT, small if verb == "get" else large, limit)
            for verb, match in _by_verb(call for call, public in calls if not public)
        ),
        *_wrong_methods([call for call, _ in calls]),
        _nowhere(),
    ]


def _called(verb: str, match: Json) -> Json:
    return {**match, "headers": [{"name": ":method", "string_match": {"exact": verb.upper()}}]}


def _by_verb(calls: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Json]]:
    """Each HTTP method with a match of the paths that have it."""
    by_verb: dict[str, list[tuple[str, str]]] = {}
    for call in calls:
        by_verb.setdefault(call[0], []).append(call)
    for verb, found in sorted(by_verb.items()):
        yield verb, {"safe_regex": {"regex": paths_regex(found)}}


def _wrong_methods(calls: Sequence[tuple[str, str]]) -> list[Json]:
    """What answers a method that a path does not have: 405, and those that it has.

    The more literal path comes first, as it does for the transcoder.
    """
    regexes = {call: re.compile(paths_regex([call])) for call in calls}
    found: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for template in {path for _, path in calls}:
        example = re.sub(r"{\w+}", "x", template)
        allowed = {verb.upper() for (verb, _), regex in regexes.items() if regex.fullmatch(example)}
        key = (template.count("{"), ", ".join(sorted(allowed)))
        found.setdefault(key, []).append(("", template))
    return [
        wrong_method({"safe_regex": {"regex": paths_regex(paths)}}, allowed)
        for (_, allowed), paths in sorted(found.items())
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
