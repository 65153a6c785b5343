"""Finding the mesh of a folder, and saying so when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from localmesh import discovery, lock
from localmesh.discovery import MeshAddresses, find_mesh
from localmesh.faults import MeshAlreadyRuns, MeshFault, MeshNotRunning
from localmesh.layout import Layout
from localmesh.lock import MeshLock

ADDRESSES = MeshAddresses(
    edge="http://127.0.0.1:8080",
    services={"catalog": ("127.0.0.1:20001", "127.0.0.1:20002")},
    metrics={"catalog-1": "http://127.0.0.1:20003/metrics"},
    pid=7,
    version="1.0",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout.at(tmp_path)
    layout.create()
    return layout


def test_a_running_mesh_is_found_with_its_addresses(layout: Layout) -> None:
    with MeshLock(layout):
        discovery.publish(layout, ADDRESSES)
        assert find_mesh(layout.root) == ADDRESSES


def test_without_a_mesh_the_command_to_start_one_is_named(layout: Layout) -> None:
    with pytest.raises(MeshNotRunning, match=f"start one with: segue mesh up --dir {layout.root}"):
        find_mesh(layout.root)


def test_addresses_left_by_a_killed_mesh_are_not_believed(layout: Layout) -> None:
    with MeshLock(layout):
        discovery.publish(layout, ADDRESSES)
    with pytest.raises(MeshNotRunning):
        find_mesh(layout.root)


def test_a_mesh_that_is_still_starting_is_told_apart(layout: Layout) -> None:
    with MeshLock(layout), pytest.raises(MeshFault, match="starting or stopping"):
        find_mesh(layout.root)


def test_a_second_holder_is_refused_with_pid_and_address(layout: Layout) -> None:
    with MeshLock(layout):
        discovery.publish(layout, ADDRESSES)
        with pytest.raises(MeshAlreadyRuns, match=r"at http://127\.0\.0\.1:8080") as caught:
            MeshLock(layout).__enter__()
        assert caught.value.pid == lock.holder(layout.lock)
    with MeshLock(layout):
        assert lock.is_held(layout.lock)
    assert not lock.is_held(layout.lock)
