"""``segue token``: an access token for grpcurl, curl and tests."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from localmesh.discovery import find_mesh
from player.commands.outcome import Folder, User, run
from player.mesh_client import LocalUser, issue_token, local_username


def token(
    *,
    user: User = None,
    tier: Literal["free", "premium"] | None = None,
    admin: Annotated[bool, Parameter(negative=())] = False,
    folder: Folder = None,
) -> int:
    """Print an access token for a local user, who is made if missing. It lives 5 minutes.

    Works only for who can read the mesh's folder. For example:
    curl -H "authorization: Bearer $(segue token)" http://127.0.0.1:8080/search?q=moon

    Parameters
    ----------
    tier
        The plan of a user who is made; one that there is stays on theirs (segue user plan).
    admin
        Also allow what operators do, such as imports.
    """

    async def work() -> int:
        wanted = LocalUser(user or local_username(), tier, admin)
        issued = await issue_token(folder, find_mesh(folder), wanted)
        print(issued.text)
        return 0

    return run(work())
