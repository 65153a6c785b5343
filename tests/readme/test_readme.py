"""Every line of the README, and of the pages beside it, typed as a new user types it.

In a clone, with music of which the project knows nothing, on a port of its own; what each line
says is held against what stands beside it.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pages import Shell, lines_of, shell

from localmesh.discovery import find_mesh
from tests.running_mesh import make_noise
from tests.terminal import Terminal, in_terminal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGES = [ROOT / "docs" / f"{page}.md" for page in ("browser", "operations")]
TITLE = "Blåbær 'n' Rain"
SONG = "blabaer rain"
"""What a reader would say of it, without the letters that his keyboard lacks."""

pytestmark = pytest.mark.timeout(400)


@dataclass(frozen=True, slots=True)
class Walk:
    """A reader in his clone: a shell, and terminals that stay open."""

    folder: Path
    home: Path
    shell: Shell
    open: ExitStack

    def typed(self, line: str) -> str:
        """A line as he types it: with words of his music, and where his mesh is."""
        if "8080" in line:
            edge = find_mesh(self.folder / ".segue").edge
            line = line.replace("127.0.0.1:8080", edge.removeprefix("http://"))
        line = line.replace("blue moon", SONG)
        return line.replace("/srv/segue", f"{self.home}/restored").replace(
            "segue-2026-11-30.backup", "segue.backup"
        )

    def terminal(self, line: str, *, home: Path | None = None) -> AbstractContextManager[Terminal]:
        """A ``segue`` line in a terminal of its own."""
        words = shlex.split(self.typed(line).replace("$SONG", SONG))
        return in_terminal(home or self.folder / ".segue", *words[1:], HOME=str(self.home))


Seen = Callable[[Walk, str], None]


def says(*words: str) -> Seen:
    """It succeeds, and each of these patterns is in what it says."""

    def check(walk: Walk, line: str) -> None:
        said = walk.shell.run(walk.typed(line))
        assert said.status == 0, f"{line}\n{said.text}"
        missing = [word for word in words if not re.search(word, said.text)]
        assert missing == [], f"{line}\n{said.text}"

    return check


def refuses(*words: str) -> Seen:
    """In a mesh that is as new as this one it fails, and says these words."""

    def check(walk: Walk, line: str) -> None:
        said = walk.shell.run(walk.typed(line))
        assert said.status == 1, f"{line}\n{said.text}"
        assert [word for word in words if word not in said.text] == [], said.text

    return check


def shows(words: str, key: str, status: int, *then: str) -> Seen:
    """In a terminal it shows these words; after the key it ends, and says those."""

    def check(walk: Walk, line: str) -> None:
        with walk.terminal(line) as terminal:
            terminal.shows(words)
            terminal.press(key)
            assert terminal.exit_status() == status, f"{line}\n{terminal.text}"
            assert [word for word in then if word not in terminal.text] == []

    return check


def stays(words: str) -> Seen:
    """In a terminal it shows these words, and stays open until the walk ends."""

    def check(walk: Walk, line: str) -> None:
        walk.open.enter_context(walk.terminal(line)).shows(words)

    return check


def is_a_target(walk: Walk, line: str) -> None:
    """A line whose work has tests of its own: that make knows it."""
    assert walk.shell.run(f"{line} --dry-run").status == 0, line


def runs_elsewhere(walk: Walk, line: str) -> None:
    """A mesh in the foreground, which Ctrl-C stops."""
    home = walk.home / ("restored" if "--dir" in line else "open")
    with walk.terminal(f"{line.removesuffix(' --port 8090')} --port 0", home=home) as terminal:
        terminal.until(lambda _: "the mesh is ready at" in terminal.text, "that it is ready")
        terminal.press("\x03")
        assert terminal.exit_status() == 0, terminal.text


Q, CTRL_C = "q", "\x03"
FOUND = says(re.escape(f'"{TITLE}"'))
README: dict[str, Seen] = {
    "make demo": is_a_target,
    "make test": is_a_target,
    "make up": says(r"the mesh is ready at http://127\.0\.0\.1:\d+"),
    'export SEGUE_DIR="$PWD/.segue"': says(),
    'export PATH="$PWD/.venv/bin:$PATH"': says(),
    "segue import ~/Music": says("5 files: 4 imported", r"refused: odd/broken\.flac"),
    "segue tracks": says(TITLE, "夜の歌", r"Ærø \(live\)"),
    'SONG="blue moon"': says(),
    "segue search $SONG": says(TITLE),
    "segue play $SONG": shows(TITLE, Q, 0, "heard"),
    "segue mesh status": says("is ready", "catalog-1 +ready"),
    "segue mesh backup ~/segue.backup": says("everything that was acknowledged before"),
    'segue playlist create "Sunday"': says("made Sunday"),
    "segue playlist add sunday $SONG": says(f"added {TITLE}"),
    "segue playlist edit sunday": says("added 1 track"),
    "segue playlist log sunday": says(f"(?s)3 .*added 'Ærø.*2 .*added '{TITLE}.*1 .*created"),
    "segue playlist diff sunday": says(r"(?m)^\+ +2 Ærø"),
    "segue playlist undo sunday": says("undone: removed 'Ærø"),
    "segue playlist share sunday --role editor": says(r"http://127\.0\.0\.1:\d+/s/\w+"),
    "segue playlist import ~/old.m3u8": says("1 of 2 entries matched", "Nothing — Nobody"),
    "segue playlist watch sunday": shows("Sunday", CTRL_C, 130),
    "segue device run --name Kitchen": stays("Kitchen"),
    "segue device run --name Phone --kind phone": stays("Phone"),
    "segue play --playlist sunday --on Kitchen": says("plays on Kitchen"),
    "segue queue add $SONG; segue queue": says("comes in the queue", f"1  {TITLE}.*queue"),
    "segue pause; segue resume; segue seek 0:30": says("paused at", "goes on at", "at 0:30"),
    "segue transfer Phone": says(f"Phone plays {TITLE}"),
    "segue skip": says(f"plays {TITLE}", "2 skips left"),
    "segue status --watch": shows(TITLE, Q, 0),
    "segue friends --watch": shows("Nobody", CTRL_C, 130),
    "segue recommend": says("Track +Score +Why"),
    "segue recommend sunday": says("Track +Score +Why"),
    "segue similar $SONG": says(f"Like {TITLE}", "Track +Score +Why"),
    "segue discover": says(r"Discover Weekly, \d{4}-W\d\d, until .* UTC"),
    "segue radio $SONG": says(f"{TITLE} radio", "Track +Score +Why"),
    "segue train": refuses("too little to learn from: nobody has heard four tracks"),
    "segue models list": says("no model was trained yet"),
    "TOKEN=$(segue token --admin)": says(),
    'curl -s -G -H "authorization: Bearer $TOKEN" --data-urlencode "q=$SONG"'
    " http://127.0.0.1:8080/search": FOUND,
    'curl -s -H "authorization: Bearer $TOKEN" -d "{\\"path\\": \\"$HOME/Music\\"}"'
    " http://127.0.0.1:8080/imports": says('"path":"[^"]*/Music"'),
    "curl -s http://127.0.0.1:8080/plans": says('"subscription_type":"FREE"'),
    "grpcurl -plaintext 127.0.0.1:8080 list": says(r"segue\.catalog\.v1\.SearchService"),
    "grpcurl -plaintext 127.0.0.1:8080 describe segue.catalog.v1.SearchService.Search": says(
        "//.*", r"rpc Search \( \.segue\.catalog\.v1\.SearchRequest \)"
    ),
    'grpcurl -plaintext -H "authorization: Bearer $(segue token)" -d "{\\"q\\": \\"$SONG\\"}"'
    " 127.0.0.1:8080 segue.catalog.v1.SearchService/Search": FOUND,
    'buf curl --http2-prior-knowledge -H "authorization: Bearer $(segue token)"'
    ' -d "{\\"q\\": \\"$SONG\\"}"'
    " http://127.0.0.1:8080/segue.catalog.v1.SearchService/Search": FOUND,
    'cd "$SEGUE_DIR"': says(),
    "grpcurl -cacert tls/ca.pem -cert tls/cli.client.pem -key tls/cli.client.key"
    " -authority catalog.segue.internal"
    " \"$(python3 -c 'import json;"
    ' print(json.load(open("mesh.json"))["services"]["catalog"][0])\')" list': says(
        "segue.catalog.v1.SearchInternalService"
    ),
    "cd -": says(),
    "(cd tests/node && npm ci)": says(),
    "(segue token; cat) | node tests/node/client.js 127.0.0.1:8080 kitchen": says('"what":'),
    "segue devices list": says("kitchen", "Phone"),
    "segue protos --out contracts": says("contracts in contracts"),
    "(cd contracts && buf generate)": says(),
    "segue protos > segue.binpb": says(),
    "grpcurl -protoset segue.binpb describe segue.playback.v1.PlaybackService.Play": says(
        r"rpc Play \( "
    ),
    "buf curl --schema segue.binpb --http2-prior-knowledge --protocol grpc"
    ' -H "authorization: Bearer $(segue token)" -d "{\\"q\\": \\"$SONG\\"}"'
    " http://127.0.0.1:8080/segue.catalog.v1.SearchService/Search": FOUND,
    "make down": says("the mesh is down"),
}
BESIDE: dict[str, Seen] = {
    "segue mesh up --allow-origin http://localhost:5173 --allow-origin https://app.example": (
        runs_elsewhere
    ),
    "segue mesh backup ~/segue-$(date +%F).backup": says("everything that was acknowledged"),
    "segue mesh restore ~/segue-2026-11-30.backup --dir /srv/segue": says(
        "start it with: segue mesh up"
    ),
    "segue mesh up --dir /srv/segue --port 8090": runs_elsewhere,
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where the reader is at home; short, as paths of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="segue-") as folder:
        music = Path(folder) / "Music"
        sons = {"artist": "Ø & Sønner", "album": "50% Off, Vol. 2"}
        live = {"title": "Ærø (live) / take 2", "date": "1987", "track": "1/2"}
        make_noise(music / "Disc 1" / "01 - Ærø [live].flac", 8, **live, **sons)
        make_noise(music / "Disc 1" / "02.mp3", 6)
        make_noise(music / "odd" / "blåbær #3 $HOME.m4a", 34, title=TITLE, **sons)
        make_noise(music / "odd" / "夜.opus", 6, "-ar", "48000", title="夜の歌", artist="山田")
        (music / "odd" / "broken.flac").write_bytes(b"no music")
        entries = (f"#EXTINF:34,Ø & Sønner - {TITLE}", "a.mp3", "#EXTINF:9,Nobody - Nothing")
        (Path(folder) / "old.m3u8").write_text("\n".join(["#EXTM3U", *entries, "b.mp3", ""]))
        yield Path(folder)


@pytest.fixture(scope="module")
def clone(home: Path) -> Path:
    """What a clone has, by links, but for the Node client, beside which npm writes."""
    folder = home / "clone"
    (folder / "tests" / "node").mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in ("tests", ".git", ".segue"):
            (folder / path.name).symlink_to(path)
    for path in (ROOT / "tests" / "node").glob("[cp]*.js*"):
        (folder / "tests" / "node" / path.name).write_bytes(path.read_bytes())
    return folder


@contextmanager
def walking(home: Path, clone: Path) -> Iterator[Walk]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SEGUE")},
        "HOME": str(home),
        "PORT": "0",
        "PATH": f"{HERE / 'bin'}:{os.environ['PATH']}",
        "EDITOR": "sed -i '$a + aero live'",
    }
    with shell(clone, environment) as typing, ExitStack() as last:
        # The mesh goes down whatever happens, after the terminals beside it.
        last.callback(typing.run, f"make -C {clone} down")
        yield Walk(clone, home, typing, last)


def test_every_line_is_known_here() -> None:
    """With what is to be seen: whoever writes a line says that, too."""
    assert [line for line in lines_of(ROOT / "README.md") if line not in README] == []
    beside = [line for page in PAGES for line in lines_of(page)]
    assert [line for line in beside if line not in BESIDE] == []


def test_every_line_does_what_stands_beside_it(home: Path, clone: Path) -> None:
    with walking(home, clone) as walk:
        for line in lines_of(ROOT / "README.md"):
            README[line](walk, line)
        README["make down"](walk, "make down")
        for line in [line for page in PAGES for line in lines_of(page)]:
            # The README's backup is what is restored.
            if " backup " not in line:
                BESIDE[line](walk, line)
