"""``segue user plan`` and ``segue user erase``: what an administrator does to users."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from google.protobuf.timestamp_pb2 import Timestamp
from segue.identity.v1 import identity_pb2, identity_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import CommandFailed, Flag, Folder, User, run
from player.commands.people import find_user
from player.commands.terminal_text import plain, say, when
from player.mesh_client import LocalUser, MeshClient, local_username

app = App(
    name="user", help="Put users on plans, and erase them. For who can read the mesh's folder."
)

_Person = Annotated[str, Parameter(name="USER", help="The name of a user, or their id.")]


@app.command
def plan(
    person: _Person,
    tier: Annotated[Literal["free", "premium"], Parameter(name="PLAN")],
    /,
    *,
    until: datetime | None = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Put a user on a plan, for good or until a time.

    Parameters
    ----------
    tier
        The plan.
    until
        When it ends, such as 2027-01-31 or 2027-01-31T18:00:00; the user is on free then.
    """

    async def work() -> int:
        async with _administering(folder, user) as client:
            request = identity_service_pb2.SetPlanRequest(
                user_id=await find_user(client, person),
                subscription_type=identity_pb2.User.SubscriptionType.Value(tier.upper()),
                ends_at=_stamp(until) if until else None,
                request_id=new_id(),
            )
            changed = (await client.call(client.users.SetPlan, request)).user
        ends = f" until {when(changed.plan_ends_at)}" if changed.HasField("plan_ends_at") else ""
        say(f"{plain(changed.username)} is on the {tier} plan{ends}")
        return 0

    return run(work())


@app.command
def erase(
    person: _Person, /, *, yes: Flag = False, user: User = None, folder: Folder = None
) -> int:
    """Erase a user for good, with all that every service keeps of them.

    Parameters
    ----------
    yes
        Needed: this cannot be undone.
    """

    async def work() -> int:
        if not yes:
            raise CommandFailed("nothing brings an erased user back; say --yes to erase them")
        async with _administering(folder, user) as client:
            request = identity_service_pb2.EraseUserRequest(
                user_id=await find_user(client, person), request_id=new_id()
            )
            await client.call(client.users.EraseUser, request)
        say(f"{plain(person)} is erased; services forget them within a minute")
        return 0

    return run(work())


def _administering(folder: Path | None, user: str | None) -> MeshClient:
    """A client for the local user of a name, as an administrator."""
    return MeshClient(folder, LocalUser(user or local_username(), admin=True))


def _stamp(moment: datetime) -> Timestamp:
    """A moment in local time, unless it says its zone."""
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone())
    return stamp
