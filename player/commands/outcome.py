"""How every command ends: with a status, and with words where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from localmesh.faults import MeshFault
from localmesh.layout import ENVIRONMENT_VARIABLE
from meshkit.faults import Fault
from meshkit.status import reason_specs
from meshkit.stream_ends import StreamEnded
from player.commands.field_words import in_own_words
from player.commands.terminal_text import clock, plain_lines, print_text
from player.errors import PlayerError

INTERRUPTED = 130
# What to do where a command does it; the contract speaks to authors of clients.
_OWN_ACTIONS = {
    "ON_ANOTHER_PLAN": "ask without --tier, or change the plan: segue user plan NAME premium",
}

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

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]


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
        _tell(errors, words_of(fault))
    except PlayerError as error:
        _tell(errors, f"segue: {error.message}\n{error.remedy}")
    except StreamEnded as ended:
        _tell(errors, f"segue: {ended.message}")
    except (MeshFault, CommandFailed) as error:
        _tell(errors, f"segue: {error}")
    except PermissionError as error:
        errors.print(
            f"segue: {error.filename} belongs to somebody else; "
            "only who may read the mesh's folder can act in it",
            markup=False,
        )
    return 1


def words_of(fault: Fault) -> str:
    """What happened, why, and what to do next, in lines."""
    if fault.violations:
        # The argument is named, and what it must be; the reason and what to do would say no more.
        return f"segue: {in_own_words(fault)}; see --help"
    lines = [f"segue: {fault.message} ({fault.reason})"]
    if "diff" in fault.metadata:
        lines.append(f"meanwhile others {fault.metadata['diff']}")
    if "base_snapshot_id" in fault.metadata:
        lines.append(f"see it: segue playlist diff LIST {fault.metadata['base_snapshot_id']}")
    if fault.retry_after_s is not None and fault.retry_after_s >= 1:
        lines.append(f"again in {clock(fault.retry_after_s * 1000)}")
    spec = reason_specs().get(fault.reason)
    action = _OWN_ACTIONS.get(fault.reason) or (spec.action if spec is not None else "")
    if action:
        lines.append(action)
    return "\n".join(lines)


def _tell(errors: Console, words: str) -> None:
    """Titles and names of other people may stand in the words."""
    print_text(Text(plain_lines(words)), errors)
