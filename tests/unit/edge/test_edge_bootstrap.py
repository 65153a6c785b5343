"""The bootstrap follows from the contracts: each method is routed as it declares, or not at all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from segue.errors.v1 import errors_pb2
from segue.mesh.v1.options_pb2 import MethodPolicy

from edge.envoy.bootstrap import EdgeSettings, bootstrap, write_bootstrap
from edge.envoy.clusters import clusters
from edge.envoy.errors import LOCAL_REPLIES, status_of
from edge.envoy.exposure import ExposedMethod, descriptor_set, exposed_methods
from meshkit.contracts import MethodContract, all_contracts

JWT = "envoy.filters.http.jwt_authn"
# Contexts whose workload has another name.
SERVED_ELSEWHERE = {"device": "playback"}
INTERNAL = [c for c in all_contracts().values() if c.access == MethodPolicy.INTERNAL]
EXPOSED = [c for c in all_contracts().values() if c.access != MethodPolicy.INTERNAL]


def settings(folder: Path, **overrides: Any) -> EdgeSettings:
    fields: dict[str, Any] = {
        "port": 8080,
        "admin_socket": folder / "admin.sock",
        "stats_port": 8081,
        "run_dir": folder / "run",
        "xds_dir": folder / "xds",
        "tls_cert_file": folder / "edge.client.pem",
        "tls_key_file": folder / "edge.client.key",
        "tls_ca_file": folder / "ca.pem",
        "token_issuer": "https://segue.test",
    }
    return EdgeSettings(**{**fields, **overrides})


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    return bootstrap(settings(tmp_path), tmp_path / "contracts.pb")


def manager(config: dict[str, Any]) -> dict[str, Any]:
    listener = config["static_resources"]["listeners"][0]
    found: dict[str, Any] = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def routes(config: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manager(config)["route_config"]["virtual_hosts"][0]["routes"]
    return found


def route_of(config: dict[str, Any], contract: MethodContract) -> dict[str, Any]:
    (found,) = (r for r in routes(config) if r["match"].get("path") == contract.path)
    return found


@pytest.mark.parametrize("contract", EXPOSED, ids=lambda c: c.path)
def test_every_exposed_method_has_the_route_that_it_declares(
    config: dict[str, Any], contract: MethodContract
) -> None:
    route = route_of(config, contract)
    auth = route["typed_per_filter_config"][JWT]
    if contract.access == MethodPolicy.PUBLIC:
        assert auth["disabled"] is True
    else:
        assert auth["requirement_name"] == "user"
    action = route["route"]
    context = contract.path.split(".")[1]
    assert action["cluster"] == SERVED_ELSEWHERE.get(context, context)
    assert action["timeout"] == "0s"
    limit = action["max_stream_duration"]["max_stream_duration"]
    assert (limit == "0s") == contract.is_stream
    retries = action.get("retry_policy", {}).get("retry_on", "")
    assert ("unavailable" in retries) == (contract.read_only and not contract.streams_requests)


@pytest.mark.parametrize("contract", INTERNAL, ids=lambda c: c.path)
def test_no_route_leads_to_an_internal_method(
    config: dict[str, Any], contract: MethodContract
) -> None:
    for route in routes(config):
        match = route["match"]
        assert match.get("path") != contract.path
        if contract.path.startswith(match.get("prefix", "?")):
            assert route["route"]["cluster"] == "none"


def test_what_is_open_to_anyone_is_bounded_in_time(config: dict[str, Any]) -> None:
    public = {c.path for c in EXPOSED if c.access == MethodPolicy.PUBLIC and c.is_stream}
    for route in routes(config):
        if route["typed_per_filter_config"].get(JWT, {}).get("disabled") and "route" in route:
            assert route["match"].get("path") not in public
            action = route["route"]
            longest = action.get("max_stream_duration", {}).get("max_stream_duration")
            assert longest != "0s"
            assert action.get("idle_timeout") != "0s"


def test_a_stream_of_reflection_ends_after_a_minute(config: dict[str, Any]) -> None:
    (route,) = (r for r in routes(config) if r["match"].get("prefix") == "/grpc.reflection.")
    assert route["route"]["idle_timeout"] == "60s"
    assert route["route"]["max_stream_duration"] == {"max_stream_duration": "60s"}


def test_of_the_health_service_check_alone_is_routed(config: dict[str, Any]) -> None:
    matches = [r["match"] for r in routes(config)]
    health = [m for m in matches if "health.v1" in str(m)]
    assert [match.get("path") for match in health] == ["/grpc.health.v1.Health/Check"]


def test_every_cluster_that_is_named_exists(config: dict[str, Any]) -> None:
    known = {cluster["name"] for cluster in config["static_resources"]["clusters"]}
    named = {route["route"]["cluster"] for route in routes(config) if "route" in route}
    assert named - {"none"} <= known


def test_the_instances_of_every_service_may_change_while_it_runs(tmp_path: Path) -> None:
    config = bootstrap(settings(tmp_path), tmp_path / "contracts.pb")
    for cluster in config["static_resources"]["clusters"]:
        if cluster["name"] == "admin":
            continue
        source = cluster["eds_cluster_config"]["eds_config"]["path_config_source"]
        assert source["path"] == str(tmp_path / "xds" / f"{cluster['name']}.yaml")
        assert source["watched_directory"] == {"path": str(tmp_path / "xds")}
        assert cluster["health_checks"]


def test_http_upstreams_prove_their_names_unless_they_are_sockets(tmp_path: Path) -> None:
    for tls in (True, False):
        config = bootstrap(settings(tmp_path, http_tls=tls), tmp_path / "contracts.pb")
        found = {each["name"]: each for each in config["static_resources"]["clusters"]}
        for cluster, workload in (("identity-http", "identity"), ("media", "media")):
            assert ("transport_socket" in found[cluster]) is tls
            if tls:
                context = found[cluster]["transport_socket"]["typed_config"]["common_tls_context"]
                (name,) = context["validation_context"]["match_typed_subject_alt_names"]
                assert name["matcher"] == {"exact": f"{workload}.segue.internal"}


def test_the_admin_is_its_owners_alone_and_statistics_are_one_path(tmp_path: Path) -> None:
    config = bootstrap(settings(tmp_path), tmp_path / "contracts.pb")
    pipe = config["admin"]["address"]["pipe"]
    assert pipe == {"path": str(tmp_path / "admin.sock"), "mode": 0o600}
    listener = config["static_resources"]["listeners"][1]
    (chain,) = listener["filter_chains"]
    (host,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    assert [route["match"]["path"] for route in host["routes"]] == ["/stats/prometheus"]
    assert listener["address"]["socket_address"]["address"] == "127.0.0.1"


def test_the_descriptor_set_stands_alone_and_knows_error_details() -> None:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptor_set()).file:
        pool.Add(file)
    for path in all_contracts():
        service, _, method = path.lstrip("/").partition("/")
        assert pool.FindServiceByName(service).methods_by_name[method]
    for detail in ("ErrorInfo", "RetryInfo", "BadRequest", "Status"):
        assert pool.FindMessageTypeByName(f"google.rpc.{detail}")


@pytest.mark.parametrize("reply", LOCAL_REPLIES, ids=lambda r: f"{r.status}-{r.reason}")
@pytest.mark.parametrize("grpc", [False, True])
def test_envoys_own_answers_follow_the_errors_contract(reply: Any, grpc: bool) -> None:
    status = status_of(reply, grpc=grpc)
    reason = (grpc and reply.grpc_reason) or reply.reason
    value = errors_pb2.ErrorReason.Reason.DESCRIPTOR.values_by_name[reason]
    spec = value.GetOptions().Extensions[errors_pb2.reason]
    assert status.code == spec.code
    assert status.message == (f"{reply.field}: {reply.says}" if reply.says else spec.meaning)
    assert len(status.details) == (2 if spec.retry_info or reply.says else 1)
    assert bool(reply.says) == (reason == "INVALID_FIELD")


def test_traces_are_sent_only_where_an_endpoint_is_set(tmp_path: Path) -> None:
    silent = settings(tmp_path)
    assert "tracing" not in manager(bootstrap(silent, tmp_path / "x"))
    telling = settings(tmp_path, otlp_endpoint="http://collector.example:4317")
    assert "tracing" in manager(bootstrap(telling, tmp_path / "x"))
    (collector,) = (c for c in clusters(telling, []) if c["name"] == "traces")
    assert collector["type"] == "STRICT_DNS"


@pytest.mark.parametrize("prefix", ["/media/", "/s/"])
def test_paths_that_are_permissions_are_kept_from_traces_and_logs(
    config: dict[str, Any], prefix: str
) -> None:
    leading = [r for r in routes(config) if r["match"].get("prefix") == prefix]
    assert leading
    for route in leading:
        assert route["tracing"]["overall_sampling"] == {"numerator": 0}
    telling = [log for log in manager(config)["access_log"] if "PATH" in str(log["typed_config"])]
    (everything,) = telling
    refused = [
        one["header_filter"]["header"] for one in everything["filter"]["and_filter"]["filters"]
    ]
    begins = [header for header in refused if "prefix" in header["string_match"]]
    assert all(
        header["invert_match"] and header["string_match"]["ignore_case"] for header in begins
    )
    assert (":path", prefix) in [(h["name"], h["string_match"]["prefix"]) for h in begins]


def test_every_json_path_is_told_and_traced_and_none_that_leads_nowhere(
    config: dict[str, Any],
) -> None:
    told = [r for r in routes(config) if "safe_regex" in r["match"]]
    *_, nowhere = routes(config)
    assert not any("tracing" in route for route in told)
    assert nowhere["match"] == {"prefix": "/"}
    assert nowhere["tracing"]["overall_sampling"] == {"numerator": 0}
    regex = "|".join(route["match"]["safe_regex"]["regex"] for route in told)
    for path in ("/me", "/tracks/x", "/playlists/x/tracks", "/playlists/x/tracks/remove"):
        assert re.fullmatch(regex, path)
    for path in ("/", "/S/x", "/s%2fx", "/s;x", "/s", "/share/x", "/me/s/x", "/playlists/x/s/y"):
        assert not re.fullmatch(regex, path)


def first_route(config: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The route that a JSON call takes before it is transcoded."""
    for route in routes(config):
        match = route["match"]
        told = [h for h in match.get("headers", []) if h["name"] == "content-type"]
        exact = match.get("path") == path and not told
        regex = match.get("safe_regex", {}).get("regex", "$.")
        fits = exact or path.startswith(match.get("prefix", "?")) or re.fullmatch(regex, path)
        wanted = [h for h in match.get("headers", []) if h["name"] == ":method"]
        if fits and all(
            (h["string_match"]["exact"] == method) != h.get("invert_match", False) for h in wanted
        ):
            return route
    raise AssertionError(path)


