"""What an operator may choose of the edge reaches its bootstrap, or is refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localmesh.faults import MeshFault
from localmesh.free_ports import PortAllocator
from localmesh.layout import Layout
from localmesh.processes import SEGUE, ProcessTable, write_edge_bootstrap
from localmesh.services import replica_counts


class FixedPorts(PortAllocator):
    """One port for all: nothing listens in these tests."""

    def held(self, port: int = 0) -> int:
        return port or self.take()

    def take(self) -> int:
        return 20000


def written(folder: Path, *origins: str) -> Any:
    """The route table of the bootstrap for a mesh that was told these origins."""
    layout = Layout.at(folder)
    layout.create()
    table = ProcessTable(
        layout, SEGUE, FixedPorts(), 8080, replica_counts([]), "json", allow_origins=origins
    )
    bootstrap = json.loads(write_edge_bootstrap(table).read_text())
    listener = bootstrap["static_resources"]["listeners"][0]
    return listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]


def allowed(folder: Path, *origins: str) -> list[Any]:
    """The origins of the bootstrap's CORS policy."""
    host = written(folder, *origins)["virtual_hosts"][0]
    policy = host["typed_per_filter_config"]["envoy.filters.http.cors"]
    found: list[Any] = policy["allow_origin_string_match"]
    return found


def test_nobody_elses_pages_may_call_unless_told(tmp_path: Path) -> None:
    assert allowed(tmp_path) == []


def test_origins_of_the_command_and_of_the_environment_may_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_EDGE_ALLOW_ORIGINS", "https://App.example, http://localhost:5173")
    assert allowed(tmp_path, "http://[::1]:3000") == [
        {"exact": "http://[::1]:3000"},
        {"exact": "https://app.example"},
        {"exact": "http://localhost:5173"},
    ]


def test_a_star_is_any_origin(tmp_path: Path) -> None:
    assert allowed(tmp_path, "*") == [{"safe_regex": {"regex": ".*"}}]


@pytest.mark.parametrize(
    "wrong", ["app.example", "https://app.example/", "https://app.example/x", "ftp://a", "https://"]
)
def test_what_is_no_origin_is_refused_by_its_name(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(MeshFault, match="an origin is like") as refused:
        written(tmp_path, wrong)
    assert str(refused.value).startswith(wrong)


def test_a_setting_that_there_is_not_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGUE_EDGE_ALLOW_ORIGIN", "https://app.example")
    with pytest.raises(MeshFault, match="unknown settings: SEGUE_EDGE_ALLOW_ORIGIN"):
        written(tmp_path)
