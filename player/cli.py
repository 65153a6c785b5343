"""The ``segue`` command. Each command's module is imported only when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App

# Target, and the line in the list of commands; a command's own help is its docstring.
_COMMANDS = {
    "mesh": ("localmesh.commands:app", "Start, stop and watch the whole mesh on this machine."),
    "import": ("player.commands.importing:import_music", "Import music into the catalogue."),
    "search": ("player.commands.searching:search", "Find tracks, artists, albums, playlists."),
    "tracks": ("player.commands.searching:tracks", "Show the tracks of the catalogue."),
    "play": ("player.commands.playing:play", "Find music and play it, here or elsewhere."),
    "status": ("player.commands.status:status", "Show what plays."),
    "pause": ("player.commands.controlling:pause", "Hold what plays."),
    "resume": ("player.commands.controlling:resume", "Go on with what is paused."),
    "seek": ("player.commands.controlling:seek", "Go to another position."),
    "skip": ("player.commands.controlling:skip", "Go to the next track."),
    "previous": ("player.commands.controlling:previous", "Go back."),
    "stop": ("player.commands.controlling:stop", "End what plays."),
    "shuffle": ("player.commands.controlling:shuffle", "Shuffle what plays, or not."),
    "repeat": ("player.commands.controlling:repeat", "Repeat a track, everything or nothing."),
    "queue": ("player.commands.queueing:app", "Show and edit what comes next."),
    "device": ("player.commands.devices:device_app", "Make this computer a device."),
    "devices": ("player.commands.devices:devices_app", "Show, rename and remove your devices."),
    "transfer": ("player.commands.controlling:transfer", "Move what plays to another device."),
    "volume": ("player.commands.controlling:volume", "Set how loud a device is."),
    "history": ("player.commands.activity:history", "Show what you listened to."),
    "friends": ("player.commands.activity:friends", "Show what friends listen to."),
    "preferences": (
        "player.commands.activity:preferences_app",
        "Show and set how you want to listen.",
    ),
    "library": ("player.commands.library:app", "Show, save and remove your saved music."),
    "follow": ("player.commands.relations:follow", "Follow a user or an artist."),
    "unfollow": ("player.commands.relations:unfollow", "Follow a user or an artist no longer."),
    "following": ("player.commands.relations:following", "Show whom you follow."),
    "followers": ("player.commands.relations:followers", "Show who follows you."),
    "block": ("player.commands.relations:block", "Block a user or an artist."),
    "unblock": ("player.commands.relations:unblock", "Block a user or an artist no longer."),
    "recommend": (
        "player.commands.recommending:recommend",
        "Show what to hear next, or what goes with a playlist, and why.",
    ),
    "similar": (
        "player.commands.recommending:similar",
        "Show tracks that are liked by those who like a track.",
    ),
    "discover": (
        "player.commands.discovering:discover",
        "Show and play tracks that you have not heard, new each Monday.",
    ),
    "radio": (
        "player.commands.radio:radio",
        "Start a radio: tracks without an end that go with what you name.",
    ),
    "token": ("player.commands.tokens:token", "Print an access token for a local user."),
    "user": ("player.commands.users:app", "Put users on plans, and erase them."),
    "train": ("player.commands.models:train", "Train a model on what was listened to."),
    "models": (
        "player.commands.models:app",
        "Show what was trained, and choose what recommends.",
    ),
    "experiment": (
        "player.commands.experiments:app",
        "Try ways to recommend on some users, and see which is better.",
    ),
    "protos": (
        "player.commands.protos:protos",
        "Print the contracts for buf, grpcurl, generators.",
    ),
    "demo": ("player.demo.command:demo", "Show everything once, from import to play."),
}


def build(arguments: Sequence[str]) -> App:
    """The command for these arguments; the list of commands is described without importing them."""
    app = App(
        name="segue",
        help="Segue: import music, search it, and play it through a mesh of services.",
        version_flags=["--version"],
    )
    lists_commands = not arguments or arguments[0] not in (*_COMMANDS, "playlist")
    for name, (target, line) in _COMMANDS.items():
        app.command(target, name=name, help=line if lists_commands else None)
    if lists_commands:
        app.command(App(name="playlist", help="Make, edit, share and go back in playlists."))
    elif arguments[0] == "playlist":
        from player.commands.playlists import build as build_playlist

        app.command(build_playlist(arguments[1:]))
    return app


def main() -> None:
    """Runs a command and exits with its status."""
    # gRPC would warn at every decoder that is started; nothing here uses it across a fork.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    arguments = sys.argv[1:]
    sys.exit(build(arguments)(arguments))


if __name__ == "__main__":
    main()