def held_bytes(route: dict[str, Any]) -> int:
    return int(route["typed_per_filter_config"]["buffer_json"]["buffer"]["max_request_bytes"])


def test_a_file_to_import_may_be_larger_than_other_bodies(config: dict[str, Any]) -> None:
    base64_bytes = 4 * 3_000_000 // 3
    assert held_bytes(first_route(config, "POST", "/playlists/import")) > base64_bytes
    assert held_bytes(first_route(config, "POST", "/playlists/x/tracks")) > 300_000


CALLS = [(method, *call) for method in exposed_methods() for call in method.json_calls]


@pytest.mark.parametrize(("method", "verb", "path"), CALLS, ids=lambda v: str(v)[:60])
def test_no_large_body_is_held_before_its_token_was_looked_at(
    config: dict[str, Any], method: ExposedMethod, verb: str, path: str
) -> None:
    route = first_route(config, verb.upper(), re.sub(r"{\w+}", "x", path))
    held = held_bytes(route)
    known = "jwt_json" in route["typed_per_filter_config"]
    assert known or held <= 64 * 1024
    assert not (known and method.is_public)
    assert route["typed_per_filter_config"]["envoy.filters.http.lua"]["name"] in ("json", "share")


@pytest.mark.parametrize("path", ["/me/preferences/", "/nowhere", "/me//preferences"])
def test_what_no_route_takes_is_not_transcoded_nor_held(config: dict[str, Any], path: str) -> None:
    filters = first_route(config, "PATCH", path)["typed_per_filter_config"]
    assert filters["envoy.filters.http.grpc_json_transcoder"]["services"] == []
    assert "buffer_json" not in filters


