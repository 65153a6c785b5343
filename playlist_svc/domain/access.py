"""Who may do what with a playlist."""

from __future__ import annotations

import enum


class Role(enum.IntEnum):
    """What a user may do; a higher role includes the lower ones."""

    STRANGER = 0
    VIEWER = 1
    EDITOR = 2
    OWNER = 3


class Visibility(enum.Enum):
    """Who may see a playlist beside its owner and collaborators."""

    PRIVATE = "PRIVATE"
    LINK = "LINK"
    PUBLIC = "PUBLIC"
