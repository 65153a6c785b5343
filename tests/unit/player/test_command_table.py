"""Every command that ``segue`` lists is there; its module is imported only when it is called."""

from __future__ import annotations

from importlib import import_module

import pytest

from player.cli import _COMMANDS
from player.commands.playlists import _COMMANDS as _OF_PLAYLISTS

TARGETS = sorted(target for target, _ in _COMMANDS.values())
OF_PLAYLISTS = sorted(
    f"player.commands.{target}" for group in _OF_PLAYLISTS.values() for target, _ in group.values()
)


@pytest.mark.parametrize("target", [*TARGETS, *OF_PLAYLISTS])
def test_a_listed_command_is_there(target: str) -> None:
    module, _, name = target.partition(":")
    assert callable(getattr(import_module(module), name))
