"""Everybody else, while somebody attacks: they are served as if nothing were."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.attack.watching import unharmed
from tests.attack.wire import PATIENCE_S, Wire, request
from tests.running_mesh import RunningMesh

# A call of each service.
PATHS = ("/plans", "/search?q=noise", "/playlists", "/devices")
_PAUSE_S = 0.02


def target(mesh: RunningMesh) -> str:
    """The edge as ``host:port``."""
    return mesh.edge.partition("://")[2]


@dataclass(slots=True)
class Meanwhile:
    """How everybody else fares: the statuses of their calls, and by how many MiB each process has
    grown at its worst, told when the attack has ended.
    """

    statuses: list[int] = field(default_factory=list)
    grown: dict[str, int] = field(default_factory=dict)

    async def served(self) -> None:
        """Returns when calls that began by now are answered."""
        seen = len(self.statuses)
        async with asyncio.timeout(PATIENCE_S):
            while len(self.statuses) < seen + 5:
                await asyncio.sleep(_PAUSE_S)

    def __str__(self) -> str:
        most = max(self.grown, key=lambda name: self.grown[name])
        return f"{len(self.statuses)} calls of others served, {most} +{self.grown[most]} MiB"


@contextlib.asynccontextmanager
async def under_attack(
    mesh: RunningMesh, token: str, *, most_mib: int = 256
) -> AsyncIterator[Meanwhile]:
    """Within it every call of somebody else succeeds, and processes live in bounded memory."""
    meanwhile = Meanwhile()
    calls = asyncio.create_task(_call(mesh, token, meanwhile.statuses))
    try:
        async with unharmed(mesh.folder, most_mib=most_mib) as grown:
            meanwhile.grown = grown
            yield meanwhile
            await meanwhile.served()
    finally:
        calls.cancel()
        await asyncio.wait([calls])
    assert set(meanwhile.statuses) == {200}, Counter(meanwhile.statuses)


async def _call(mesh: RunningMesh, token: str, statuses: list[int]) -> None:
    """Calls of each service, one after the other."""
    headers = {"authorization": f"Bearer {token}"}
    wire = Wire(target(mesh))
    try:
        while True:
            for path in PATHS:
                heard = await wire.ask(request("GET", path, headers=headers))
                statuses.append(heard.status if heard else 0)
            await asyncio.sleep(_PAUSE_S)
    finally:
        await wire.close()
