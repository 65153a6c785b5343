"""``segue playlist``: the list of its commands. Each one's module is imported only when called."""

from __future__ import annotations

from collections.abc import Sequence

from cyclopts import App, Group

_HELP = """Make playlists, edit them alone or with others, and go back to any version of them.

LIST is the name of a playlist of yours, or how the name begins; or its id, or how the id ends.
VERSION is the number of a version, or how its id begins. Numbers of entries are those that show
tells.
"""

# Group, then name: target below player.commands, and the line in the list of commands; a command's
# own help is its docstring.
_COMMANDS = {
    "Look": {
        "list": ("playlist_reading:list_playlists", "Show your playlists."),
        "show": ("playlist_reading:show", "Show a playlist with its entries."),
        "watch": ("playlist_watching:watch", "Show changes as they happen, until Ctrl-C."),
    },
    "Make and remove": {
        "create": ("playlist_making:create", "Make an empty playlist."),
        "smart": ("playlist_smart:smart", "Make a playlist that fills itself by rules."),
        "rename": ("playlist_making:rename", "Give a playlist another title."),
        "describe": ("playlist_making:describe", "Give a playlist another description."),
        "visibility": ("playlist_making:visibility", "Say who may see a playlist."),
        "delete": ("playlist_making:delete", "Delete a playlist; recover brings it back."),
        "recover": ("playlist_making:recover", "Bring a deleted playlist back."),
    },
    "Edit": {
        "add": ("playlist_editing:add", "Add a track, found by its name."),
        "remove": ("playlist_editing:remove", "Remove entries."),
        "move": ("playlist_editing:move", "Move entries to another place."),
        "sort": ("playlist_editing:sort", "Sort all entries."),
        "edit": ("playlist_editor:edit", "Edit the whole list in your editor."),
    },
    "History": {
        "log": ("playlist_history:log", "Show who changed what, and when."),
        "diff": ("playlist_history:diff", "Show what changed between two versions."),
        "undo": ("playlist_history:undo", "Undo your last edit, or a named one."),
        "redo": ("playlist_history:redo", "Undo your last undo."),
        "restore": ("playlist_history:restore", "Make an earlier version the newest again."),
    },
    "Other people": {
        "follow": ("playlist_sharing:follow", "Follow somebody's playlist."),
        "unfollow": ("playlist_sharing:unfollow", "Follow a playlist no longer."),
        "collaborators": ("playlist_sharing:collaborators", "Show who may do what."),
        "invite": ("playlist_sharing:invite", "Let a user see or edit a playlist."),
        "uninvite": ("playlist_sharing:uninvite", "Take a user's role away, or leave."),
        "share": ("playlist_links:share", "Make a link to a playlist."),
        "shares": ("playlist_links:shares", "Show the links of a playlist."),
        "unshare": ("playlist_links:unshare", "End a link."),
        "accept": ("playlist_links:accept", "Take what a link offers."),
        "transfer": ("playlist_sharing:transfer", "Make a collaborator the owner."),
    },
    "Files": {
        "import": ("playlist_files:import_playlist", "Make a playlist of an M3U8, XSPF or JSPF."),
        "export": ("playlist_files:export", "Write a playlist as M3U8, XSPF or JSPF."),
    },
}


def build(arguments: Sequence[str]) -> App:
    """``segue playlist`` for these arguments; lists its commands without importing them."""
    app = App(name="playlist", help=_HELP)
    named = {name for commands in _COMMANDS.values() for name in commands}
    lists_commands = not arguments or arguments[0] not in named
    for place, (title, commands) in enumerate(_COMMANDS.items()):
        group = Group(title, sort_key=place)
        for name, (target, line) in commands.items():
            shown = line if lists_commands else None
            app.command(f"player.commands.{target}", name=name, help=shown, group=group)
    return app
