"""A folder of files that are broken, lying or hidden in every way, beside intact ones."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.running_mesh import make_noise

SECONDS = 4
VORBIS = ("-c:a", "vorbis", "-strict", "-2")

# Names that are no UTF-8, as Latin-1 file systems left them.
LATIN_GOOD, LATIN_BAD = b"caf\xe9.flac", b"bless\xe9.mp3"
HUGE_TITLE = "Immense " * 40_000


def cut(content: bytes) -> bytes:
    return content[: len(content) * 6 // 10]


def holed(content: bytes) -> bytes:
    """Without a fifth of its bytes, taken out of its middle."""
    third = len(content) // 3
    return content[:third] + content[third + len(content) // 5 :]


def scrambled(content: bytes) -> bytes:
    """With noise over its middle."""
    third = len(content) // 3
    noise = random.Random(7).randbytes(len(content) // 10)
    return content[:third] + noise + content[third + len(noise) :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": cut,
    "holed": holed,
    "corrupt": scrambled,
}
# Each damage where its format can tell it. WAV and raw PCM have no checksums: any bytes are audio.
DAMAGED = [
    *(("truncated", suffix) for suffix in ("flac", "mp3", "m4a", "ogg", "opus", "wav")),
    *(("holed", suffix) for suffix in ("flac", "mp3", "ogg", "opus")),
    *(("corrupt", suffix) for suffix in ("flac", "ogg", "opus")),
]

# Path as the import shows it -> what its reason must say.
REFUSED = {
    **{f"{kind} one.{suffix}": "." for kind, suffix in DAMAGED},
    "zero.mp3": "empty",
    "noise.mp3": "not audio",
    "letter.flac": "not audio",
    "picture.m4a": "not audio",
    "playlist.mp3": "not audio",
    "dangling.mp3": "cannot be read",
    "ring a.mp3": "cannot be read",
    "ring b.mp3": "cannot be read",
    "bless\ufffd.mp3": ".",
}

# What is imported from beside them.
TAKEN = {
    "intact.flac",
    "really a flac.mp3",
    "really an mp3.txt",
    "caf\ufffd.flac",
    "huge tag.mp3",
    "deep/inside.ogg",
}


def write_bad_music(folder: Path) -> None:
    """Fills ``folder``."""
    for kind, suffix in DAMAGED:
        options = VORBIS if suffix == "ogg" else ()
        name = folder / f"{kind} one.{suffix}"
        make_noise(name, SECONDS, *options, title=f"Wreck {kind} {suffix}", artist="Wreckers")
        name.write_bytes(DAMAGE[kind](name.read_bytes()))
    _write_lies(folder)
    _write_names(folder)
    _write_links(folder)
    make_noise(folder / "intact.flac", SECONDS, title="Intact Survivor", artist="Survivors")
    make_noise(folder / "deep" / "inside.ogg", SECONDS, *VORBIS, title="Deep Survivor")


def _write_lies(folder: Path) -> None:
    (folder / "zero.mp3").touch()
    (folder / "noise.mp3").write_bytes(random.Random(3).randbytes(200_000))
    (folder / "letter.flac").write_text("Dear listener, this is no music.\n" * 100)
    (folder / "picture.m4a").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5_000))
    (folder / "playlist.mp3").write_text(f"#EXTM3U\n#EXTINF:5,\n{folder}/intact.flac\n")
    (folder / "notes.txt").write_text("no music, and no claim to be any\n")
    disguised = make_noise(folder / "disguised.flac", SECONDS, title="Disguised Survivor")
    disguised.rename(folder / "really a flac.mp3")
    disguised = make_noise(folder / "disguised.mp3", SECONDS, title="Hidden Survivor")
    disguised.rename(folder / "really an mp3.txt")
    huge = make_noise(folder / "huge tag.mp3", SECONDS, "-id3v2_version", "0")
    huge.write_bytes(id3(HUGE_TITLE) + huge.read_bytes())


def _write_names(folder: Path) -> None:
    root = os.fsencode(folder)
    plain = make_noise(folder / "plain.flac", SECONDS, title="Latin Survivor")
    os.rename(plain, os.path.join(root, LATIN_GOOD))
    plain = make_noise(folder / "plain.mp3", SECONDS, title="Wreck latin")
    plain.write_bytes(cut(plain.read_bytes()))
    os.rename(plain, os.path.join(root, LATIN_BAD))


def _write_links(folder: Path) -> None:
    (folder / "dangling.mp3").symlink_to(folder / "nowhere.mp3")
    (folder / "ring a.mp3").symlink_to("ring b.mp3")
    (folder / "ring b.mp3").symlink_to("ring a.mp3")
    (folder / "deep").mkdir()
    (folder / "deep" / "up again").symlink_to("..")
    (folder / "deep" / "myself").symlink_to(".")


def id3(title: str) -> bytes:
    """An ID3v2.4 tag with a title in UTF-8."""
    text = b"\x03" + title.encode()
    frame = b"TIT2" + _synchsafe(len(text)) + b"\0\0" + text
    return b"ID3\x04\0\0" + _synchsafe(len(frame)) + frame


def _synchsafe(number: int) -> bytes:
    return struct.pack(">4B", *(number >> shift & 0x7F for shift in (21, 14, 7, 0)))