def test_the_files_are_written_whole_and_hold_no_key(tmp_path: Path) -> None:
    for name in ("edge.client.pem", "edge.client.key", "ca.pem"):
        (tmp_path / name).write_text("secret words")
    path = write_bootstrap(settings(tmp_path))
    assert path.parent == tmp_path / "run"
    assert "secret words" not in path.read_text()
    assert json.loads(path.read_text())["node"] == {"id": "edge", "cluster": "edge"}
    for cluster in ("catalog", "identity", "identity-http", "media", "playback"):
        assert (tmp_path / "xds" / f"{cluster}.yaml").exists()


def test_endpoints_that_are_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "xds").mkdir()
    (tmp_path / "xds" / "catalog.yaml").write_text("mine")
    write_bootstrap(settings(tmp_path))
    assert (tmp_path / "xds" / "catalog.yaml").read_text() == "mine"


def test_answers_that_nobody_takes_are_given_up_as_memory_runs_out(config: dict[str, Any]) -> None:
    actions = {one["name"]: one for one in config["overload_manager"]["actions"]}
    reduced = actions["envoy.overload_actions.reduce_timeouts"]
    (timer,) = reduced["typed_config"]["timer_scale_factors"]
    assert timer["timer"] == "HTTP_DOWNSTREAM_STREAM_FLUSH"
    refusing = actions["envoy.overload_actions.stop_accepting_requests"]["triggers"][0]
    given_up = reduced["triggers"][0]["scaled"]["saturation_threshold"]
    assert given_up < refusing["threshold"]["value"]
