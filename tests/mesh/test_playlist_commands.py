"""``segue playlist`` as people use it: on a running mesh, alone and with others."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from localmesh.layout import ENVIRONMENT_VARIABLE
from tests.mesh.imported_music import Song
from tests.running_mesh import RunningMesh
from tests.segue_command import run_here

pytestmark = pytest.mark.timeout(300)

PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs ``segue`` against a mesh as one user."""

    mesh: RunningMesh
    user: str
    editor: str = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "VISUAL"}
        chosen = {"EDITOR": self.editor, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
        return {**kept, **chosen, ENVIRONMENT_VARIABLE: str(self.mesh.folder)}

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "player.cli", *words, "--user", self.user]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_here([*words, "--user", self.user], self.environment)

    def said(self, *words: str) -> str:
        """The output of a command that succeeds."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """The words of a command that fails."""
        done = self.run(*words)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def titles(self, name: str, *words: str) -> list[str]:
        """The titles of a playlist's entries in order."""
        lines = self.said("playlist", "show", name, *words).splitlines()
        shown = (re.match(r"\s*[0-9]+  (.+?) — The Testers", line) for line in lines)
        return [match[1] for match in shown if match]


@pytest.fixture
def ada(mesh: RunningMesh, songs_of_mesh: list[Song]) -> Shell:
    return Shell(mesh, "ada")


def editor(folder: Path, body: str) -> str:
    """A program that edits ``lines``, the entries of the file that it is called with."""
    script = folder / f"editor{len(list(folder.iterdir()))}.py"
    script.write_text(
        "import pathlib, subprocess, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text('utf-8').splitlines()\n"
        "lines = [line for line in text if not line.startswith('#')]\n"
        f"{body}\n"
        "path.write_text('\\n'.join([text[0], *lines]) + '\\n', 'utf-8')\n"
    )
    return f"'{sys.executable}' '{script}'"


def made(shell: Shell, name: str) -> str:
    """A playlist of Velvet Thunder and Paper Lanterns; its name."""
    shell.said("playlist", "create", name)
    shell.said("playlist", "add", name, "velvt", "thunder")
    shell.said("playlist", "add", name, "paper", "lanterns")
    return name


def test_a_list_is_edited_in_an_editor_looked_back_at_and_undone(
    ada: Shell, tmp_path: Path
) -> None:
    name = made(ada, "Evening")
    reverse = editor(tmp_path, "lines = ['+ kaleidoscope', *reversed(lines)]")
    with_editor = Shell(ada.mesh, ada.user, reverse)
    assert "added 1 track, reordered" in with_editor.said("playlist", "edit", "even")
    edited = ["Kaleidoscope Morning", "Paper Lanterns", "Velvet Thunder"]
    assert ada.titles(name) == edited
    log = ada.said("playlist", "log", name)
    assert [line.split()[0] for line in log.splitlines()] == ["4", "3", "2", "1"]
    diff = ada.said("playlist", "diff", name)
    assert "--- version 3" in diff
    assert re.search(r"^\+ +1 Kaleidoscope Morning", diff, re.MULTILINE)
    assert "Kaleidoscope" in ada.said("playlist", "undo", name)
    assert ada.titles(name) == ["Velvet Thunder", "Paper Lanterns"]
    undone, edit = ada.said("playlist", "log", name).splitlines()[:2]
    assert "undo: removed 'Kaleidoscope Morning'" in undone
    assert edit.endswith("undone")
    ada.said("playlist", "redo", name)
    assert ada.titles(name) == edited
    assert ada.titles(name, "--version", "2") == ["Velvet Thunder"]
    ada.said("playlist", "restore", name, "3")
    assert ada.titles(name) == ["Velvet Thunder", "Paper Lanterns"]


def test_an_edit_that_changes_nothing_makes_no_version(ada: Shell, tmp_path: Path) -> None:
    name = made(ada, "Untouched")
    untouched = Shell(ada.mesh, ada.user, editor(tmp_path, ""))
    assert untouched.said("playlist", "edit", name) == "nothing was changed\n"
    assert "neither $VISUAL nor $EDITOR" in ada.refused("playlist", "edit", name)
    assert ada.said("playlist", "log", name).splitlines()[0].split()[0] == "3"


def test_a_conflicting_edit_is_kept_and_can_be_gone_on_with(ada: Shell, tmp_path: Path) -> None:
    name = made(ada, "Contested")
    ada.said("playlist", "add", name, "kaleidoscope")
    move = ada.words("playlist", "move", name, "3", "--before", "1")
    body = f"subprocess.run({move!r}, check=True)\nlines = [lines[0], lines[2], lines[1]]"
    refused = Shell(ada.mesh, ada.user, editor(tmp_path, body)).refused("playlist", "edit", name)
    assert "PLAYLIST_CONFLICT" in refused
    again = re.search(r"segue playlist edit (\S+) --file (\S+)", refused)
    assert again is not None
    moved = ["Kaleidoscope Morning", "Velvet Thunder", "Paper Lanterns"]
    assert ada.titles(name) == moved
    go_on = Shell(ada.mesh, ada.user, editor(tmp_path, ""))
    go_on.said("playlist", "edit", again[1], "--file", again[2])
    assert ada.titles(name) == ["Velvet Thunder", "Kaleidoscope Morning", "Paper Lanterns"]
    Path(again[2]).unlink()


