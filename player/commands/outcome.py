"""How every command ends: with a status, and with words where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from localmesh.faults import MeshFault
from localmesh.layout import ENVIRONMENT_VARIABLE
from meshkit.faults import Fault
from player.errors import PlayerError

INTERRUPTED = 130

Folder = Annotated[
    Path | None,
    Parameter(
        name="--dir",
        env_var=ENVIRONMENT_VARIABLE,
        help="The folder of the mesh. Default: the user's data folder.",
    ),
]
User = Annotated[
    str | None,
    Parameter(name="--user", help="The local user to act as. Default: this computer's user."),
]


class CommandFailed(Exception):
    """A command cannot go on; the text is shown as it stands."""


def run(work: Coroutine[Any, Any, int]) -> int:
    """Runs a command to its exit status; failures become words on stderr and status 1."""
    errors = Console(stderr=True, highlight=False)
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Fault as fault:
        errors.print(f"segue: {fault.message} ({fault.reason})", markup=False)
    except PlayerError as error:
        errors.print(f"segue: {error.message}\n{error.remedy}", markup=False)
    except (MeshFault, CommandFailed) as error:
        errors.print(f"segue: {error}", markup=False)
    except PermissionError as error:
        errors.print(
            f"segue: {error.filename} belongs to somebody else; "
            "only who may read the mesh's folder can act in it",
            markup=False,
        )
    return 1
