"""Real parts for the tests of the edge: a packaged asset, the media origin as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from edge_world import World, open_world
from media_origin import Origin, running_origin
from packaged_asset import PackagedAsset, package


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory) -> PackagedAsset:
    """The asset, packaged once a session."""
    return package(tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="session")
def origin(asset: PackagedAsset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """``python -m edge.media serve`` over the asset's store."""
    with running_origin(tmp_path_factory.mktemp("origin"), asset) as found:
        yield found


@pytest.fixture
def fresh_origin(asset: PackagedAsset, tmp_path: Path) -> Iterator[Origin]:
    """An origin that this test alone uses, and may end."""
    with running_origin(tmp_path, asset) as found:
        yield found


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, origin: Origin) -> AsyncIterator[World]:
    """The world of most tests."""
    async with open_world(tmp_path_factory.mktemp("edge"), origin) as found:
        yield found