def test_entries_are_named_by_the_numbers_of_the_version_that_was_seen(ada: Shell) -> None:
    name = made(ada, "Numbers")
    ada.said("playlist", "add", name, "kaleidoscope", "--at", "1")
    assert "removed 2  Paper Lanterns" in ada.said(
        "playlist", "remove", name, "2", "--version", "3"
    )
    assert ada.titles(name) == ["Kaleidoscope Morning", "Velvet Thunder"]
    ada.said("playlist", "move", name, "1", "--to-end")
    assert ada.titles(name) == ["Velvet Thunder", "Kaleidoscope Morning"]
    ada.said("playlist", "sort", name, "--by", "title")
    assert ada.titles(name) == ["Kaleidoscope Morning", "Velvet Thunder"]
    assert "numbers 1 to 2" in ada.refused("playlist", "remove", name, "3")


@pytest.mark.parametrize("suffix", ["m3u8", "xspf", "jspf"])
def test_an_exported_list_comes_back_the_same(ada: Shell, tmp_path: Path, suffix: str) -> None:
    name = made(ada, f"Out {suffix}")
    file = tmp_path / f"list.{suffix}"
    ada.said("playlist", "export", name, str(file))
    assert "--force" in ada.refused("playlist", "export", name, str(file))
    assert ada.said("playlist", "export", name, "-", "--format", suffix) == file.read_text("utf-8")
    said = ada.said("playlist", "import", str(file), "--name", f"Back {suffix}")
    assert "2 of 2 entries matched" in said
    assert ada.titles(f"Back {suffix}") == ada.titles(name)


def test_an_import_names_what_it_did_not_find(ada: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.m3u8"
    file.write_text("#EXTM3U\n#EXTINF:6,The Testers - Paper Lanterns\na\n#EXTINF:9,No - Such\nb\n")
    said = ada.said("playlist", "import", str(file), "--name", "Partly")
    assert "1 of 2 entries matched" in said
    assert re.search("2 +Such — No +nothing like it", said)
    assert ada.titles("Partly") == ["Paper Lanterns"]
    file.write_text("<playlist")
    assert "Line 1: the XML cannot be read" in ada.refused("playlist", "import", str(file))


@contextmanager
def watching(shell: Shell, name: str) -> Iterator[subprocess.Popen[str]]:
    """A watch of a playlist that has begun; it is ended by Ctrl-C."""
    watch = subprocess.Popen(
        shell.words("playlist", "watch", name),
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert watch.stdout is not None
    try:
        assert "watching" in watch.stdout.readline()
        yield watch
        watch.send_signal(signal.SIGINT)
        assert watch.wait(PATIENCE_S) == 130
    finally:
        watch.kill()
        watch.wait()
        watch.stdout.close()


def test_a_watch_sees_the_edit_of_another_user(ada: Shell) -> None:
    name = made(ada, "Together")
    bob = Shell(ada.mesh, "bob")
    bob.said("token")
    ada.said("playlist", "invite", name, "bob", "--role", "editor")
    assert name in bob.said("playlist", "list", "--shared")
    with watching(ada, name) as watch:
        assert watch.stdout is not None
        bob.said("playlist", "add", name, "kaleidoscope")
        assert re.search(r"version 4 .*  bob: added", watch.stdout.readline())
        assert re.match(r"\+ +3 Kaleidoscope Morning", watch.stdout.readline())


def test_a_link_gives_what_it_says_until_it_is_ended(ada: Shell) -> None:
    name = made(ada, "Linked")
    eve = Shell(ada.mesh, "eve")
    link = ada.said("playlist", "share", name, "--role", "viewer", "--expires", "1h").strip()
    assert link.startswith(f"{ada.mesh.edge}/s/")
    assert "viewer of Linked of ada" in eve.said("playlist", "accept", link)
    assert eve.titles(name) == ["Velvet Thunder", "Paper Lanterns"]
    assert "PERMISSION_DENIED" in eve.refused("playlist", "add", name, "kaleidoscope")
    ada.said("playlist", "unshare", name, "--all")
    assert "SHARE_INVALID" in Shell(ada.mesh, "mallory").refused("playlist", "accept", link)


def test_what_was_deleted_comes_back(ada: Shell) -> None:
    name = made(ada, "Fleeting")
    ada.said("playlist", "delete", name)
    assert "none of your playlists" in ada.refused("playlist", "show", name)
    assert name in ada.said("playlist", "list", "--deleted")
    ada.said("playlist", "recover", name)
    assert ada.titles(name) == ["Velvet Thunder", "Paper Lanterns"]


def test_a_smart_list_fills_itself_by_its_rules(ada: Shell) -> None:
    said = ada.said(
        "playlist", "smart", "Long ones", "artist~tester", "duration>30", "--order", "title"
    )
    assert "Long ones has 1 track now" in said
    assert ada.titles("Long ones") == ["Kaleidoscope Morning"]
    ada.said("playlist", "smart", "Long ones", "duration<30", "--order", "title", "--change")
    assert ada.titles("Long ones") == ["Paper Lanterns", "Velvet Thunder"]
    assert "PLAYLIST_IS_SMART" in ada.refused("playlist", "add", "Long ones", "velvet")


def test_music_is_saved_and_people_are_followed(ada: Shell) -> None:
    carol = Shell(ada.mesh, "carol")
    carol.said("token")
    assert "saved Velvet Thunder" in ada.said("library", "save", "velvet", "thunder")
    assert "Velvet Thunder" in ada.said("library")
    ada.said("library", "remove", "velvet")
    assert "Nothing is saved" in ada.said("library")
    ada.said("follow", "carol")
    ada.said("follow", "--artist", "the testers")
    following = ada.said("following")
    assert "carol" in following
    assert "The Testers" in following
    assert "ada" in carol.said("followers")
    carol.said("block", "ada")
    assert "Nobody follows you" in carol.said("followers")
    assert "there is no user" in ada.refused("follow", "nobody-of-that-name")
