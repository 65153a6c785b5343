"""The process table: which settings reach which process, and in what order they start."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from localmesh.free_ports import PortAllocator
from localmesh.layout import Layout
from localmesh.processes import Parts, ProcessTable
from localmesh.services import SERVICES, replica_counts
from localmesh.specs import ProcessSpec


class CountingPorts(PortAllocator):
    """Hands out 20000, 20001, … without asking the kernel."""

    def __init__(self) -> None:
        super().__init__()
        self._next = itertools.count(20000)

    def held(self, port: int = 0) -> int:
        return port or self.take()

    def take(self) -> int:
        return next(self._next)


def _table(folder: Path, *replicas: str) -> ProcessTable:
    layout = Layout.at(folder)
    layout.create()
    parts = Parts(SERVICES, lambda table: table.layout.run / "bootstrap.yaml")
    return ProcessTable(layout, parts, CountingPorts(), 8080, replica_counts(replicas), "json")


def _specs(table: ProcessTable) -> Mapping[str, ProcessSpec]:
    return {spec.name: spec for spec in (*table.specs(), table.edge_spec())}


def test_there_is_a_process_for_every_part_of_the_mesh(tmp_path: Path) -> None:
    assert list(_specs(_table(tmp_path))) == [
        "postgres",
        "valkey",
        "identity-1",
        "catalog-1",
        "catalog-worker-1",
        "playback-1",
        "playlist-1",
        "rec-1",
        "rec-worker-1",
        "media-1",
        "envoy",
    ]


def test_services_start_when_their_stores_are_ready_and_the_edge_last(tmp_path: Path) -> None:
    specs = _specs(_table(tmp_path))
    assert specs["identity-1"].after == {"postgres", "valkey"}
    assert specs["playback-1"].after == {"postgres", "valkey"}
    assert specs["media-1"].after == frozenset()
    assert specs["envoy"].after == {"identity", "catalog", "playback", "playlist", "rec", "media"}


def test_a_service_finds_all_instances_of_what_it_calls(tmp_path: Path) -> None:
    table = _table(tmp_path, "catalog=2")
    first, second = (instance.grpc for instance in table.instances["catalog"])
    target = _specs(table)["playback-1"].env["SEGUE_PLAYBACK_CATALOG_TARGET"]
    assert target.startswith(f"ipv4:{first},{second}")


def test_a_service_finds_instances_that_are_added_after_its_start(tmp_path: Path) -> None:
    table = _table(tmp_path)
    target = _specs(table)["playback-1"].env["SEGUE_PLAYBACK_CATALOG_TARGET"]
    for _ in range(3):
        assert str(table.add_instance("catalog").grpc) in target


def test_an_instance_that_comes_back_is_where_its_callers_know_it(tmp_path: Path) -> None:
    table = _table(tmp_path, "catalog=2")
    dropped = table.drop_instance("catalog")
    assert table.add_instance("catalog") == dropped
    third = table.add_instance("catalog")
    assert third.number == 3
    assert third.grpc not in {instance.grpc for instance in table.instances["catalog"][:2]}


def test_every_instance_listens_on_ports_of_its_own(tmp_path: Path) -> None:
    table = _table(tmp_path, "catalog=3", "playback=2")
    addresses = [
        address
        for held in table.instances.values()
        for instance in held
        for address in (instance.grpc, instance.http, instance.metrics)
        if address is not None
    ]
    assert len(addresses) == len(set(addresses)) == 3 * 2 + 2 * 2 + 3 + 1 + 2 + 2 + 3


def test_a_service_gets_its_own_role_and_certificate(tmp_path: Path) -> None:
    specs = _specs(_table(tmp_path))
    for service in ("identity", "catalog", "playback", "playlist"):
        settings, prefix = specs[f"{service}-1"].env, f"SEGUE_{service.upper()}_"
        assert settings[f"{prefix}DATABASE_DSN"].startswith(f"postgresql://{service}:")
        assert settings[f"{prefix}TLS_CERT_FILE"].endswith(f"/tls/{service}.server.pem")
        assert settings[f"{prefix}INSTANCE"] == f"{service}-1"


def test_the_worker_is_told_no_more_than_its_work_needs(tmp_path: Path) -> None:
    settings = _specs(_table(tmp_path))["catalog-worker-1"].env
    assert settings["SEGUE_CATALOG_OBJECTS_URL"] == (tmp_path / "objects").as_uri()
    told = {name.removeprefix("SEGUE_CATALOG_") for name in settings if "CATALOG" in name}
    assert told == {
        "DATABASE_DSN",
        "INSTANCE",
        "LOG_FORMAT",
        "METRICS_LISTEN",
        "OBJECTS_URL",
        "IMPORT_ROOTS",
        "WORK_DIR",
    }


def test_playback_and_media_share_the_capability_keys(tmp_path: Path) -> None:
    specs = _specs(_table(tmp_path))
    assert (
        specs["playback-1"].env["SEGUE_PLAYBACK_CAPABILITY_KEYS_FILE"]
        == specs["media-1"].env["SEGUE_MEDIA_CAPABILITY_KEYS_FILE"]
    )


def test_no_secret_stands_on_a_command_line(tmp_path: Path) -> None:
    table = _table(tmp_path)
    specs = _specs(table)
    secrets = [path.read_text().strip() for path in table.layout.secrets.glob("*.password")]
    assert len(secrets) == 12
    words = " ".join(word for spec in specs.values() for word in spec.argv)
    assert not [secret for secret in secrets if secret in words]


def test_a_person_sets_what_the_mesh_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_CATALOG_LOG_LEVEL", "debug")
    monkeypatch.setenv("SEGUE_CATALOG_IMPORT_ROOTS", "/music")
    monkeypatch.setenv("SEGUE_OTLP_ENDPOINT", "http://collector:4317")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=1")
    specs = _specs(_table(tmp_path))
    catalog, playback = specs["catalog-1"].env, specs["playback-1"].env
    assert catalog["SEGUE_CATALOG_LOG_LEVEL"] == "debug"
    assert catalog["SEGUE_CATALOG_IMPORT_ROOTS"] == "/music"
    assert playback["SEGUE_PLAYBACK_OTLP_ENDPOINT"] == "http://collector:4317"
    assert not [name for name in playback if name.startswith(("SEGUE_CATALOG_", "PG"))]


def test_children_find_the_modules_that_this_process_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.chdir(tmp_path)
    entries = _specs(_table(tmp_path / "mesh"))["catalog-1"].env["PYTHONPATH"].split(":")
    assert entries[-1] == str(tmp_path / "somewhere")
    assert (Path(entries[0]) / "localmesh").is_dir()


def test_the_edge_learns_the_instances_from_endpoint_files(tmp_path: Path) -> None:
    table = _table(tmp_path, "catalog=2")
    table.write_endpoints()
    assert {path.name for path in table.layout.xds.iterdir()} == {
        "identity.yaml",
        "identity-http.yaml",
        "media.yaml",
        "catalog.yaml",
        "playback.yaml",
        "rec.yaml",
        "playlist.yaml",
    }
    instances = table.instances
    assert _endpoints(table, "catalog") == [each.grpc for each in instances["catalog"]]
    assert _endpoints(table, "identity") == [each.grpc for each in instances["identity"]]
    assert _endpoints(table, "identity-http") == [each.http for each in instances["identity"]]
    added = table.add_instance("media")
    table.write_endpoints()
    assert _endpoints(table, "media") == [instances["media"][0].http, added.http]


def _endpoints(table: ProcessTable, cluster: str) -> list[str]:
    written = json.loads((table.layout.xds / f"{cluster}.yaml").read_text())
    (assignment,) = written["resources"]
    assert assignment["cluster_name"] == cluster
    found = (each["endpoint"]["address"] for each in assignment["endpoints"][0]["lb_endpoints"])
    return [
        f"unix:{address['pipe']['path']}"
        if "pipe" in address
        else f"{address['socket_address']['address']}:{address['socket_address']['port_value']}"
        for address in found
    ]


def test_the_addresses_name_every_service_and_metrics_page(tmp_path: Path) -> None:
    table = _table(tmp_path)
    found = table.addresses("1.0")
    assert found.edge == "http://127.0.0.1:8080"
    assert set(found.services) == {"identity", "catalog", "playback", "playlist", "rec", "media"}
    assert set(found.metrics) == {
        "identity-1",
        "catalog-1",
        "catalog-worker-1",
        "playback-1",
        "playlist-1",
        "rec-1",
        "rec-worker-1",
        "media-1",
        "envoy",
    }


@pytest.mark.parametrize(("percent", "ratio"), [(0.0, "0"), (2.5, "0.025"), (100.0, "1")])
def test_services_trace_the_share_of_calls_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, percent: float, ratio: str
) -> None:
    monkeypatch.setenv("SEGUE_OTLP_ENDPOINT", "http://collector:4317")
    layout, parts = Layout.at(tmp_path), Parts(SERVICES, lambda table: table.layout.run)
    layout.create()
    counts = replica_counts([])
    table = ProcessTable(
        layout, parts, CountingPorts(), 8080, counts, "json", trace_percent=percent
    )
    ratios = [v for spec in table.specs() for k, v in spec.env.items() if k.endswith("TRACE_RATIO")]
    assert set(ratios) == {ratio}
