"""Every key that a screen advertises, pressed in a terminal, does what the screen promises.

Which keys there are is read from the screen itself: one that nobody has tried fails here.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playlist_callers import Caller

from tests.running_mesh import RunningMesh, make_noise
from tests.segue_command import run_here
from tests.terminal import Terminal, in_terminal

pytestmark = pytest.mark.timeout(240)

ALBUM = "Keyed Pieces"
TITLES = ("Opening Key", "Middle Key", "Closing Key")
SECONDS = 45
CTRL_C, CTRL_D = "\x03", "\x04"
_CLOCK = re.compile(r"^ *(\d+):(\d\d) .* \d+:\d\d (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Player:
    """A listener, the terminal in which music plays, and what the service knows of it."""

    caller: Caller
    terminal: Terminal

    @property
    def playback(self) -> Any:
        return self.caller.get("/playback")

    def press(self, key: str) -> None:
        self.terminal.press(key)

    def plays(self, title: str) -> None:
        """Returns when the screen shows that the track is heard; the service says the same."""
        self.terminal.until(
            lambda picture: title in picture and "playing" in picture, f"{title!r} playing"
        )
        playback = self.playback
        assert (playback["track"]["title"], playback["status"]) == (title, "PLAYING")

    def held_at(self) -> int:
        """Where it is paused, in seconds."""
        return self.terminal.until(lambda picture: _at(picture, "paused"), "where it paused") - 1

    def moves(self, key: str, seconds: int) -> None:
        """A key moves by so much, which shows to the second while it is paused."""
        before = self.held_at()
        self.press(key)
        self.terminal.until(
            lambda picture: _at(picture, "paused") == before + seconds + 1, f"{seconds} s on"
        )
        assert self.playback["position_ms"] // 1000 == before + seconds


def _at(picture: str, state: str) -> int:
    """The position that a picture shows in seconds, plus 1; 0 where it shows another state."""
    match = _CLOCK.search(picture)
    if match is None or match[3] != state:
        return 0
    return 60 * int(match[1]) + int(match[2]) + 1


def advertised(picture: str) -> list[str]:
    """The keys that a screen says it has: ``space pause · ←/→ 10 s`` are three."""
    line = next(line for line in picture.splitlines() if "q quit" in line)
    return [key for part in line.split(" · ") for key in part.split()[0].split("/")]


def keys_of(terminal: Terminal) -> list[str]:
    return advertised(terminal.until(lambda shown: "q quit" in shown and shown, "its keys"))


def space(player: Player) -> None:
    player.press(" ")
    player.held_at()
    assert player.playback["status"] == "PAUSED"
    player.press(" ")
    player.plays(player.playback["track"]["title"])


def right(player: Player) -> None:
    player.press(" ")
    player.moves("\x1b[C", 10)
    player.press(" ")


def left(player: Player) -> None:
    player.press(" ")
    player.moves("\x1b[C", 10)
    player.moves("\x1b[D", -10)
    player.press(" ")


def following(player: Player) -> None:
    at = TITLES.index(player.playback["track"]["title"])
    player.press("n")
    player.plays(TITLES[at + 1])


def previous(player: Player) -> None:
    """To the start of the track; from there to the one before."""
    at = TITLES.index(player.playback["track"]["title"])
    player.press(" ")
    player.moves("\x1b[C", 10)
    player.press("b")
    player.terminal.until(lambda picture: 0 < _at(picture, "playing") <= 10, "its start")
    assert player.playback["track"]["title"] == TITLES[at]
    player.press("bb")
    player.plays(TITLES[at - 1])


def leaving(player: Player) -> None:
    player.press("q")
    assert player.terminal.exit_status() == 0
    assert player.playback["status"] == "STOPPED"


PROMISES: Mapping[str, Callable[[Player], None]] = {
    "space": space,
    "→": right,
    "←": left,
    "n": following,
    "b": previous,
    "q": leaving,
}


@pytest.fixture(scope="module")
def pieces(mesh: RunningMesh, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    for number, title in enumerate(TITLES, 1):
        tags = {"title": title, "artist": "Ilse Keys", "album": ALBUM, "track": f"{number}/3"}
        make_noise(folder / f"{number}.mp3", SECONDS, **tags)
    mesh.import_music(folder)


@pytest.fixture
def listener(mesh: RunningMesh, premium_user: str, pieces: None) -> Caller:
    return Caller(mesh, mesh.token(premium_user, tier="premium"))


@pytest.fixture
def premium_user(user: str) -> str:
    return f"keys-{user}"


def segue(mesh: RunningMesh, *words: str) -> str:
    done = run_here(words, {"SEGUE_DIR": str(mesh.folder), "COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def playing(mesh: RunningMesh, user: str) -> tuple[Path, tuple[str, ...]]:
    return mesh.folder, ("play", "--album", ALBUM, "--sink", "null", "--user", user)


@pytest.fixture
def player(mesh: RunningMesh, listener: Caller, premium_user: str) -> Iterator[Player]:
    """``segue play`` at the start of an album."""
    folder, words = playing(mesh, premium_user)
    with in_terminal(folder, *words) as terminal:
        player = Player(listener, terminal)
        player.plays(TITLES[0])
        yield player


def test_every_key_that_play_advertises_does_what_it_says(player: Player) -> None:
    keys = keys_of(player.terminal)
    assert set(keys) == set(PROMISES)
    for key in keys:
        PROMISES[key](player)
    assert "started after" in player.terminal.text


def test_every_key_that_a_device_advertises_does_what_it_says(
    mesh: RunningMesh, listener: Caller, premium_user: str
) -> None:
    words = ("device", "run", "--name", "Keyboard", "--sink", "null", "--user", premium_user)
    with in_terminal(mesh.folder, *words) as terminal:
        terminal.shows("connected")
        assert keys_of(terminal) == ["q"]
        segue(mesh, "play", "--album", ALBUM, "--on", "Keyboard", "--user", premium_user)
        player = Player(listener, terminal)
        player.plays(TITLES[0])
        keys = keys_of(terminal)
        assert set(keys) == set(PROMISES)
        for key in keys:
            PROMISES[key](player)


def test_an_idle_device_ends_at_q(mesh: RunningMesh, premium_user: str) -> None:
    words = ("device", "run", "--name", "Keyboard", "--sink", "null", "--user", premium_user)
    with in_terminal(mesh.folder, *words) as terminal:
        terminal.shows("connected")
        terminal.press("nb q")
        assert terminal.exit_status() == 0


def test_every_key_that_status_advertises_does_what_it_says(
    mesh: RunningMesh, player: Player, premium_user: str
) -> None:
    words = ("status", "--watch", "--user", premium_user)
    with in_terminal(mesh.folder, *words) as terminal:
        terminal.shows(TITLES[0])
        assert keys_of(terminal) == ["q"]
        terminal.press("q")
        assert terminal.exit_status() == 0
    player.plays(TITLES[0])


def test_keys_that_are_pressed_quickly_are_all_obeyed(player: Player) -> None:
    player.press("nn")
    player.plays(TITLES[2])
    player.press(" ")
    player.held_at()
    player.press("é\x1b[C\x1b[C\x1b[Dq")
    assert player.terminal.exit_status() == 0
    assert player.playback["position_ms"] // 1000 >= 10


def test_a_key_that_the_service_refuses_says_why_and_nothing_ends(player: Player) -> None:
    player.press("nnn")
    player.terminal.shows("Nothing follows this track")
    player.plays(TITLES[2])


def test_ctrl_c_sums_up_as_q_does_and_leaves_nothing_playing(player: Player) -> None:
    player.press(CTRL_C)
    assert player.terminal.exit_status() == 128 + signal.SIGINT
    assert "started after" in player.terminal.text
    assert player.playback["status"] == "STOPPED"


EDITOR = """
import sys
draft = sys.argv[1]
print(open(draft, encoding="utf-8").read() + "editor is open", flush=True)
text = sys.stdin.read()
open(draft, "w", encoding="utf-8").write(text)
"""
"""Shows the draft, and takes what is typed, up to Ctrl-D, in its place."""


def typed(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines) + CTRL_D


EDITS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "Reorder lines to move entries": (typed("3", "1", "2"), (2, 0, 1)),
    "delete a line to remove its entry": (typed("1", "3"), (0, 2)),
    "+ words to search for": (typed("1", "2", "3", "+ opening key"), (0, 1, 2, 0)),
    "+ segue:track:ID": (typed("1", "2", "3", "+ segue:track:{id}"), (0, 1, 2, 1)),
    "what stands after them may be changed": (typed("2 anything", "1 at all", "3"), (1, 0, 2)),
    "Lines that begin with # are left out": (typed("# 1", "2", "3"), (1, 2)),
    "An empty file changes nothing": (CTRL_D, (0, 1, 2)),
}
"""What the draft says one can do: what is then typed, and the tracks that are left."""


@pytest.fixture
def editing(
    mesh: RunningMesh, listener: Caller, premium_user: str, tmp_path: Path
) -> tuple[str, Callable[[], Any], list[str]]:
    """A playlist of the three, what opens it in a terminal, and the ids of the tracks."""
    album = listener.get("/search?q=keyed+pieces&type=album")["albums"][0]
    found = listener.get(f"/tracks?album_id={album['id']}")["tracks"]
    ids = [next(each["id"] for each in found if each["title"] == title) for title in TITLES]
    playlist_id = listener.new_playlist("Drafted")
    listener.add(playlist_id, ids)
    editor = tmp_path / "editor.py"
    editor.write_text(EDITOR)
    words = ("playlist", "edit", playlist_id, "--user", premium_user)

    def opened() -> Any:
        return in_terminal(mesh.folder, *words, VISUAL="", EDITOR=f"python3 {editor}")

    return playlist_id, opened, ids


@pytest.mark.parametrize("promise", EDITS)
def test_everything_that_an_edit_advertises_does_what_it_says(
    listener: Caller, editing: tuple[str, Callable[[], Any], list[str]], promise: str
) -> None:
    playlist_id, opened, ids = editing
    typing, left_over = EDITS[promise]
    with opened() as terminal:
        terminal.shows("editor is open")
        assert promise in terminal.text
        terminal.press(typing.replace("{id}", ids[1]))
        assert terminal.exit_status() == 0, terminal.text
    tracks = listener.get(f"/playlists/{playlist_id}/tracks")["tracks"]
    assert [track["id"] for track in tracks] == [ids[number] for number in left_over]


def test_nothing_that_an_edit_advertises_is_left_untried(
    editing: tuple[str, Callable[[], Any], list[str]],
) -> None:
    _, opened, _ = editing
    with opened() as terminal:
        terminal.shows("editor is open")
        said = [line[2:] for line in terminal.text.splitlines() if line.startswith("# ")]
        # The version and the title come first; the rest says what one can do.
        sentences = [
            part.strip() for line in said[2:] for part in re.split(r"[;.]|: {2,}|^Add.*or", line)
        ]
        untried = [
            part
            for part in sentences
            if part
            and not any(promise in part or part in promise for promise in EDITS)
            and part not in ("Add a line to add a track", "or", "Only the numbers count")
        ]
        assert untried == []
        terminal.press(CTRL_D)
        assert terminal.exit_status() == 0


def test_ctrl_c_in_an_editor_is_the_editor_s(
    listener: Caller, editing: tuple[str, Callable[[], Any], list[str]], tmp_path: Path
) -> None:
    playlist_id, opened, ids = editing
    editor = tmp_path / "editor.py"
    editor.write_text(f"import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\n{EDITOR}")
    with opened() as terminal:
        terminal.shows("editor is open")
        terminal.press(CTRL_C)
        terminal.press(typed("2"))
        assert terminal.exit_status() == 0, terminal.text
    tracks = listener.get(f"/playlists/{playlist_id}/tracks")["tracks"]
    assert [track["id"] for track in tracks] == [ids[1]]
