"""One mesh for all who attack, with a track in it; the tables of what they tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.attack.principals import lasting
from tests.attack.tallies import PRINTED
from tests.running_mesh import RunningMesh, make_noise, running_mesh


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    # The folders above are open: the mesh's own is what keeps another user out.
    folder = tmp_path_factory.mktemp("attacked")
    for above in (folder, *folder.parents):
        if above.name.startswith("pytest") or above == folder:
            above.chmod(0o755)
    with running_mesh(folder / "mesh") as mesh:
        yield mesh


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """What all chance of these tests comes from: give it again by ``--randomly-seed``."""
    return int(pytestconfig.getoption("randomly_seed", 0) or 0)


@pytest.fixture(scope="session")
def track_id(mesh: RunningMesh, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A track that plays."""
    folder: Path = tmp_path_factory.mktemp("music")
    make_noise(folder / "noise.flac", 2.0, title="Noise", artist="Nobody", album="Nothing")
    mesh.import_music(folder)
    answer = mesh.call("GET", "/tracks?page_size=1", token=mesh.token("attacker"))
    return str(answer.body["tracks"][0]["id"])


@pytest.fixture(scope="session")
def attacker(mesh: RunningMesh) -> str:
    """A token of an ordinary user that outlives the tests."""
    return lasting(mesh, mesh.token("attacker", tier="free"))


@pytest.fixture(scope="session")
def admin(mesh: RunningMesh) -> str:
    """A token of the operator that outlives the tests."""
    return lasting(mesh, mesh.token("attacker-admin", admin=True))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The tables, after all."""
    for table in PRINTED:
        terminalreporter.write_line("")
        for line in table.splitlines():
            terminalreporter.write_line(line)
